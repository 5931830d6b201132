"""Frames that do not fit: unknown markets and types, prices off the grid, malformed text."""

import pytest

from engine.errors import ConfigError, DecodeError
from engine.instrument import Instrument
from engine.venue import EventKind
from engine.venue.kalshi.market_data import KalshiMarketData
from tests.support import kalshi_wire as wire
from tests.support.kalshi_feed import Feed
from tests.support.kalshi_wire import RAIN, SNOW


def test_unknown_market_is_counted_and_named(feed: Feed) -> None:
    event = feed.take(wire.delta(3, symbol="KXOTHER"))
    assert (event.kind, event.text) == (EventKind.UNKNOWN, "market_ticker unknown: 'KXOTHER'")
    assert feed.take(wire.trade(7, symbol="KXOTHER")).kind == EventKind.UNKNOWN
    assert feed.counts() == {"unknown_markets": 2}


def test_unknown_type_is_counted_and_named(feed: Feed) -> None:
    event = feed.take(wire.frame(type="market_lifecycle_v2", sid=8, seq=77, msg={"event_type": "determined"}))
    assert (event.kind, event.text) == (EventKind.UNKNOWN, "message type unknown: 'market_lifecycle_v2'")
    assert feed.counts() == {"unknown_types": 1}


@pytest.mark.parametrize("price", ["0.4105", "0.0000", "1.0000", "1.5000", "-0.4000"])
def test_delta_off_the_grid_gives_up_its_book(feed: Feed, price: str) -> None:
    event = feed.take(wire.delta(3, price))
    assert (event.kind, event.suspects, event.commands) == (EventKind.UNKNOWN, (feed.rain,), [])
    assert event.text == f"{RAIN}: price_dollars '{price}' is off the price grid"
    assert feed.waiting() == [RAIN]
    assert feed.counts() == {"off_grid": 1}
    assert feed.kinds(wire.delta(4), wire.snapshot(5), wire.delta(6)) == [
        EventKind.CONTROL,
        EventKind.SNAPSHOT,
        EventKind.DELTA,
    ]


def test_snapshot_off_the_grid_leaves_its_market_waiting(feed: Feed) -> None:
    event = feed.take(wire.snapshot(3, SNOW, yes=[["0.4150", "1.00"]]))
    assert (event.kind, event.text) == (EventKind.UNKNOWN, f"{SNOW}: a snapshot is off the price grid")
    assert (event.suspects, event.commands) == ((feed.snow,), [])
    assert feed.waiting() == [SNOW]


def test_off_grid_snapshot_behind_a_gap_asks_for_the_others_only(feed: Feed) -> None:
    event = feed.take(wire.snapshot(9, SNOW, yes=[["0.4150", "1.00"]]))
    assert (event.gap, event.suspects) == (True, (feed.rain, feed.snow))
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
