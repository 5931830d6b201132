"""Kalshi's market-data dialect: each kind of frame that moves a book, and captured feeds against a plain replay."""

import json
import sys
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from engine import fix
from engine.book import ASK, BID
from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind
from engine.venue import EventKind
from engine.venue.kalshi.market_data import KalshiMarketData
from tests.support import kalshi_wire as wire
from tests.support.captures import each_capture, frames
from tests.support.kalshi_feed import CENT, Feed, level
from tests.support.kalshi_wire import RAIN, SNOW, TS_MS

PlainBook: TypeAlias = dict[str, dict[str, int]]  # by side and price as text


Trade: TypeAlias = tuple[int, int, int]


# levels


def test_yes_delta_becomes_a_bid(feed: Feed) -> None:
    event = feed.take(wire.delta(3, "0.4150", "-25.00", "yes"))
    assert level(event) == (EventKind.DELTA, RAIN, BID, 4150, -2500, 3, TS_MS * 1_000_000)


def test_no_delta_becomes_the_ask_at_one_minus_its_price(feed: Feed) -> None:
    assert level(feed.take(wire.delta(3, "0.5700", "-85.50", "no")))[2:5] == (ASK, 4300, -8550)


@pytest.mark.parametrize(("use_yes_price", "price"), [(False, "0.3000"), (True, "0.7000")])
def test_both_price_scales_give_the_same_ask(use_yes_price: bool, price: str) -> None:
    feed = Feed(use_yes_price=use_yes_price)
    event = feed.take(wire.snapshot(1, no=[[price, "5.00"]]))
    assert event.asks == [(7000, 500)]
    assert level(feed.take(wire.delta(2, price, "1.00", "no")))[2:5] == (ASK, 7000, 100)


@pytest.mark.parametrize("price", ["0.96", "0.960", "0.9600", "00.9600"])
def test_price_text_of_any_length_is_read_exactly(feed: Feed, price: str) -> None:
    assert level(feed.take(wire.delta(3, price)))[2:5] == (BID, 9600, 1000)
    assert level(feed.take(wire.delta(4, price, side="no")))[2:5] == (ASK, 400, 1000)


def test_delta_without_a_time_has_venue_time_zero(feed: Feed) -> None:
    message = json.loads(wire.delta(3))
    del message["msg"]["ts_ms"]
    assert feed.take(json.dumps(message).encode()).venue_time_ns == 0


def test_unknown_keys_and_another_order_of_keys_change_nothing(feed: Feed) -> None:
    message = json.loads(wire.delta(3, "0.4150", "7.00"))
    message["msg"] = dict(reversed((message["msg"] | {"last_update_reason": "Amend", "subaccount": 3}).items()))
    message = dict(reversed((message | {"sending_ts_ms": 5, "new": {"deep": [1, {}]}}).items()))
    assert level(feed.take(json.dumps(message, indent=1).encode()))[2:5] == (BID, 4150, 700)


def test_frame_may_be_a_memoryview(feed: Feed) -> None:
    assert feed.take(memoryview(wire.delta(3))).kind == EventKind.DELTA


# snapshots


def test_snapshot_gives_both_ladders_in_yes_prices() -> None:
    feed = Feed()
    event = feed.take(wire.snapshot(1, yes=[["0.4000", "310.00"], ["0.4150", "120.00"]], no=[["0.5500", "40.00"]]))
    assert (event.kind, event.instrument) == (EventKind.SNAPSHOT, feed.rain)
    assert (event.bids, event.asks) == ([(4000, 31000), (4150, 12000)], [(4500, 4000)])
    assert feed.waiting() == [SNOW]


def test_snapshot_without_levels_is_an_empty_book() -> None:
    event = Feed().take(wire.snapshot(1))
    assert (event.kind, event.bids, event.asks) == (EventKind.SNAPSHOT, [], [])


def test_level_of_size_zero_in_a_snapshot_is_left_out(feed: Feed) -> None:
    assert feed.take(wire.snapshot(3, yes=[["0.4000", "0.00"], ["0.4100", "1.00"]])).bids == [(4100, 100)]


