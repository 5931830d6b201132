"""Kalshi's market-data dialect: each kind of frame, the sequence rules, and captured feeds against a plain replay."""

import json
import sys

import pytest

from engine import fix
from engine.book import ASK, BID
from engine.errors import ConfigError, DecodeError
from engine.instrument import Instrument, PriceBand
from engine.venue import EventKind
from engine.venue.kalshi.market_data import KalshiMarketData
from engine.venue.kalshi.subscriptions import BOOK, TICKER, TRADES
from tests.support import kalshi_wire as wire
from tests.support.captures import each_capture, frames
from tests.support.kalshi_wire import RAIN, SNOW, TS_MS

TAPERED = (PriceBand(0, 1000, 10), PriceBand(1000, 9000, 50), PriceBand(9000, 10000, 10))
CENT = (PriceBand(0, 10000, 100),)
COUNTS = ("duplicates", "gaps", "malformed", "missed", "off_grid", "refused", "resets", "snapshots", "trades")
COUNTS += ("unknown_markets", "unknown_types", "waiting")


class Feed:
    """A dialect with what a loop keeps of its events: the books that are sound, and the commands it sent."""

    def __init__(self, **options) -> None:
        self.rain = Instrument(RAIN, 0, TAPERED)
        self.snow = Instrument(SNOW, 1, CENT)
        self.dialect = KalshiMarketData([self.rain, self.snow], **options)
        self.sent = [json.loads(each) for each in self.dialect.subscribe()]

    def take(self, frame):
        event = self.dialect.decode(frame)
        self.sent += [json.loads(each) for each in event.commands]
        return event

    def kinds(self, *frames):
        return [self.take(frame).kind for frame in frames]

    def counts(self):
        return {name: count for name in COUNTS if (count := getattr(self.dialect.counts, name))}

    def waiting(self):
        return [each.symbol for each in self.dialect.waiting()]


@pytest.fixture
def feed():
    """Both books fresh at seq 2 of stream 1, trades on stream 2."""
    feed = Feed()
    feed.kinds(wire.subscribed(BOOK, 1), wire.subscribed(TRADES, 2), wire.snapshot(1), wire.snapshot(2, SNOW))
    feed.sent.clear()
    feed.dialect.counts.snapshots = 0
    return feed


def level(event):
    return (event.kind, event.instrument.symbol, event.side, event.price, event.size, event.seq, event.venue_time_ns)


# levels


def test_yes_delta_becomes_a_bid(feed) -> None:
    event = feed.take(wire.delta(3, "0.4150", "-25.00", "yes"))
    assert level(event) == (EventKind.DELTA, RAIN, BID, 4150, -2500, 3, TS_MS * 1_000_000)


def test_no_delta_becomes_the_ask_at_one_minus_its_price(feed) -> None:
    assert level(feed.take(wire.delta(3, "0.5700", "-85.50", "no")))[2:5] == (ASK, 4300, -8550)


@pytest.mark.parametrize(("use_yes_price", "price"), [(False, "0.3000"), (True, "0.7000")])
def test_both_price_scales_give_the_same_ask(use_yes_price, price) -> None:
    feed = Feed(use_yes_price=use_yes_price)
    event = feed.take(wire.snapshot(1, no=[[price, "5.00"]]))
    assert event.asks == [(7000, 500)]
    assert level(feed.take(wire.delta(2, price, "1.00", "no")))[2:5] == (ASK, 7000, 100)


@pytest.mark.parametrize("price", ["0.96", "0.960", "0.9600", "00.9600"])
def test_price_text_of_any_length_is_read_exactly(feed, price) -> None:
    assert level(feed.take(wire.delta(3, price)))[2:5] == (BID, 9600, 1000)
    assert level(feed.take(wire.delta(4, price, side="no")))[2:5] == (ASK, 400, 1000)


def test_delta_without_a_time_has_venue_time_zero(feed) -> None:
    message = json.loads(wire.delta(3))
    del message["msg"]["ts_ms"]
    assert feed.take(json.dumps(message).encode()).venue_time_ns == 0


def test_unknown_keys_and_another_order_of_keys_change_nothing(feed) -> None:
    message = json.loads(wire.delta(3, "0.4150", "7.00"))
    message["msg"] = dict(reversed((message["msg"] | {"last_update_reason": "Amend", "subaccount": 3}).items()))
    message = dict(reversed((message | {"sending_ts_ms": 5, "new": {"deep": [1, {}]}}).items()))
    assert level(feed.take(json.dumps(message, indent=1).encode()))[2:5] == (BID, 4150, 700)


