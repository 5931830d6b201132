"""Captured frames to rows: replayed, they are the book of the frames."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cli import main
from engine.errors import ConfigError, DecodeError
from tests.support.recorded import Recording

pytest.importorskip("pyarrow")
pytest.importorskip("numpy")

from engine.backtest.rows.convert import Day, convert
from engine.backtest.rows.markets import read_markets
from engine.backtest.rows.schema import COLUMNS, NO_JOIN, Flag, Kind
from engine.backtest.rows.store import open_rows, read_about, sha256

BUY, SELL = 1, 2


def event_file(directory: Path, symbol: str = "RAIN", step: str = "0.0100") -> None:
    ranges = [{"start": "0.0000", "end": "1.0000", "step": step}] if step else []
    market = {"ticker": symbol, "price_ranges": ranges, "result": "yes", "close_time": "2026-12-01T15:00:00.5Z"}
    body = {"response": {"event": {"series_ticker": "R"}, "markets": [market]}}
    (directory / f"{symbol}.event.json").write_text(json.dumps(body))


def days(directory: Path, *, checks_seq: bool = True) -> tuple[list[Day], list[str]]:
    told: list[str] = []
    found = convert([directory], directory / "out", checks_seq, lambda path, line, what, text: told.append(what))
    return list(found), told


def rows(directory: Path) -> Mapping[str, list[int]]:
    found, _ = days(directory)
    return {name: values.tolist() for name, values in open_rows(found[0].path).columns.items()}


@pytest.fixture
def rain(tmp_path: Path) -> Recording:
    event_file(tmp_path)
    recording = Recording()
    recording.snapshot(0, {40: 10}, {42: 10})
    return recording


def test_trade_stands_before_its_decrease_at_the_venue_and_after_it_as_heard(rain: Recording, tmp_path: Path) -> None:
    rain.level(100, "ask", 42, -3)
    rain.trade(100, "yes", 42, 3)
    rain.write(tmp_path)
    found = rows(tmp_path)
    assert found["kind"] == [Kind.RESET, Kind.LEVEL, Kind.LEVEL, Kind.LEVEL, Kind.TRADE]
    assert found["venue_order"] == [0, 1, 2, 4, 3]
    assert found["maker_side"][3:] == [SELL, SELL]
    assert [flags & Flag.PAIRED for flags in found["flags"]] == [0, 0, 0, Flag.PAIRED, Flag.PAIRED]
    assert found["size"][3:] == [700, 300]


def test_cancel_takes_back_the_youngest_order_of_its_size(rain: Recording, tmp_path: Path) -> None:
    for at_ms, change in ((100, 5), (200, 5), (300, -5), (400, -7)):
        rain.level(at_ms, "bid", 40, change)
    rain.write(tmp_path)
    assert rows(tmp_path)["join"][3:] == [1, 2, 2, NO_JOIN]


def test_gap_makes_the_book_stale_until_a_snapshot(rain: Recording, tmp_path: Path) -> None:
    rain.level(100, "bid", 40, 1)
    rain.seq += 1
    rain.level(200, "bid", 40, 1)
    rain.snapshot(300, {30: 1}, {})
    rain.write(tmp_path)
    found, told = days(tmp_path)
    kinds = open_rows(found[0].path).columns["kind"].tolist()
    assert kinds[3:] == [Kind.LEVEL, Kind.STALE, Kind.RESET, Kind.LEVEL, Kind.FRESH]
    assert told == ["gap", "without_book"]
    assert days(tmp_path, checks_seq=False)[1] == []  # cut out of a larger subscription


def test_same_frames_make_the_same_bytes(rain: Recording, tmp_path: Path) -> None:
    rain.level(100, "bid", 40, 1)
    rain.write(tmp_path)
    first = sha256(days(tmp_path)[0][0].path)
    assert sha256(days(tmp_path)[0][0].path) == first


def test_table_of_markets_says_what_the_event_says_and_no_more(rain: Recording, tmp_path: Path) -> None:
    rain.write(tmp_path)
    days(tmp_path)
    row = read_markets(tmp_path / "out" / "kalshi" / "markets.parquet")["RAIN"]
    assert (row.grid, row.result, row.fee_type, row.open_ns) == ("0:10000:100", "yes", "", None)
    assert row.close_ns == 1_796_137_200_500_000_000


def test_level_below_zero_is_named_with_file_and_line(rain: Recording, tmp_path: Path) -> None:
    rain.level(100, "bid", 40, -11)
    path = rain.write(tmp_path)
    with pytest.raises(DecodeError, match=f"{path.name} line 2: RAIN at 4000 of 10000: below zero"):
        days(tmp_path)


def test_level_off_the_grid_is_named(rain: Recording, tmp_path: Path) -> None:
    event_file(tmp_path, step="0.0500")
    rain.write(tmp_path)
    with pytest.raises(DecodeError, match="line 1: RAIN at 4200 of 10000: off the grid"):
        days(tmp_path)


def test_market_without_a_grid_is_refused(rain: Recording, tmp_path: Path) -> None:
    rain.write(tmp_path)
    event_file(tmp_path, step="")
    with pytest.raises(ConfigError, match="gives no price_ranges for RAIN"):
        days(tmp_path)
    (tmp_path / "RAIN.event.json").unlink()
    with pytest.raises(ConfigError, match="market RAIN is unknown"):
        days(tmp_path)


def test_two_files_of_one_market_at_once_are_refused(rain: Recording, tmp_path: Path) -> None:
    rain.level(100, "bid", 40, 1)
    (tmp_path / "again.ndjson").write_bytes(rain.write(tmp_path).read_bytes())
    with pytest.raises(ConfigError, match="both hold RAIN"):
        days(tmp_path)


def test_file_that_is_no_file_of_rows_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(ConfigError, match=r"a\.parquet is no file of rows"):
        read_about(tmp_path / "a.parquet")


def test_command_converts_and_lists(rain: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rain.write(tmp_path)
    assert main(["data", "convert", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert main(["data", "ls", str(tmp_path / "out")]) == 0
    assert "3 rows of RAIN" in capsys.readouterr().out


CHANGES = st.tuples(st.integers(0, 50), st.sampled_from(["bid", "ask"]), st.integers(1, 5), st.integers(-4, 4))


@settings(deadline=None)
@given(st.lists(CHANGES, max_size=40))
def test_rows_replayed_are_the_book_of_the_frames(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, str, int, int]]
) -> None:
    directory = tmp_path_factory.mktemp("frames")
    event_file(directory)
    recording, book, at_ms = Recording(), {(BUY, 300): 200}, 0
    recording.snapshot(0, {3: 2}, {})
    for wait, side, price, change in changes:
        at_ms, key = at_ms + wait, (BUY if side == "bid" else SELL, price * 100)
        if change and book.get(key, 0) + change * 100 >= 0:
            recording.level(at_ms, side, price, change)
            book[key] = book.get(key, 0) + change * 100
    recording.write(directory)
    found = rows(directory)
    replayed: dict[tuple[int, int], int] = {}
    for kind, side, price, size in zip(*(found[name] for name in ("kind", "maker_side", "price", "size")), strict=True):
        if kind == Kind.LEVEL:
            replayed[side, price] = size
    assert {key: size for key, size in replayed.items() if size} == {key: size for key, size in book.items() if size}
    assert list(found) == list(COLUMNS)
    assert sorted(found["venue_order"]) == list(range(len(found["kind"])))
    assert found["recv_ns"] == sorted(found["recv_ns"])
    assert all(happened < heard for happened, heard in zip(found["venue_ns"], found["recv_ns"], strict=True))