def test_delta_before_the_first_snapshot_is_ignored_and_counted() -> None:
    feed = Feed()
    assert feed.kinds(wire.delta(1), wire.snapshot(2), wire.delta(3)) == [
        EventKind.CONTROL,
        EventKind.SNAPSHOT,
        EventKind.DELTA,
    ]
    assert feed.counts() == {"waiting": 1, "snapshots": 1}


# trades


@pytest.mark.parametrize(("taker", "side"), [("yes", fix.BUY), ("no", fix.SELL)])
def test_trade_has_the_yes_price_and_the_aggressors_side(feed: Feed, taker: str, side: int) -> None:
    event = feed.take(wire.trade(7, "0.4150", "25.00", taker))
    assert level(event) == (EventKind.TRADE, RAIN, side, 4150, 2500, 7, TS_MS * 1_000_000)
    assert feed.counts() == {"trades": 1}


def test_trade_in_the_deprecated_form_is_read() -> None:
    message = json.loads(wire.trade(7))
    message["msg"]["taker_side"] = message["msg"].pop("taker_outcome_side")
    assert Feed().take(json.dumps(message).encode()).side == fix.BUY


def test_trade_gap_is_counted_and_leaves_the_books_alone(feed: Feed) -> None:
    feed.take(wire.trade(7))
    event = feed.take(wire.trade(10))
    assert (event.kind, event.gap, event.suspects, event.commands) == (EventKind.TRADE, True, (), [])
    assert event.trade_gap
    assert feed.counts() == {"trades": 2, "gaps": 1, "missed": 2}
    assert feed.waiting() == []


@pytest.mark.parametrize(("flag", "is_block"), [(True, True), (False, False), (None, False), ("true", True)])
def test_m18_a_block_trade_is_marked_counted_and_told(feed: Feed, flag: Any, is_block: bool) -> None:
    message = json.loads(wire.trade(7))
    message["msg"]["is_block_trade"] = flag
    event = feed.take(json.dumps(message).encode())
    assert (event.kind, event.is_block) == (EventKind.TRADE, is_block)
    assert event.notices == (((NoticeKind.BLOCK_TRADE, f"{RAIN}: 25.00 at 0.4150"),) if is_block else ())
    assert feed.counts() == {"trades": 1} | ({"blocks": 1} if is_block else {})


def test_taker_of_a_trade_may_be_named_by_its_side_of_the_book(feed: Feed) -> None:
    message = json.loads(wire.trade(7))
    del message["msg"]["taker_outcome_side"]
    message["msg"]["taker_book_side"] = "ask"
    assert feed.take(json.dumps(message).encode()).side == fix.SELL


# the venue's clock


SENT_MS = TS_MS + 2


@pytest.mark.parametrize(
    "frame",
    [
        wire.delta(3),
        wire.delta(3, symbol="KXOTHER"),
        wire.delta(4),  # a gap
        wire.delta(3, "0.4001"),
        wire.snapshot(3),
        wire.snapshot(3, symbol="KXOTHER"),
        wire.trade(7),
        wire.trade(7, symbol="KXOTHER"),
        wire.subscribed("ticker", 3),
        wire.ok(3),
        wire.frame(type="unsubscribed", sid=1, seq=3),
        wire.frame(type="ticker", sid=3, msg={}),
        wire.error(18, id=1),
        wire.error(25, sid=1, seq=3),
        wire.frame(type="market_lifecycle_v2", sid=8, seq=1, msg={"event_type": "settled", "market_ticker": RAIN}),
        wire.frame(type="market_lifecycle_v2", sid=8, seq=1, msg={"event_type": "settled", "market_ticker": "KX"}),
        wire.frame(type="event_fee_update", sid=8, seq=1, msg={}),
        wire.frame(type="rfq_created", sid=8, seq=1, msg={}),
    ],
)
def test_m2_every_frame_has_the_time_at_which_the_venue_sent_it(feed: Feed, frame: bytes) -> None:
    sent = json.dumps(json.loads(frame) | {"sending_ts_ms": SENT_MS}).encode()
    assert feed.take(sent).venue_time_ns == SENT_MS * 1_000_000


