"""What Kalshi's dialect asks of the venue, and what it makes of the answers."""

import json
from typing import cast

import pytest

from engine.instrument import Instrument
from engine.venue import EventKind
from engine.venue.kalshi.market_data import KalshiMarketData
from engine.venue.kalshi.signing import SigningKey
from engine.venue.kalshi.subscriptions import BOOK, TICKER, TRADES
from tests.support import kalshi_wire as wire
from tests.support.kalshi_feed import CENT, Feed
from tests.support.kalshi_wire import RAIN, SNOW


def test_subscribe_names_every_market_in_chunks_with_the_price_flag_explicit() -> None:
    instruments = [Instrument(f"KX{i}", i, CENT) for i in range(5)]
    for use_yes_price in (False, True):
        dialect = KalshiMarketData(instruments, channels=(BOOK, TRADES, TICKER), use_yes_price=use_yes_price, chunk=2)
        sent = [json.loads(each) for each in dialect.subscribe()]
        assert [each["id"] for each in sent] == [1, 2, 3]
        assert {each["cmd"] for each in sent} == {"subscribe"}
        assert [each["params"]["market_tickers"] for each in sent] == [["KX0", "KX1"], ["KX2", "KX3"], ["KX4"]]
        assert sent[0]["params"]["channels"] == [BOOK, TRADES, TICKER]
        assert [each["params"]["use_yes_price"] for each in sent] == [use_yes_price] * 3


def test_new_connection_starts_ids_streams_and_books_anew(feed: Feed) -> None:
    assert [json.loads(each)["id"] for each in feed.dialect.subscribe()] == [1]
    assert feed.waiting() == [RAIN, SNOW]
    assert feed.kinds(wire.delta(41), wire.snapshot(42), wire.delta(43)) == [
        EventKind.CONTROL,
        EventKind.SNAPSHOT,
        EventKind.DELTA,
    ]
    assert "gaps" not in feed.counts()


def test_resync_asks_on_the_stream_of_each_market_and_ignores_levels_until_then(feed: Feed) -> None:
    assert [json.loads(each)["params"] for each in feed.dialect.resync([feed.snow])] == [
        {"sids": [1], "action": "get_snapshot", "market_tickers": [SNOW]}
    ]
    kinds = feed.kinds(wire.delta(3), wire.delta(4, symbol=SNOW), wire.snapshot(5, SNOW), wire.delta(6, symbol=SNOW))
    assert kinds == [EventKind.DELTA, EventKind.CONTROL, EventKind.SNAPSHOT, EventKind.DELTA]


def test_resync_of_a_market_without_a_snapshot_uses_the_acknowledged_stream() -> None:
    feed = Feed()
    feed.take(wire.subscribed(BOOK, 9))
    assert json.loads(feed.dialect.resync([feed.rain])[0])["params"]["sids"] == [9]


def test_m7_resync_without_a_book_stream_subscribes_on_every_channel() -> None:
    feed = Feed()
    assert json.loads(feed.dialect.resync([feed.rain])[0])["params"] == {
        "channels": [BOOK, TRADES],
        "market_tickers": [RAIN],
        "use_yes_price": False,
        "skip_ticker_ack": True,
    }


@pytest.mark.parametrize("code", [10, 25])
def test_ended_book_subscription_is_opened_again_and_its_books_wait(feed: Feed, code: int) -> None:
    feed.take(wire.delta(3))
    event = feed.take(wire.error(code, "Subscription buffer overflow", sid=1, seq=4))
    assert (event.kind, event.suspects) == (EventKind.REFUSED, (feed.rain, feed.snow))
    assert event.text.startswith(f"subscription 1 (orderbook_delta): error {code} (")
    assert [(each["cmd"], each["params"]["channels"]) for each in feed.sent] == [("subscribe", [BOOK])]
    assert feed.sent[0]["params"]["market_tickers"] == [RAIN, SNOW]
    kinds = feed.kinds(wire.subscribed(BOOK, 3, id=2), wire.snapshot(1, sid=3), wire.delta(2, sid=3))
    assert kinds == [EventKind.CONTROL, EventKind.SNAPSHOT, EventKind.DELTA]
    assert feed.waiting() == [SNOW]


def test_nothing_is_asked_for_on_an_ended_stream(feed: Feed) -> None:
    feed.take(wire.error(25, sid=1, seq=3))
    assert [json.loads(each)["cmd"] for each in feed.dialect.resync([feed.rain, feed.snow])] == ["subscribe"]
    feed.kinds(wire.subscribed(BOOK, 3, id=2), wire.snapshot(1, sid=3))
    assert [json.loads(each)["params"]["sids"] for each in feed.dialect.resync([feed.rain, feed.snow])] == [[3]]


def test_end_of_one_stream_leaves_the_markets_of_another_on_theirs(feed: Feed) -> None:
    feed.take(wire.snapshot(1, SNOW, sid=5))
    feed.take(wire.error(25, sid=2, seq=2))
    assert [json.loads(each)["params"]["sids"] for each in feed.dialect.resync([feed.rain, feed.snow])] == [[1], [5]]


def test_ended_trade_subscription_is_opened_again_and_books_stay(feed: Feed) -> None:
    feed.take(wire.trade(7))
    event = feed.take(wire.error(25, sid=2, seq=8))
    assert (event.suspects, feed.waiting()) == ((), [])
    assert [each["params"]["channels"] for each in feed.sent] == [[TRADES]]


def test_subscription_that_ends_before_it_delivered_is_not_opened_in_a_loop() -> None:
    feed = Feed()
    feed.take(wire.subscribed(BOOK, 1))
    feed.sent.clear()
    event = feed.take(wire.error(10, sid=1, seq=1))
    assert (event.kind, event.commands) == (EventKind.REFUSED, [])
    assert json.loads(feed.dialect.resync([feed.rain])[0])["cmd"] == "subscribe"


def test_refused_command_is_named_by_its_id(feed: Feed) -> None:
    feed.dialect.resync([feed.rain])
    event = feed.take(wire.error(13, "Unsupported action", id=2))
    assert event.kind == EventKind.REFUSED
    assert event.text == f"get_snapshot of {RAIN}: error 13 (unsupported action): Unsupported action"
    assert feed.counts() == {"refused": 1}


def test_refused_subscription_names_channels_and_markets() -> None:
    event = Feed().take(wire.error(8, "Unknown channel name", id=1))
    assert event.text == (
        f"subscribe to orderbook_delta, trade of {RAIN} and 1 more: error 8 (unknown channel): Unknown channel name"
    )


def test_complaint_of_an_unlisted_code_about_nothing_of_ours_is_still_told(feed: Feed) -> None:
    assert feed.take(wire.error(99, "new", id=77)).text == "the connection: error 99 (not listed): new"


def test_answered_commands_are_forgotten(feed: Feed) -> None:
    sent = 0
    for id_ in range(2, 5000):
        feed.dialect.resync([feed.rain])
        sent += len(feed.due(id_ * 10**12))
        if id_ % 2:
            feed.take(wire.ok(id_ + 1, id=id_))
    assert sent > 4000
    assert len(feed.dialect._subscriptions._waiting) <= 1001


def test_handshake_is_unsigned_without_credentials_and_signed_with_them() -> None:
    assert Feed().dialect.handshake_headers(5) == {}

    class Credentials:
        def http_headers(self, method: str, path: str, now_ns: int) -> dict[str, str]:
            return {"signed": f"{now_ns}{method}{path}"}

    dialect = KalshiMarketData([], cast(SigningKey, Credentials()))
    assert dialect.handshake_headers(5) == {"signed": "5GET/trade-api/ws/v2"}