def test_frame_may_be_a_memoryview(feed) -> None:
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


def test_level_of_size_zero_in_a_snapshot_is_left_out(feed) -> None:
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
def test_trade_has_the_yes_price_and_the_aggressors_side(feed, taker, side) -> None:
    event = feed.take(wire.trade(7, "0.4150", "25.00", taker))
    assert level(event) == (EventKind.TRADE, RAIN, side, 4150, 2500, 7, TS_MS * 1_000_000)
    assert feed.counts() == {"trades": 1}


def test_trade_in_the_deprecated_form_is_read() -> None:
    message = json.loads(wire.trade(7))
    message["msg"]["taker_side"] = message["msg"].pop("taker_outcome_side")
    assert Feed().take(json.dumps(message).encode()).side == fix.BUY


def test_trade_gap_is_counted_and_leaves_the_books_alone(feed) -> None:
    feed.take(wire.trade(7))
    event = feed.take(wire.trade(10))
    assert (event.kind, event.gap, event.suspects, event.commands) == (EventKind.TRADE, True, (), [])
    assert feed.counts() == {"trades": 2, "gaps": 1, "missed": 2}
    assert feed.waiting() == []


# sequence


def test_gap_makes_every_book_of_the_stream_suspect_and_asks_for_snapshots(feed) -> None:
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


def test_after_a_gap_each_snapshot_clears_its_own_market_only(feed) -> None:
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


def test_second_gap_asks_again_only_for_books_that_were_fresh(feed) -> None:
    feed.kinds(wire.delta(5), wire.snapshot(6))
    event = feed.take(wire.delta(9))
    assert event.suspects == (feed.rain,)
    assert [each["params"]["market_tickers"] for each in feed.sent] == [[RAIN, SNOW], [RAIN]]


def test_gap_shown_by_a_snapshot_spares_the_snapshots_own_market(feed) -> None:
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
def test_every_frame_with_a_number_can_show_a_gap(feed, frame) -> None:
    event = feed.take(frame)
    assert (event.gap, event.suspects) == (True, (feed.rain, feed.snow))
    assert [each["params"]["action"] for each in feed.sent] == ["get_snapshot"]


@pytest.mark.parametrize(
    "frame",
    [wire.ok(3), wire.frame(type="order_group_updates", sid=1, seq=3, msg={}), wire.delta(3, symbol="KXOTHER")],
    ids=["ok", "unknown-type", "unknown-market"],
)
def test_every_frame_with_a_number_moves_its_stream_on(feed, frame) -> None:
    assert feed.take(frame).gap is False
    assert feed.kinds(wire.delta(3), wire.delta(4)) == [EventKind.CONTROL, EventKind.DELTA]
    assert feed.dialect.counts.duplicates == 1


def test_frames_without_a_number_leave_the_streams_alone(feed) -> None:
    kinds = feed.kinds(
        wire.frame(type="ticker", sid=3, msg={"market_ticker": RAIN}),
        wire.frame(type="ok", id=4, msg=[{"channel": BOOK, "sid": 1}]),
        wire.delta(3),
    )
    assert kinds == [EventKind.CONTROL, EventKind.CONTROL, EventKind.DELTA]


@pytest.mark.parametrize("frame", [wire.delta(2), wire.snapshot(2, SNOW, yes=[["0.4000", "1.00"]])])
def test_duplicate_is_dropped(feed, frame) -> None:
    event = feed.take(frame)
    assert (event.kind, event.gap, event.commands) == (EventKind.CONTROL, False, [])
    assert feed.counts() == {"duplicates": 1}
    assert feed.take(wire.delta(3)).kind == EventKind.DELTA


def test_duplicate_trade_is_dropped(feed) -> None:
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


def test_streams_are_counted_apart(feed) -> None:
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


# what does not fit


def test_unknown_market_is_counted_and_named(feed) -> None:
    event = feed.take(wire.delta(3, symbol="KXOTHER"))
    assert (event.kind, event.text) == (EventKind.UNKNOWN, "market_ticker unknown: 'KXOTHER'")
    assert feed.take(wire.trade(7, symbol="KXOTHER")).kind == EventKind.UNKNOWN
    assert feed.counts() == {"unknown_markets": 2}


