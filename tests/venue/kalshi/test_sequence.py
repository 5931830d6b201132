"""Kalshi's sequence numbers: what is a gap, a repeat or a reset, and which books it makes suspect."""

import pytest

from engine.venue import EventKind
from engine.venue.kalshi.subscriptions import BOOK
from tests.support import kalshi_wire as wire
from tests.support.kalshi_feed import Feed
from tests.support.kalshi_wire import RAIN, SNOW


def test_gap_makes_every_book_of_the_stream_suspect_and_asks_for_snapshots(feed: Feed) -> None:
    event = feed.take(wire.delta(5))
    assert (event.kind, event.gap, event.suspects) == (EventKind.GAP, True, (feed.rain, feed.snow))
    assert event.text == "stream 1 (orderbook_delta): 5 came where 3 was due"
    assert feed.sent == [
        {
            "id": 2,
            "cmd": "update_subscription",
            "params": {"sids": [1], "action": "get_snapshot", "market_tickers": [RAIN, SNOW]},
        }
    ]
    assert feed.counts() == {"gaps": 1, "missed": 2}


def test_after_a_gap_each_snapshot_clears_its_own_market_only(feed: Feed) -> None:
    assert feed.kinds(
        wire.delta(5),
        wire.delta(6),
        wire.delta(7, symbol=SNOW),
        wire.snapshot(8, id=2),
        wire.delta(9),
        wire.delta(10, symbol=SNOW),
        wire.snapshot(11, SNOW),
        wire.delta(12, symbol=SNOW),
    ) == [
        EventKind.GAP,
        EventKind.CONTROL,
        EventKind.CONTROL,
        EventKind.SNAPSHOT,
        EventKind.DELTA,
        EventKind.CONTROL,
        EventKind.SNAPSHOT,
        EventKind.DELTA,
    ]
    assert feed.counts() == {"gaps": 1, "missed": 2, "waiting": 3, "snapshots": 2}
    assert len(feed.sent) == 1


def test_second_gap_asks_again_only_for_books_that_were_fresh(feed: Feed) -> None:
    feed.kinds(wire.delta(5), wire.snapshot(6))
    event = feed.take(wire.delta(9))
    assert event.suspects == (feed.rain,)
    assert [each["params"]["market_tickers"] for each in feed.sent] == [[RAIN, SNOW], [RAIN]]


def test_gap_shown_by_a_snapshot_spares_the_snapshots_own_market(feed: Feed) -> None:
    event = feed.take(wire.snapshot(6, yes=[["0.4000", "1.00"]]))
    assert (event.kind, event.gap, event.bids, event.suspects) == (
        EventKind.SNAPSHOT,
        True,
        [(4000, 100)],
        (feed.snow,),
    )
    assert [each["params"]["market_tickers"] for each in feed.sent] == [[SNOW]]
    assert feed.waiting() == [SNOW]


@pytest.mark.parametrize(
    "frame",
    [
        wire.ok(5),
        wire.frame(type="unsubscribed", sid=1, seq=5),
        wire.frame(type="event_fee_update", sid=1, seq=5, msg={}),
        wire.delta(5, symbol="KXOTHER"),
        wire.snapshot(5, symbol="KXOTHER"),
        wire.error(11, sid=1, seq=5),
    ],
    ids=["ok", "unsubscribed", "unknown-type", "unknown-market", "unknown-snapshot", "error"],
)
def test_every_frame_with_a_number_can_show_a_gap(feed: Feed, frame: bytes) -> None:
    event = feed.take(frame)
    assert (event.gap, event.suspects) == (True, (feed.rain, feed.snow))
    assert [each["params"]["action"] for each in feed.sent] == ["get_snapshot"]


@pytest.mark.parametrize(
    "frame",
    [wire.ok(3), wire.frame(type="order_group_updates", sid=1, seq=3, msg={}), wire.delta(3, symbol="KXOTHER")],
    ids=["ok", "unknown-type", "unknown-market"],
)
def test_every_frame_with_a_number_moves_its_stream_on(feed: Feed, frame: bytes) -> None:
    assert feed.take(frame).gap is False
    assert feed.kinds(wire.delta(3), wire.delta(4)) == [EventKind.CONTROL, EventKind.DELTA]
    assert feed.dialect.counts.duplicates == 1


def test_frames_without_a_number_leave_the_streams_alone(feed: Feed) -> None:
    kinds = feed.kinds(
        wire.frame(type="ticker", sid=3, msg={"market_ticker": RAIN}),
        wire.frame(type="ok", id=4, msg=[{"channel": BOOK, "sid": 1}]),
        wire.delta(3),
    )
    assert kinds == [EventKind.CONTROL, EventKind.CONTROL, EventKind.DELTA]


@pytest.mark.parametrize("frame", [wire.delta(2), wire.snapshot(2, SNOW, yes=[["0.4000", "1.00"]])])
def test_duplicate_is_dropped(feed: Feed, frame: bytes) -> None:
    event = feed.take(frame)
    assert (event.kind, event.gap, event.commands) == (EventKind.CONTROL, False, [])
    assert feed.counts() == {"duplicates": 1}
    assert feed.take(wire.delta(3)).kind == EventKind.DELTA


def test_duplicate_trade_is_dropped(feed: Feed) -> None:
    assert feed.kinds(wire.trade(7), wire.trade(7), wire.trade(8)) == [
        EventKind.TRADE,
        EventKind.CONTROL,
        EventKind.TRADE,
    ]


def test_lower_number_is_a_reset_and_resynced_like_a_gap() -> None:
    feed = Feed()
    feed.kinds(wire.subscribed(BOOK, 1), wire.snapshot(900), wire.snapshot(901, SNOW))
    event = feed.take(wire.delta(4))
    assert (event.kind, event.suspects) == (EventKind.GAP, (feed.rain, feed.snow))
    assert event.text == "stream 1 (orderbook_delta): 4 came where 902 was due"
    assert feed.counts() == {"resets": 1, "snapshots": 2}
    assert feed.kinds(wire.snapshot(5), wire.delta(6)) == [EventKind.SNAPSHOT, EventKind.DELTA]


def test_streams_are_counted_apart(feed: Feed) -> None:
    kinds = feed.kinds(wire.delta(3), wire.trade(900), wire.delta(4), wire.trade(901))
    assert kinds == [EventKind.DELTA, EventKind.TRADE, EventKind.DELTA, EventKind.TRADE]
    assert feed.counts() == {"trades": 2}


def test_gap_on_one_of_two_book_streams_spares_the_other() -> None:
    feed = Feed()
    feed.kinds(wire.snapshot(1), wire.snapshot(1, SNOW, sid=5))
    assert feed.take(wire.delta(3)).suspects == (feed.rain,)
    assert feed.sent[-1]["params"]["sids"] == [1]
    assert feed.take(wire.delta(2, symbol=SNOW, sid=5)).kind == EventKind.DELTA


def test_unchecked_sequence_passes_a_filtered_recording() -> None:
    feed = Feed(check_sequence=False)
    kinds = feed.kinds(wire.snapshot(1), wire.delta(90), wire.delta(90), wire.delta(4), wire.trade(8), wire.trade(99))
    assert kinds == [
        EventKind.SNAPSHOT,
        EventKind.DELTA,
        EventKind.DELTA,
        EventKind.DELTA,
        EventKind.TRADE,
        EventKind.TRADE,
    ]
    assert feed.counts() == {"snapshots": 1, "trades": 2}
