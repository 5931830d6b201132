"""Frames that do not fit: unknown markets and types, prices off the grid, malformed text."""

import json
from typing import Any

import pytest

from engine.errors import ConfigError, DecodeError
from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind
from engine.venue import EventKind
from engine.venue.kalshi.market_data import KalshiMarketData
from tests.support import kalshi_wire as wire
from tests.support.kalshi_feed import Feed
from tests.support.kalshi_wire import RAIN, SNOW


def test_unknown_market_is_counted_and_named(feed: Feed) -> None:
    event = feed.take(wire.delta(3, symbol="KXOTHER"))
    assert (event.kind, event.text) == (EventKind.UNKNOWN, "market_ticker unknown: 'KXOTHER'")
    assert event.notices == ((NoticeKind.MARKET_UNKNOWN, event.text),)
    assert feed.take(wire.trade(7, symbol="KXOTHER")).kind == EventKind.UNKNOWN
    assert feed.counts() == {"unknown_markets": 2}


def test_unknown_type_is_counted_and_named(feed: Feed) -> None:
    event = feed.take(wire.frame(type="cfbenchmarks_value", sid=8, seq=77, msg={"event_type": "determined"}))
    assert (event.kind, event.text) == (EventKind.UNKNOWN, "message type unknown: 'cfbenchmarks_value'")
    assert event.notices == ((NoticeKind.MESSAGE_UNKNOWN, event.text),)
    assert feed.counts() == {"unknown_types": 1}


@pytest.mark.parametrize("price", ["0.4105", "0.0000", "1.0000", "1.5000", "-0.4000"])
def test_m6_a_level_off_the_grid_costs_itself_alone(feed: Feed, price: str) -> None:
    event = feed.take(wire.delta(3, price))
    assert (event.kind, event.suspects, event.commands) == (EventKind.UNKNOWN, (), [])
    assert event.text == f"{RAIN}: {price} off the price grid: give the market its new price_ranges"
    assert event.notices == ((NoticeKind.LEVEL_OFF_GRID, event.text),)
    assert feed.waiting() == []
    assert feed.counts() == {"off_grid": 1}
    assert feed.kinds(wire.delta(4), wire.delta(5)) == [EventKind.DELTA, EventKind.DELTA]


def test_m6_a_snapshot_keeps_its_levels_on_the_grid(feed: Feed) -> None:
    event = feed.take(wire.snapshot(3, SNOW, yes=[["0.4150", "1.00"], ["0.4000", "2.00"]], no=[["0.5555", "0.00"]]))
    assert (event.kind, event.bids, event.asks) == (EventKind.SNAPSHOT, [(4000, 200)], [])
    assert [kind for kind, _ in event.notices] == [NoticeKind.LEVEL_OFF_GRID]
    assert feed.waiting() == []
    assert feed.counts() == {"off_grid": 1, "snapshots": 1}