@pytest.mark.parametrize(
    ("times", "ms"),
    [
        ({"ts_ms": TS_MS}, TS_MS),
        ({"ts_ms": None, "ts": "2026-11-23T14:30:02.099Z"}, 1_795_444_202_099),
        ({"ts": "2026-11-23T14:30:02.099"}, 1_795_444_202_099),
        ({"ts": 1_795_444_202}, 1_795_444_202_000),
        ({"ts": "yesterday"}, 0),
        ({"ts": None, "ts_ms": None}, 0),
        ({}, 0),
    ],
)
def test_m2_a_level_without_a_sending_time_has_that_of_its_change(feed: Feed, times: dict[str, Any], ms: int) -> None:
    message = json.loads(wire.delta(3))
    del message["msg"]["ts_ms"]
    message["msg"] |= times
    event = feed.take(json.dumps(message).encode())
    assert (event.kind, event.venue_time_ns) == (EventKind.DELTA, ms * 1_000_000)


def test_m2_a_trade_of_old_has_its_seconds(feed: Feed) -> None:
    message = json.loads(wire.trade(7))
    del message["msg"]["ts_ms"]
    message["msg"]["ts"] = 1_795_444_202
    assert feed.take(json.dumps(message).encode()).venue_time_ns == 1_795_444_202 * 10**9


# cost


def test_levels_leave_nothing_allocated_behind() -> None:
    dialect = KalshiMarketData([Instrument(RAIN, 0, CENT)], check_sequence=False)
    frames_ = [wire.snapshot(1)]
    frames_ += [wire.delta(1000 + i, f"0.{1 + i % 99:02}00", f"{i}.25", ("yes", "no")[i % 2]) for i in range(1000)]
    for frame in frames_:
        dialect.decode(frame)
    before = sys.getallocatedblocks()
    for _ in range(100):
        for frame in frames_[1:]:
            dialect.decode(frame)
    assert sys.getallocatedblocks() - before < 50


# captured feeds


@each_capture
def test_captured_feed_gives_the_book_of_a_plain_replay(capture: Path) -> None:
    symbol = capture.name.removesuffix(".ndjson.gz")
    dialect = KalshiMarketData([Instrument(symbol, 0, CENT)], check_sequence=False)
    ours: dict[int, dict[int, int]] = {BID: {}, ASK: {}}
    plain: PlainBook = {"yes": {}, "no": {}}
    trades: list[Trade] = []
    plain_trades: list[Trade] = []
    for _, frame in frames(capture):
        event = dialect.decode(frame)
        if event.kind == EventKind.DELTA:
            ours[event.side][event.price] = ours[event.side].get(event.price, 0) + event.size
        elif event.kind == EventKind.SNAPSHOT:
            ours = {BID: dict(event.bids), ASK: dict(event.asks)}
        else:
            assert event.kind == EventKind.TRADE
            trades.append((event.side, event.price, event.size))
        _replay(json.loads(frame), plain, plain_trades)
        if event.kind == EventKind.SNAPSHOT:
            _assert_same(ours, plain)
    _assert_same(ours, plain)
    assert trades == plain_trades
    assert dialect.counts.malformed + dialect.counts.waiting + dialect.counts.off_grid == 0


def _replay(message: dict[str, Any], book: PlainBook, trades: list[Trade]) -> None:
    """Follow the feed without a line of the engine."""
    msg = message["msg"]
    if message["type"] == "orderbook_snapshot":
        for side in book:
            book[side] = {price: _units(size, 2) for price, size in msg.get(f"{side}_dollars_fp", [])}
    elif message["type"] == "orderbook_delta":
        levels = book[msg["side"]]
        levels[msg["price_dollars"]] = levels.get(msg["price_dollars"], 0) + _units(msg["delta_fp"], 2)
    else:
        taker = fix.BUY if msg["taker_side"] == "yes" else fix.SELL
        trades.append((taker, _units(msg["yes_price_dollars"], 4), _units(msg["count_fp"], 2)))


def _units(text: str, places: int) -> int:
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(places, "0"))


def _assert_same(ours: dict[int, dict[int, int]], plain: PlainBook) -> None:
    bids = {_units(price, 4): size for price, size in plain["yes"].items() if size}
    asks = {10_000 - _units(price, 4): size for price, size in plain["no"].items() if size}
    assert {price: size for price, size in ours[BID].items() if size} == bids
    assert {price: size for price, size in ours[ASK].items() if size} == asks
