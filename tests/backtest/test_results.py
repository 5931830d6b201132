"""A result from end to end: a generated day, its figures, its files, and bad input by name."""

import json
from pathlib import Path

import pytest

from engine.app.backtest.generated import write_day
from engine.backtest.outcomes import outcomes
from engine.cli import main
from engine.errors import DecodeError
from engine.exchange import captures
from tests.support.places import CONFIG

DAY = ("--latency", "5")


def backtest(folder: Path, *words: object) -> dict[str, object]:
    arguments = ["backtest", CONFIG / "engine.toml", *DAY, "--out", folder, *words]
    assert main([str(each) for each in arguments]) == 0
    found: dict[str, object] = json.loads((folder / "result.json").read_text())
    return found


def test_day_is_the_same_each_time(tmp_path: Path) -> None:
    first, second = (write_day(tmp_path / name, 3, 2) for name in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_result_adds_up_and_its_files_are_there(tmp_path: Path) -> None:
    paths = write_day(tmp_path / "data", 1, 2)
    found = backtest(tmp_path / "out", "--data", *paths, "--sensitivity")
    parts = found["attribution"]
    assert isinstance(parts, dict) and found["pnl"] and found["fills"]
    assert parts["capture2"] + parts["drift2"] + parts["final2"] - parts["fees2"] == 2 * int(str(found["pnl"]))
    assert found["marked"] == 0 and found["open_trips"] == 0
    honesty = found["honesty"]
    assert isinstance(honesty, dict) and set(honesty["sensitivity"]) == {"half the latency", "twice the latency"}


def test_page_is_small_and_asks_nobody(tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    backtest(tmp_path / "out", "--data", *write_day(tmp_path / "data", 1, 2))
    page = (tmp_path / "out" / "report.html").read_text()
    assert len(page) < 1_000_000 and "<svg" in page
    assert "http" not in page and "<script" not in page


def test_tables_hold_every_fill(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    found = backtest(tmp_path / "out", "--data", *write_day(tmp_path / "data", 1, 2))
    assert parquet.read_table(tmp_path / "out" / "fills.parquet").num_rows == found["fills"]


def test_value_that_contradicts_its_result_is_named(tmp_path: Path) -> None:
    (path,) = write_day(tmp_path, 1, 1)
    (event,) = tmp_path.glob("*.event.json")
    told = json.loads(event.read_text())
    told["response"]["markets"][0]["settlement_value_dollars"] = "0.5000"
    event.write_text(json.dumps(told))
    with pytest.raises(DecodeError, match=event.name):
        outcomes([path], captures.markets([path]))