def test_unknown_type_is_counted_and_named(feed) -> None:
    event = feed.take(wire.frame(type="market_lifecycle_v2", sid=8, seq=77, msg={"event_type": "determined"}))
    assert (event.kind, event.text) == (EventKind.UNKNOWN, "message type unknown: 'market_lifecycle_v2'")
    assert feed.counts() == {"unknown_types": 1}


@pytest.mark.parametrize("price", ["0.4105", "0.0000", "1.0000", "1.5000", "-0.4000"])
def test_delta_off_the_grid_gives_up_its_book(feed, price) -> None:
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


def test_snapshot_off_the_grid_leaves_its_market_waiting(feed) -> None:
    event = feed.take(wire.snapshot(3, SNOW, yes=[["0.4150", "1.00"]]))
    assert (event.kind, event.text) == (EventKind.UNKNOWN, f"{SNOW}: a snapshot is off the price grid")
    assert (event.suspects, event.commands) == ((feed.snow,), [])
    assert feed.waiting() == [SNOW]


def test_off_grid_snapshot_behind_a_gap_asks_for_the_others_only(feed) -> None:
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
def test_malformed_frame_is_counted_and_named(feed, frame, text) -> None:
    with pytest.raises(DecodeError) as caught:
        feed.take(frame)
    assert text in str(caught.value)
    assert str(caught.value).startswith("market data unreadable: ")
    assert feed.counts() == {"malformed": 1}


@pytest.mark.parametrize(
    "frame",
    [wire.delta(3, price="0.40x"), wire.delta(3, side="maybe"), wire.snapshot(3, yes=[["", "1.00"]]), b"\x00"],
)
def test_malformed_frame_counts_as_lost_so_the_next_shows_a_gap(feed, frame) -> None:
    with pytest.raises(DecodeError):
        feed.take(frame)
    event = feed.take(wire.delta(4))
    assert (event.kind, event.suspects) == (EventKind.GAP, (feed.rain, feed.snow))


def test_snapshot_in_both_forms_is_read_from_the_text_form(feed) -> None:
    msg = {"market_ticker": RAIN, "yes": [[41, 300]], "yes_dollars_fp": [["0.4100", "300.50"]]}
    assert feed.take(wire.frame(type="orderbook_snapshot", sid=1, seq=3, msg=msg)).bids == [(4100, 30050)]


def test_instrument_without_a_grid_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="KXFREE has no price grid"):
        KalshiMarketData([Instrument("KXFREE", 0, None)])


# commands and replies


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


def test_new_connection_starts_ids_streams_and_books_anew(feed) -> None:
    assert [json.loads(each)["id"] for each in feed.dialect.subscribe()] == [1]
    assert feed.waiting() == [RAIN, SNOW]
    assert feed.kinds(wire.delta(41), wire.snapshot(42), wire.delta(43)) == [
        EventKind.CONTROL,
        EventKind.SNAPSHOT,
        EventKind.DELTA,
    ]
    assert "gaps" not in feed.counts()


def test_resync_asks_on_the_stream_of_each_market_and_ignores_levels_until_then(feed) -> None:
    assert [json.loads(each)["params"] for each in feed.dialect.resync([feed.snow])] == [
        {"sids": [1], "action": "get_snapshot", "market_tickers": [SNOW]}
    ]
    kinds = feed.kinds(wire.delta(3), wire.delta(4, symbol=SNOW), wire.snapshot(5, SNOW), wire.delta(6, symbol=SNOW))
    assert kinds == [EventKind.DELTA, EventKind.CONTROL, EventKind.SNAPSHOT, EventKind.DELTA]


def test_resync_of_a_market_without_a_snapshot_uses_the_acknowledged_stream() -> None:
    feed = Feed()
    feed.take(wire.subscribed(BOOK, 9))
    assert json.loads(feed.dialect.resync([feed.rain])[0])["params"]["sids"] == [9]


def test_resync_without_a_book_stream_subscribes() -> None:
    feed = Feed()
    assert json.loads(feed.dialect.resync([feed.rain])[0])["params"] == {
        "channels": [BOOK],
        "market_tickers": [RAIN],
        "use_yes_price": False,
        "skip_ticker_ack": True,
    }


