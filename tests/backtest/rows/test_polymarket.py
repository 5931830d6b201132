"""Frames of two mirrored tokens to rows: replayed, they are the venue's book, or say that it is unknown."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from engine.cli import main
from engine.errors import ConfigError, DecodeError
from tests.backtest.rows.token_frames import BUY, CONDITION, NO, SELL, START_MS, YES, TokenFeed, stamped
from tests.support.places import CONFIG, ROOT

pytest.importorskip("pyarrow")
pytest.importorskip("numpy")

from engine.backtest.rows.checking import FAULTS, DataFinding
from engine.backtest.rows.convert import Day
from engine.backtest.rows.markets import read_markets
from engine.backtest.rows.polymarket.checking import check_tokens
from engine.backtest.rows.polymarket.convert import convert_tokens
from engine.backtest.rows.polymarket.frames import time_ns, token_files
from engine.backtest.rows.row_check import check_rows
from engine.backtest.rows.schema import COLUMNS, Flag, Kind
from engine.backtest.rows.store import open_rows, sha256

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # files are slow to shrink
Book = dict[tuple[int, int], int]
CAPTURED = Path(os.environ.get("FIXLANE_DATA", ROOT.parent / "shared" / "data")) / "polymarket-frames"
BEGIN: Book = {(BUY, 48): 1_000, (BUY, 47): 2_050, (SELL, 50): 700, (SELL, 52): 3_300}


def converted(folder: Path) -> tuple[list[Day], list[DataFinding]]:
    found: list[DataFinding] = []
    return list(convert_tokens(token_files([folder]), folder / "out", found.append)), found


def columns(day: Day) -> Mapping[str, list[Any]]:
    found: list[DataFinding] = []
    check_rows(day.path, found.append)
    assert found == []
    rows = open_rows(day.path).columns
    return {name: rows[name].tolist() for name in COLUMNS}


def replayed(rows: Mapping[str, list[Any]]) -> list[tuple[int, Book | None]]:
    """Return the book after each row, in cents; None while it is unknown."""
    found: list[tuple[int, Book | None]] = []
    book: Book | None = None
    for recv, kind, side, price, size in zip(
        *(rows[name] for name in ("recv_ns", "kind", "maker_side", "price", "size")), strict=True
    ):
        if kind == Kind.RESET:
            book = {}
        elif kind == Kind.STALE:
            book = None
        elif kind == Kind.LEVEL and book is not None:
            book = {**book, (side, price // 100): size}
        found.append((recv, None if book is None else {place: size for place, size in book.items() if size}))
    return found


def book_at(states: list[tuple[int, Book | None]], ms: int) -> Book | None:
    return [book for recv, book in states if recv <= (START_MS + ms) * 10**6][-1]


def begun() -> TokenFeed:
    feed = TokenFeed()
    feed.begin(BEGIN)
    feed.now_ms += 1_000
    return feed


actions = st.lists(
    st.tuples(
        st.sampled_from(("bid", "ask", "take bid", "take ask")),
        st.integers(1, 5),
        st.integers(0, 3_000),
        st.booleans(),
        st.booleans(),
    ),
    max_size=25,
)


def act(feed: TokenFeed, action: tuple[str, int, int, bool, bool]) -> str:
    """Let one thing happen; return which kind of frames it made."""
    what, away, size, of_no, _ = action
    feed.now_ms += 2_000
    token = NO if of_no else YES
    side = BUY if what.endswith("bid") else SELL
    if what.startswith("take") and size and any(which == side for which, _ in feed.book):
        feed.trade(side, size, token=token)
        return "book"
    feed.change(side, 49 - away if side == BUY else 49 + away, size, first=token)
    return "price_change"


@settings(max_examples=40, deadline=None, phases=PHASES)
@given(actions)
def test_rows_replay_the_book_and_every_trade_has_its_decrease(done: list[tuple[str, int, int, bool, bool]]) -> None:
    feed, truth = begun(), []
    for action in done:
        act(feed, action)
        truth.append((feed.now_ms + 100, dict(feed.book)))
    with TemporaryDirectory() as name:
        feed.write(Path(name))
        [day], told = converted(Path(name))
        rows = columns(day)
    assert told == []
    states = replayed(rows)
    assert [book_at(states, ms) for ms, _ in truth] == [book for _, book in truth]
    assert day.counts["unpaired"] == 0
    trades = [place for place, kind in enumerate(rows["kind"]) if kind == Kind.TRADE]
    order = list(rows["venue_order"])
    for place in trades:
        after = order[order.index(place) + 1]
        assert (rows["kind"][after], rows["price"][after]) == (Kind.LEVEL, rows["price"][place])
        assert rows["maker_side"][after] == rows["maker_side"][place]


@settings(max_examples=40, deadline=None, phases=PHASES)
@given(actions)
def test_book_is_never_wrong_at_its_best_where_frames_are_lost(
    done: list[tuple[str, int, int, bool, bool]],
) -> None:
    feed, truth = begun(), []
    for action in done:
        lines = len(feed.lines)
        kind = act(feed, action)
        if action[-1]:
            del feed.lines[lines:]
        else:
            truth.append((kind, feed.now_ms + 100, dict(feed.book)))
    with TemporaryDirectory() as name:
        feed.write(Path(name))
        [day], _ = converted(Path(name))
        states = replayed(columns(day))
    for kind, ms, book in truth:
        known = book_at(states, ms)
        if kind == "book":
            heard_ns = (START_MS + ms) * 10**6  # a loss after it is dated back to it
            assert book_at([state for state in states if state != (heard_ns, None)], ms) == book
        elif known is not None:
            assert bests(known) == bests(book)


def bests(book: Book) -> tuple[int, int]:
    bids, asks = ([price for which, price in book if which == side] for side in (BUY, SELL))
    return max(bids, default=0), min(asks, default=100)


def test_a_trade_is_one_match_with_the_book_that_came_before_it(tmp_path: Path) -> None:
    feed = begun()
    feed.trade(BUY, 300, token=NO)
    feed.write(tmp_path)
    [day], told = converted(tmp_path)
    rows = columns(day)
    trade = rows["kind"].index(Kind.TRADE)
    assert told == []
    assert (rows["maker_side"][trade], rows["price"][trade], rows["size"][trade]) == (BUY, 4_800, 300)
    assert rows["venue_ns"][trade] == rows["venue_ns"][trade - 1]
    assert all(rows["flags"][place] & Flag.PAIRED for place in (trade - 1, trade))
    assert {name: day.counts[name] for name in ("book", "confirmed", "paired")} == dict(book=4, confirmed=2, paired=1)


def test_a_book_that_no_trade_explains_is_counted_and_the_time_before_it_unknown(tmp_path: Path) -> None:
    feed = begun()
    feed.change(BUY, 46, 500)
    lost_ms = feed.now_ms + 100
    feed.now_ms += 60_000
    feed.set(SELL, 51, 900)
    feed.hear(feed.whole(NO))
    feed.write(tmp_path)
    [day], told = converted(tmp_path)
    rows = columns(day)
    assert [(each.what, each.line, each.market) for each in told] == [("contradicted", 3, YES)]
    assert rows["recv_ns"][rows["kind"].index(Kind.STALE)] == (START_MS + lost_ms) * 10**6
    assert rows["kind"][-1] == Kind.FRESH
    assert replayed(rows)[-1][1] == feed.book


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda each: each.update(size="10.001"), "too_fine"),
        (lambda each: each.update(size="-1"), "below_zero"),
        (lambda each: each.update(price="0.455"), "off_grid"),
        (lambda each: each.update(price="cheap"), "off_grid"),
        (lambda each: each.update(side="HOLD"), "bad_side"),
        (lambda each: each.update(best_bid="0.44"), "best_differs"),
        (lambda each: each.update(best_ask="none"), "best_differs"),
        (lambda each: each.update(asset_id="7003"), "unknown_token"),
        (lambda each: each.update(size="11"), "mirror_differs"),
    ],
)
def test_what_cannot_be_is_named_with_its_line(tmp_path: Path, spoil: Any, what: str) -> None:
    feed = begun()
    feed.set(BUY, 45, 1_000)
    elements = [feed.element(token, BUY, 45, 1_000) for token in (YES, NO)]
    spoil(elements[0])
    feed.hear(feed.message("price_change", price_changes=elements))
    path = feed.write(tmp_path)
    [day], told = converted(tmp_path)
    assert [(each.what, each.file, each.line) for each in told] == [(what, str(path), 2)]
    assert what in FAULTS
    assert (replayed(columns(day))[-1][1] is None) == (what != "unknown_token")  # that one is no frame of this book
    assert day.counts[what] == 1


def test_changes_without_a_book_and_late_ones_are_counted(tmp_path: Path) -> None:
    feed = TokenFeed()
    feed.change(BUY, 45, 1_000)
    feed.begin(BEGIN)
    feed.now_ms -= 500
    feed.hear(feed.message("price_change", price_changes=[feed.element(YES, BUY, 44, 100)]), 700)
    feed.write(tmp_path)
    [day], told = converted(tmp_path)
    assert [each.what for each in told] == ["lost_book"]
    assert (day.counts["lost_book"], day.counts["late"]) == (1, 1)
    assert replayed(columns(day))[-1][1] == BEGIN


def test_session_with_connections_of_which_one_ends(tmp_path: Path) -> None:
    feed = begun()
    heard = [json.loads(line)["payloadUtf8"] for line in feed.lines]
    feed.change(BUY, 46, 500)
    heard.append(json.loads(feed.lines[-1])["payloadUtf8"])
    session: list[dict[str, object]] = [{"dir": "open", "data": "wss://"}, {"dir": "send", "data": '{"type":"market"}'}]
    session += [{"dir": "recv", "data": text} for text in heard]
    session += [{"dir": "recv", "data": "PONG"}, {"dir": "close", "data": {"code": 1006, "reason": ""}}]
    lines = [json.dumps({"t": stamped(5_000 + place), **each}) for place, each in enumerate(session)]
    (tmp_path / "session.jsonl").write_text("\n".join(lines))
    [day], told = converted(tmp_path)
    rows = columns(day)
    assert [each.what for each in told] == ["connection"]
    assert rows["kind"][-1] == Kind.STALE
    assert replayed(rows)[-2][1] == feed.book


def test_unknown_kinds_and_fields_cost_nothing(tmp_path: Path) -> None:
    feed = begun()
    feed.hear({"event_type": "weather", "market": 3, "bids": "many"})
    feed.hear([{"event_type": "best_bid_ask", "best_bid": 1}, {**feed.whole(YES), "news": {"a": 1}}])
    feed.hear("PONG")
    feed.write(tmp_path)
    [day], told = converted(tmp_path)
    assert (told, day.counts["confirmed"]) == ([], 2)


def test_a_field_of_a_known_kind_that_is_no_such_field_names_the_line(tmp_path: Path) -> None:
    feed = begun()
    feed.hear({**feed.whole(YES), "bids": "many"})
    path = feed.write(tmp_path)
    with pytest.raises(DecodeError, match=f"{path} line 2 is no captured frame"):
        converted(tmp_path)
    found: list[DataFinding] = []
    check_tokens([path], found.append)
    assert [each.what for each in found] == ["unreadable"]


def test_venue_and_index_name_the_yes_token(tmp_path: Path) -> None:
    feed = TokenFeed(tick=None)
    feed.begin(BEGIN, NO, YES)
    feed.hear(feed.message("market_resolved", winning_asset_id=YES))
    feed.write(tmp_path)
    named = {"conditionId": CONDITION, "clobTokenIds": json.dumps([YES, NO]), "orderPriceMinTickSize": 0.001}
    (tmp_path / "markets.json").write_text(json.dumps([{**named, "slug": "rain", "endDate": "2026-10-01T00:00:00Z"}]))
    [day], told = converted(tmp_path)
    row = read_markets(tmp_path / "out" / "polymarket" / "markets.parquet")[YES]
    assert told == []
    assert (row.event, row.grid, row.result, row.value, row.source) == ("rain", "0:10000:10", "yes", 10_000, "venue")
    assert row.close_ns == 1_790_812_800 * 10**9
    assert replayed(columns(day))[-1][1] == BEGIN


def test_new_market_names_it_and_a_tick_change_refines_the_grid(tmp_path: Path) -> None:
    feed = TokenFeed()
    feed.hear(feed.message("new_market", clob_token_ids=[NO, YES], order_price_min_tick_size="0.01", slug="dry"))
    feed.begin(BEGIN)
    change = {"old_tick_size": "0.01", "new_tick_size": "0.0025"}
    feed.hear(feed.message("tick_size_change", asset_id=YES, **change))
    feed.hear(feed.message("price_change", asset_id=NO, changes=[{"price": ".0025", "side": "BUY", "size": "3"}]))
    feed.write(tmp_path)
    [day], told = converted(tmp_path)
    rows = columns(day)
    row = read_markets(tmp_path / "out" / "polymarket" / "markets.parquet")[NO]
    assert told == []
    assert (row.event, row.grid, row.source) == ("dry", "0:10000:25", "venue")
    assert day.counts["tick_size_change"] == 1
    assert [rows[name][-1] for name in ("maker_side", "price", "size")] == [BUY, 25, 300]


def test_market_without_a_tick_size_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    feed = TokenFeed(tick=None)
    feed.begin(BEGIN)
    path = feed.write(tmp_path)
    with pytest.raises(ConfigError, match=f"no frame says the tick size of {YES}"):
        converted(tmp_path)
    assert not (tmp_path / "out").exists()
    found: list[DataFinding] = []
    check_tokens([path], found.append)
    assert [each.what for each in found] == ["no_grid"]


def test_a_second_conversion_keeps_the_token_that_the_first_one_chose(tmp_path: Path) -> None:
    for number, tokens in enumerate(((YES, NO), (NO, YES))):
        folder = tmp_path / str(number)
        folder.mkdir()
        feed = TokenFeed()
        feed.now_ms += number * 1_000_000
        feed.begin(BEGIN, *tokens)
        list(convert_tokens([feed.write(folder)], tmp_path / "out", lambda finding: None))
    assert list(read_markets(tmp_path / "out" / "polymarket" / "markets.parquet")) == [YES]


def test_a_day_begins_with_the_books_as_they_stood_and_the_same_frames_make_the_same_bytes(tmp_path: Path) -> None:
    feed = begun()
    feed.change(BUY, 46, 500)
    feed.now_ms = 86_400_000
    feed.hear({"event_type": "weather"})
    feed.write(tmp_path)
    [first, second], told = converted(tmp_path)
    assert told == []
    assert [day.path.name for day in (first, second)] == ["2026-09-30.parquet", "2026-10-01.parquet"]
    assert replayed(columns(second))[-1][1] == feed.book
    sums = [sha256(day.path) for day in (first, second)]
    again, _ = converted(tmp_path)
    assert [sha256(day.path) for day in again] == sums


def test_commands_convert_check_list_and_quote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed = begun()
    for size in range(100, 900, 100):
        feed.change(BUY, 47, size)
        feed.trade(SELL if size % 200 else BUY, 50)
        feed.now_ms += 2_000
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    feed.write(folder)
    assert main(["data", "check", str(folder)]) == 0
    said = capsys.readouterr()
    assert f"2026-09-30 {YES}: 16 deltas, 8 trades, 1 snapshots" in said.out
    assert "no faults" in said.out
    assert main(["data", "convert", str(folder), "--out", str(out)]) == 0
    assert "polymarket/depth/2026-09-30.parquet" in capsys.readouterr().out
    assert main(["data", "check", str(out)]) == 0
    assert main(["data", "ls", str(out)]) == 0
    assert f"rows of {YES}" in capsys.readouterr().out
    assert main(["quote", str(out)]) == 0
    said = capsys.readouterr()
    assert "risk-averse" in said.out
    assert "no fees are counted of polymarket" in said.err


def test_backtest_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed = begun()
    feed.write(tmp_path)
    converted(tmp_path)
    config = CONFIG / "engine.toml"
    for data in (tmp_path, tmp_path / "out"):
        assert main(["backtest", str(config), "--data", str(data)]) != 0
        assert "fixlane quote" in capsys.readouterr().err


def test_times_are_exact() -> None:
    assert time_ns("2026-10-05T23:15:25.123456789Z") == 1_791_242_125_123_456_789
    assert time_ns("2026-10-05T23:15:25Z") == 1_791_242_125 * 10**9


@pytest.mark.parametrize("text", ["2026-10-05T23:15:25.6", "2026-10-05T23:15:25.1234567890Z", "2026-10-05 noonZ", ""])
def test_what_is_no_exact_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        time_ns(text)


@pytest.mark.skipif(not token_files([CAPTURED]), reason=f"no captured frames in {CAPTURED}; set FIXLANE_DATA")
def test_captured_frames_say_what_their_readme_says(tmp_path: Path) -> None:
    told: list[DataFinding] = []
    days = list(convert_tokens(token_files([CAPTURED]), tmp_path, told.append))
    assert [day.path.name for day in days] == ["2026-09-30.parquet", "2026-10-05.parquet"]
    counts = days[0].counts
    assert (counts["book"], counts["price_change"], counts["last_trade_price"]) == (5, 20, 2)
    assert (counts["confirmed"], counts["contradicted"]) == (2, 2)  # mirrored; picked, so that books do not follow
    assert "best_differs" not in counts
    assert [each.what for each in told] == ["contradicted", "contradicted", "single_token", "connection"]
    rows = columns(days[0])
    changes = [flags for kind, flags in zip(rows["kind"], rows["flags"], strict=True) if kind == Kind.LEVEL]
    assert sum(not flags & Flag.SNAPSHOT for flags in changes) == 20
