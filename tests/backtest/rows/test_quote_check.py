"""Files of quotes are judged by market and day."""

from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("numpy")

import numpy as np

from engine.backtest.rows.checking import DAY_NS, DataFinding
from engine.backtest.rows.quote_check import QuotesOfDay, check_quotes, quote_files
from engine.backtest.rows.quotes import QUOTE_COLUMNS, write_quotes
from engine.backtest.rows.schema import VERSION
from engine.backtest.rows.store import About
from engine.cli import main

S = 10**9
DAY = 20_000


def written(folder: Path, rows: list[tuple[int, int, int, int]]) -> Path:
    """Write rows of seconds since the day began, market, bid, ask."""
    columns = {name: np.zeros(len(rows), dtype=np.int64) for name in QUOTE_COLUMNS}
    columns["recv_ns"] = np.array([DAY * DAY_NS + second * S for second, *_ in rows])
    for place, name in enumerate(("market", "bid", "ask"), 1):
        columns[name] = np.array([row[place] for row in rows])
    path = folder / "kalshi" / "quotes" / "DAY.parquet"
    write_quotes(path, columns, About(VERSION, ["RAIN", "SNOW"], []))
    return path


def test_each_market_of_each_day_is_told(tmp_path: Path) -> None:
    rows = [(0, 0, 4_000, 4_200), (5, 1, -1, 900), (10, 0, 4_000, 4_200), (10, 0, 4_300, 4_200), (70, 0, 4_200, 4_200)]
    path = written(tmp_path, [*rows, (86_401, 0, 4_200, -1)])
    told: list[DataFinding] = []
    assert quote_files([tmp_path]) == quote_files([path]) == [path]
    rain, next_day, snow = check_quotes(path, told.append)
    assert told == []
    assert rain == QuotesOfDay(
        market="RAIN", day=DAY, quotes=4, repeated=1, duplicates=1, crossed=1, locked=1, without_bid=0, without_ask=0,
        silence_ns=60 * S, unchanged_ns=60 * S,
    )  # fmt: skip
    assert (next_day.market, next_day.day, next_day.quotes, next_day.without_ask) == ("RAIN", DAY + 1, 1, 1)
    assert (snow.market, snow.quotes, snow.without_bid, snow.silence_ns) == ("SNOW", 1, 1, 0)


@pytest.mark.parametrize(
    ("row", "what"),
    [((-1, 1, 4_000, 4_200), "unsorted"), ((9, 1, -2, 4_200), "below_zero"), ((9, 1, 4_000, 10_001), "off_grid")],
)
def test_fault_names_row_and_market(
    tmp_path: Path, row: tuple[int, int, int, int], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, [(0, 0, 4_000, 4_200), row])
    told: list[DataFinding] = []
    check_quotes(path, told.append)
    assert [(each.what, each.line, each.market) for each in told] == [(what, 2, "SNOW")]
    assert main(["data", "check", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert f"{path} line 2: {what} of SNOW" in said.err
    assert f"fault: {what} 1" in said.out


def test_file_that_is_none_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, [(0, 0, 4_000, 4_200)])
    path.write_bytes(b"nothing")
    told: list[DataFinding] = []
    assert check_quotes(path, told.append) == []
    assert [each.what for each in told] == ["unreadable"]
