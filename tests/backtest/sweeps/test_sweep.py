"""A sweep from end to end on a generated day: the same rows however it is run, also after a kill in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import pytest

from engine.app.backtest.generated import write_day
from engine.backtest.sweeps.pools import LocalPool
from engine.backtest.sweeps.search import ParzenSearch
from engine.cli import main
from engine.errors import EngineError
from tests.support.places import CONFIG, ROOT

parquet = pytest.importorskip("pyarrow.parquet")

AXES = ("[parameters]", "half_spread = [1, 2]", "skew = [0, 1, 2]", "[latency]", 'all = [5, "20"]')
FOLDS = ("[folds]", 'train = "8min"', 'test = "5min"', 'step = "5min"')


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("day")
    write_day(folder, 1, 2)
    return folder


def grid(folder: Path, day: Path, *lines: str) -> Path:
    """Return the file of a sweep over the day, three sets a pass."""
    folder.mkdir(exist_ok=True)
    path = folder / "grid.toml"
    first = [f'config = "{CONFIG / "engine.toml"}"', f'data = ["{day}/*.ndjson"]', "sets_a_pass = 3"]
    path.write_text("\n".join([*first, *lines]) + "\n")
    return path


def swept(path: Path, out: Path, *words: object) -> bytes:
    """Return the file of all rows of a sweep that was run."""
    assert main(["sweep", str(path), "--out", str(out), *map(str, words or ("--jobs", 1))]) == 0
    return (out / "rows.parquet").read_bytes()


def rows_of(out: Path) -> list[dict[str, Any]]:
    return list(parquet.read_table(out / "rows.parquet").to_pylist())


def result_of(out: Path) -> dict[str, Any]:
    return dict(json.loads((out / "result.json").read_text()))


def test_rows_are_the_same_whatever_the_number_of_jobs(tmp_path: Path, day: Path) -> None:
    path = grid(tmp_path, day, *AXES)
    assert swept(path, tmp_path / "one") == swept(path, tmp_path / "two", "--jobs", 2)
    rows = rows_of(tmp_path / "one")
    assert [row["number"] for row in rows] == list(range(12))
    assert len({row["pnl"] for row in rows}) > 4 and all(row["fills"] for row in rows if 'spread":1' in row["values"])
    assert (tmp_path / "one" / "result.json").read_bytes() == (tmp_path / "two" / "result.json").read_bytes()


def test_row_is_what_the_backtest_of_its_set_says(tmp_path: Path, day: Path) -> None:
    swept(grid(tmp_path, day, "[parameters]", "half_spread = [1]", "[latency]", "all = [5]"), tmp_path / "out")
    words = ["backtest", CONFIG / "engine.toml", "--latency", 5, "--out", tmp_path / "alone", "--data"]
    assert main([str(each) for each in [*words, *sorted(day.glob("*.ndjson"))]]) == 0
    alone, (row,) = result_of(tmp_path / "alone"), rows_of(tmp_path / "out")
    same = ("pnl", "fees", "fills", "orders", "refused", "fill_ratio", "settled", "from_ns", "to_ns")
    assert {name: row[name] for name in same} == {name: alone[name] for name in same}


def test_sweep_that_was_killed_goes_on_and_gives_the_same_rows(tmp_path: Path, day: Path) -> None:
    path = grid(tmp_path, day, *AXES)
    whole, out = swept(path, tmp_path / "whole"), tmp_path / "out"
    words = [sys.executable, "-m", "engine", "sweep", str(path), "--out", str(out), "--jobs", "1"]
    child = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL)
    give_up = time.monotonic() + 60
    while not list((out / "rows").glob("*.parquet")) and time.monotonic() < give_up:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    done = {each: each.stat().st_mtime_ns for each in (out / "rows").glob("*.parquet")}
    (out / "rows" / "whole-000009.part").write_bytes(b"cut")
    assert done and swept(path, out) == whole
    assert {each: each.stat().st_mtime_ns for each in done} == done  # what was done is not done again
    assert len(list((out / "rows").iterdir())) == 4
    assert result_of(out)["guard"]["trials"] == 12


def test_folder_of_another_sweep_is_refused(tmp_path: Path, day: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = "[parameters]", "half_spread = [1]"
    swept(grid(tmp_path, day, *lines), tmp_path / "out")
    path = grid(tmp_path, day, *lines, "skew = [2]")
    assert main(["sweep", str(path), "--out", str(tmp_path / "out")]) == 2
    assert "holds another sweep" in capsys.readouterr().err


def test_value_that_no_strategy_takes_is_named_before_a_run(
    tmp_path: Path, day: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = grid(tmp_path, day, "[parameters]", 'half_spread = [1, "x"]')
    assert main(["sweep", str(path), "--out", str(tmp_path / "out")]) == 2
    assert "parameters.half_spread = 'x': strategy.parameters are wrong" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_folds_choose_on_what_came_first_alone(tmp_path: Path, day: Path) -> None:
    swept(grid(tmp_path, day, *AXES, *FOLDS), tmp_path / "out")
    rows, walk = rows_of(tmp_path / "out"), result_of(tmp_path / "out")["walk_forward"]
    assert len(walk["folds"]) == 4 and len(rows) == 12 * 8
    for choice in walk["folds"]:
        train = [row for row in rows if row["span"] == f"train-{choice['fold']:03}"]
        test = {row["number"]: row for row in rows if row["span"] == f"test-{choice['fold']:03}"}
        best = max(train, key=lambda row: (row["pnl"], -row["number"]))
        assert choice["number"] == best["number"] and choice["test_pnl"] == test[best["number"]]["pnl"]
        assert choice["rank"] == 1 + sum(row["pnl"] > choice["test_pnl"] for row in test.values())
        assert all(row["to_ns"] < min(each["from_ns"] for each in test.values()) for row in train)
    assert walk["out_of_sample"] == sum(choice["test_pnl"] for choice in walk["folds"])


def test_page_shows_maps_and_asks_nobody(tmp_path: Path, day: Path) -> None:
    pytest.importorskip("jinja2")
    swept(grid(tmp_path, day, *AXES), tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("<svg") == 3 and "http" not in page and "<script" not in page and len(page) < 1_000_000


def test_trials_of_a_sweep_are_told_by_a_backtest(tmp_path: Path, day: Path) -> None:
    swept(grid(tmp_path, day, *AXES), tmp_path / "out")
    words = ["backtest", CONFIG / "engine.toml", "--ledger", tmp_path / "out" / "trials", "--json", tmp_path / "j"]
    data = sorted(day.glob("*.ndjson"))
    for latency, trials in ((5, 12), (7, 13), (7, 13)):  # a set of the sweep, another, and that again
        assert main([str(each) for each in [*words, "--latency", latency, "--data", *data]]) == 0
        assert json.loads((tmp_path / "j").read_text())["honesty"]["trials"] == trials


def test_parzen_search_is_the_same_each_time_and_never_asks_twice() -> None:
    pytest.importorskip("optuna")
    from engine.backtest.sweeps.axes import Axis

    axes = [Axis("parameters.a", tuple(range(8))), Axis("parameters.b", tuple(range(8)))]

    def asked() -> Iterator[int]:
        scores: dict[int, float | None] = {}
        for numbers in ParzenSearch(axes, 40, 3, 5).rounds(scores):
            scores |= {number: -abs(number - 35.0) if number % 7 else None for number in numbers}
            yield from numbers

    first, second = list(asked()), list(asked())
    assert first == second and len(set(first)) == len(first) > 10


def half(number: int) -> float:
    return number / 2


def dies_once(path: Path) -> str:
    """Kill this worker, the first time that it is asked."""
    assert parent_process() is not None
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path.name


def dies(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_worker_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    pool = LocalPool(2)
    places: Sequence[Path] = [tmp_path / str(number) for number in range(2)]
    assert sorted(name for _, name in pool.run(places, dies_once)) == ["0", "1"]
    assert dict(pool.run([1, 2, 3], half)) == {1: 0.5, 2: 1.0, 3: 1.5}
    pool.close()


def test_pass_that_kills_its_worker_each_time_ends_the_sweep() -> None:
    pool = LocalPool(1)
    with pytest.raises(EngineError, match="workers died 3 times"):
        list(pool.run([1], dies))
    pool.close()