def test_m6_an_odd_level_behind_a_gap_tells_both(feed: Feed) -> None:
    event = feed.take(wire.snapshot(9, SNOW, yes=[["0.4150", "1.00"]]))
    assert (event.gap, event.suspects) == (True, (feed.rain,))
    assert [kind for kind, _ in event.notices] == [NoticeKind.FRAMES_LOST, NoticeKind.LEVEL_OFF_GRID]
    assert [each["params"]["market_tickers"] for each in feed.sent] == [[RAIN]]


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (b"", "truncated"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"type":"orderbook_delta","sid":1', "truncated"),
        (wire.frame(type="orderbook_delta", sid=1, seq=3), "missing required field `msg`"),
        (wire.frame(sid=1, seq=3), "missing required field `type`"),
        (wire.delta("3"), "Expected `int`, got `str` - at `$.seq`"),
        (wire.delta(3, side="maybe"), "'maybe' - at `$.msg.side`"),
        (wire.delta(3, price=0.4), "Expected `str`, got `float`"),
        (wire.delta(3, price="0.40x"), f"{RAIN}: not a decimal number of at most 4 places: '0.40x'"),
        (wire.delta(3, price="0.40001"), "not a decimal number of at most 4 places: '0.40001'"),
        (wire.delta(3, change="1.001"), f"{RAIN}: not a decimal number of at most 2 places: '1.001'"),
        (wire.delta(3, change=""), "not a decimal number"),
        (wire.snapshot(3, yes=[["0.4000"]]), "$.msg.yes_dollars_fp[0]"),
        (wire.snapshot(3, yes=[["0.4000", "-1.00"]]), f"{RAIN}: size below zero in a snapshot: '-1.00'"),
        (wire.snapshot(3, yes=[["", "1.00"]]), "not a decimal number"),
        (wire.trade(7, size="x"), "not a decimal number"),
        (wire.trade(7, taker=None), "a trade without its taker's side"),
        (wire.delta(3).replace(b"RAIN", b"\xff\xfe"), "utf-8"),
        (b'{"type":"ok","msg":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "recursion"),
        (
            wire.frame(
                type="orderbook_snapshot",
                sid=1,
                seq=3,
                msg={"market_ticker": RAIN, "yes": [[40, 310]], "no": [[55, 40]]},
            ),
            "integer form",
        ),
        (
            wire.frame(
                type="orderbook_delta",
                sid=1,
                seq=3,
                msg={"market_ticker": RAIN, "price": 41, "delta": -5, "side": "yes"},
            ),
            "missing required field `price_dollars`",
        ),
    ],
)
def test_malformed_frame_is_counted_and_named(feed: Feed, frame: bytes, text: str) -> None:
    with pytest.raises(DecodeError) as caught:
        feed.take(frame)
    assert text in str(caught.value)
    assert str(caught.value).startswith("market data unreadable: ")
    assert feed.counts() == {"malformed": 1}


@pytest.mark.parametrize(
    "frame",
    [wire.delta(3, price="0.40x"), wire.delta(3, side="maybe"), wire.snapshot(3, yes=[["", "1.00"]]), b"\x00"],
)
def test_malformed_frame_counts_as_lost_so_the_next_shows_a_gap(feed: Feed, frame: bytes) -> None:
    with pytest.raises(DecodeError):
        feed.take(frame)
    event = feed.take(wire.delta(4))
    assert (event.kind, event.suspects) == (EventKind.GAP, (feed.rain, feed.snow))


def test_snapshot_in_both_forms_is_read_from_the_text_form(feed: Feed) -> None:
    msg = {"market_ticker": RAIN, "yes": [[41, 300]], "yes_dollars_fp": [["0.4100", "300.50"]]}
    assert feed.take(wire.frame(type="orderbook_snapshot", sid=1, seq=3, msg=msg)).bids == [(4100, 30050)]


def test_instrument_without_a_grid_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="KXFREE has no price grid"):
        KalshiMarketData([Instrument("KXFREE", 0, None)])


def altered(frame: bytes, **values: Any) -> bytes:
    """Return a frame with other values, in its envelope or its msg, wherever it has the key; DEEP are msg's own."""
    message = json.loads(frame)
    for key, value in values.items():
        (message["msg"] if key in DEEP else message)[key] = value
    return json.dumps(message).encode()


DEEP = ("ts_ms", "ts", "market_id", "trade_id", "is_block_trade", "client_order_id", "subaccount", "yes", "no", "msg")
USELESS: list[Any] = [None, "x", "1795444202099", 1.5, -1, 2**70, True, [], {}]


@pytest.mark.parametrize("value", USELESS, ids=repr)
@pytest.mark.parametrize("key", ["ts_ms", "ts", "market_id", "client_order_id", "subaccount", "sending_ts_ms", "id"])
def test_m10_a_field_of_a_level_that_is_not_needed_never_costs_it(feed: Feed, key: str, value: Any) -> None:
    event = feed.take(altered(wire.delta(3, "0.4150", "7.00"), **{key: value}))
    assert (event.kind, event.price, event.size) == (EventKind.DELTA, 4150, 700)
    assert feed.take(wire.delta(4)).kind == EventKind.DELTA
    assert feed.counts() == {}


@pytest.mark.parametrize("value", USELESS, ids=repr)
@pytest.mark.parametrize("key", ["id", "sending_ts_ms", "market_id", "ts_ms"])
def test_m10_a_field_of_a_snapshot_that_is_not_needed_never_costs_it(feed: Feed, key: str, value: Any) -> None:
    event = feed.take(altered(wire.snapshot(3, yes=[["0.4000", "1.00"]]), **{key: value}))
    assert (event.kind, event.bids) == (EventKind.SNAPSHOT, [(4000, 100)])
    assert feed.counts() == {"snapshots": 1}