@pytest.mark.parametrize("code", [10, 25])
def test_ended_book_subscription_is_opened_again_and_its_books_wait(feed, code) -> None:
    feed.take(wire.delta(3))
    event = feed.take(wire.error(code, "Subscription buffer overflow", sid=1, seq=4))
    assert (event.kind, event.suspects) == (EventKind.REFUSED, (feed.rain, feed.snow))
    assert event.text.startswith(f"subscription 1 (orderbook_delta): error {code} (")
    assert [(each["cmd"], each["params"]["channels"]) for each in feed.sent] == [("subscribe", [BOOK])]
    assert feed.sent[0]["params"]["market_tickers"] == [RAIN, SNOW]
    kinds = feed.kinds(wire.subscribed(BOOK, 3, id=2), wire.snapshot(1, sid=3), wire.delta(2, sid=3))
    assert kinds == [EventKind.CONTROL, EventKind.SNAPSHOT, EventKind.DELTA]
    assert feed.waiting() == [SNOW]


def test_nothing_is_asked_for_on_an_ended_stream(feed) -> None:
    feed.take(wire.error(25, sid=1, seq=3))
    assert [json.loads(each)["cmd"] for each in feed.dialect.resync([feed.rain, feed.snow])] == ["subscribe"]
    feed.kinds(wire.subscribed(BOOK, 3, id=2), wire.snapshot(1, sid=3))
    assert [json.loads(each)["params"]["sids"] for each in feed.dialect.resync([feed.rain, feed.snow])] == [[3]]


def test_end_of_one_stream_leaves_the_markets_of_another_on_theirs(feed) -> None:
    feed.take(wire.snapshot(1, SNOW, sid=5))
    feed.take(wire.error(25, sid=2, seq=2))
    assert [json.loads(each)["params"]["sids"] for each in feed.dialect.resync([feed.rain, feed.snow])] == [[1], [5]]


def test_ended_trade_subscription_is_opened_again_and_books_stay(feed) -> None:
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


def test_refused_command_is_named_by_its_id(feed) -> None:
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


def test_complaint_of_an_unlisted_code_about_nothing_of_ours_is_still_told(feed) -> None:
    assert feed.take(wire.error(99, "new", id=77)).text == "the connection: error 99 (not listed): new"


def test_answered_commands_are_forgotten(feed) -> None:
    for id_ in range(2, 5000):
        feed.dialect.resync([feed.rain])
        if id_ % 2:
            feed.take(wire.ok(id_ + 1, id=id_))
    assert len(feed.dialect._subscriptions._waiting) <= 1001


def test_handshake_is_unsigned_without_credentials_and_signed_with_them() -> None:
    assert Feed().dialect.handshake_headers(5) == {}

    class Credentials:
        def http_headers(self, method, path, now_ns):
            return {"signed": f"{now_ns}{method}{path}"}

    dialect = KalshiMarketData([], Credentials())
    assert dialect.handshake_headers(5) == {"signed": "5GET/trade-api/ws/v2"}


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
def test_captured_feed_gives_the_book_of_a_plain_replay(capture) -> None:
    symbol = capture.name.removesuffix(".ndjson.gz")
    dialect = KalshiMarketData([Instrument(symbol, 0, CENT)], check_sequence=False)
    ours, plain = {BID: {}, ASK: {}}, {"yes": {}, "no": {}}
    trades, plain_trades = [], []
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


def _replay(message, book, trades) -> None:
    """Follow the feed without a line of the engine."""
    msg = message["msg"]
    if message["type"] == "orderbook_snapshot":
        for side in book:
            book[side] = {price: _units(size, 2) for price, size in msg.get(f"{side}_dollars_fp", [])}
    elif message["type"] == "orderbook_delta":
        levels = book[msg["side"]]
        levels[msg["price_dollars"]] = levels.get(msg["price_dollars"], 0) + _units(msg["delta_fp"], 2)
    else:
        side = fix.BUY if msg["taker_side"] == "yes" else fix.SELL
        trades.append((side, _units(msg["yes_price_dollars"], 4), _units(msg["count_fp"], 2)))


def _units(text, places):
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(places, "0"))


def _assert_same(ours, plain) -> None:
    bids = {_units(price, 4): size for price, size in plain["yes"].items() if size}
    asks = {10_000 - _units(price, 4): size for price, size in plain["no"].items() if size}
    assert {price: size for price, size in ours[BID].items() if size} == bids
    assert {price: size for price, size in ours[ASK].items() if size} == asks
