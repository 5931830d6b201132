"""`--fast`, and `fast` of a sweep: the same figures as without, on a generated day, or a reason why not."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.app.backtest.generated import write_day
from engine.cli import main
from tests.support.places import CONFIG

ENGINE = str(CONFIG / "engine.toml")
SAME = ("fills", "orders", "refused", "cash", "fees", "settled", "marked", "pnl", "from_ns", "to_ns")


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return [str(path) for path in write_day(tmp_path_factory.mktemp("day"), 3, 2)]


def ran(out: Path, day: Sequence[str], *words: str) -> dict[str, Any]:
    assert main(["backtest", ENGINE, "--out", str(out), *words, "--data", *day]) == 0
    return dict(json.loads((out / "result.json").read_text()))


@pytest.mark.parametrize("words", [("--latency", "5"), ("--latency", "20", "--queue", "power:1")], ids=" ".join)
def test_fast_backtest_comes_to_the_same_as_the_slow_one(tmp_path: Path, day: list[str], words: tuple[str]) -> None:
    pytest.importorskip("pyarrow")
    slow = ran(tmp_path / "slow", day, *words, "--no-own-in-book")
    fast = ran(tmp_path / "fast", day, *words, "--fast")
    assert slow["fills"] > 100
    assert {name: fast[name] for name in SAME} == {name: slow[name] for name in SAME}
    for name in ("orders.parquet", "fills.parquet", "equity.parquet"):
        assert (tmp_path / "fast" / name).read_bytes() == (tmp_path / "slow" / name).read_bytes(), name


@pytest.mark.parametrize(
    ("words", "reason"), [(("--queue", "matched"), "queue matched"), (("--draw",), "--draw is of --latency-from")]
)
def test_what_only_the_slow_exchange_knows_is_named(
    day: list[str], words: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backtest", ENGINE, "--fast", *words, "--data", *day]) == 2
    assert reason in capsys.readouterr().err


def test_queue_is_an_axis_and_fast_sweeps_have_the_rows_of_slow_ones(tmp_path: Path, day: list[str]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    lines = [f'config = "{ENGINE}"', f"data = {json.dumps(day)}", 'queue = ["risk-averse", "optimistic"]']
    axes = ["[parameters]", "half_spread = [1, 2]", "[folds]", 'train = "8min"', 'test = "5min"', 'step = "5min"']
    found = []
    for name, more in (("slow", ["own_in_book = false"]), ("fast", ["fast = true"])):
        path = tmp_path / f"{name}.toml"
        path.write_text("\n".join([*lines, *more, *axes]))
        assert main(["sweep", str(path), "--jobs", "1", "--out", str(tmp_path / name)]) == 0
        found.append(parquet.read_table(tmp_path / name / "rows.parquet").to_pylist())
    slow, fast = found
    assert slow == fast
    assert len({row["values"] for row in slow}) == 4 and len({row["fills"] for row in slow}) > 4


def test_sweep_names_a_queue_that_is_none(tmp_path: Path, day: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "grid.toml"
    path.write_text(f'config = "{ENGINE}"\ndata = {json.dumps(day)}\nfast = true\nqueue = ["matched", "best"]\n')
    assert main(["sweep", str(path)]) == 2
    said = capsys.readouterr().err
    assert "matched is of the slow exchange" in said and "queue 'best'" in said