@pytest.mark.parametrize("value", USELESS, ids=repr)
@pytest.mark.parametrize("key", ["ts_ms", "ts", "trade_id", "sending_ts_ms", "taker_side", "taker_book_side", "seq"])
def test_m10_a_field_of_a_trade_that_is_not_needed_never_costs_it(feed: Feed, key: str, value: Any) -> None:
    frame = json.loads(wire.trade(7))
    (frame if key in ("seq", "sending_ts_ms") else frame["msg"])[key] = value
    event = feed.take(json.dumps(frame).encode())
    assert (event.kind, event.price, event.size) == (EventKind.TRADE, 4150, 2500)


@pytest.mark.parametrize("value", [None, "x", 1.5, True, [], {}], ids=repr)
@pytest.mark.parametrize("key", ["id", "sid", "seq", "sending_ts_ms"])
@pytest.mark.parametrize(
    "frame",
    [
        wire.frame(type="ok", msg=[]),
        wire.frame(type="unsubscribed"),
        wire.frame(type="ticker", msg={}),
        wire.frame(type="subscribed", msg={"channel": "trade", "sid": 2}),
        wire.frame(type="event_lifecycle", msg={}),
        wire.frame(type="market_lifecycle_v2", msg={"event_type": "settled", "market_ticker": "KXOTHER"}),
    ],
)
def test_m10_no_reply_is_lost_for_a_field_that_is_not_needed(feed: Feed, frame: bytes, key: str, value: Any) -> None:
    event = feed.take(altered(frame, **{key: value}))
    assert (event.kind, event.gap, feed.counts()) == (EventKind.CONTROL, False, {})


@pytest.mark.parametrize(
    "msg",
    ["Overloaded", {"code": 18, "msg": None}, {"code": None, "msg": "Overloaded"}, {"msg": "Overloaded"}, ["x"], None],
    ids=repr,
)
def test_m10_a_refusal_is_told_whatever_its_form(feed: Feed, msg: Any) -> None:
    event = feed.take(wire.frame(type="error", id=None, msg=msg))
    assert (event.kind, feed.counts()) == (EventKind.REFUSED, {"refused": 1})
    assert "Overloaded" in event.text or "Overloaded" not in str(msg)


@pytest.mark.parametrize("sides", [{"yes": None, "no": None}, {"yes": [], "no": []}, {"yes_dollars_fp": None}])
def test_m10_an_empty_side_may_be_null(feed: Feed, sides: dict[str, Any]) -> None:
    event = feed.take(wire.frame(type="orderbook_snapshot", sid=1, seq=3, msg={"market_ticker": RAIN} | sides))
    assert (event.kind, event.bids, event.asks) == (EventKind.SNAPSHOT, [], [])


def test_m10_a_level_with_more_than_price_and_size_is_read(feed: Feed) -> None:
    event = feed.take(wire.snapshot(3, yes=[["0.4000", "1.00", "more"]]))
    assert event.bids == [(4000, 100)]


@pytest.mark.parametrize("again", ["0.4000", "0.40"])
def test_m10_of_a_level_named_twice_the_later_size_holds_and_it_is_told(feed: Feed, again: str) -> None:
    event = feed.take(wire.snapshot(3, yes=[["0.4000", "1.00"], ["0.4100", "2.00"], [again, "3.00"]]))
    assert sorted(event.bids) == [(4000, 300), (4100, 200)]
    assert event.notices == (
        (NoticeKind.LEVEL_DOUBLED, f"{RAIN}: {again} twice in a snapshot: the later size holds"),
    )  # fmt: skip
    assert feed.counts() == {"doubled": 1, "snapshots": 1}


def test_repeats_and_losses_are_told(feed: Feed) -> None:
    feed.take(wire.delta(3))
    (told,) = feed.take(wire.delta(3)).notices
    assert told == (NoticeKind.FRAME_REPEATED, "stream 1 (orderbook_delta): 3 came twice")
    feed.take(wire.trade(7))
    (told,) = feed.take(wire.trade(10)).notices
    assert told == (NoticeKind.FRAMES_LOST, "stream 2 (trade): 10 came where 8 was due")
