"""Markets that come and go on a connection, channels that end, and what the venue says is subscribed."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind
from engine.venue import EventKind
from engine.venue.kalshi.market_data import KalshiMarketData
from engine.venue.kalshi.repairs import PATIENCE_NS
from engine.venue.kalshi.subscriptions import BOOK, COMBO_LIFECYCLE, FILLS, LIFECYCLE, TICKER, TRADES
from tests.support import kalshi_wire as wire
from tests.support.kalshi_feed import CENT, Feed
from tests.support.kalshi_wire import RAIN, SNOW

WIND = Instrument("KXDEMOWIND-26DEC01-T20", 2, CENT)


def read(frames: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(each) for each in frames]


def test_market_added_before_the_connection_is_subscribed_with_the_others() -> None:
    dialect = KalshiMarketData([], lifecycle=True)
    assert dialect.add([WIND]) == []
    first, second = read(dialect.subscribe())
    assert (first["params"]["market_tickers"], second["params"]) == ([WIND.symbol], {"channels": [LIFECYCLE]})


def test_market_added_joins_the_streams_and_has_its_book(feed: Feed) -> None:
    commands = read(feed.dialect.add([WIND, feed.rain]))
    assert [each["params"] for each in commands] == [
        {"sids": [sid], "action": "add_markets", "market_tickers": [WIND.symbol]} for sid in (1, 2)
    ]
    assert feed.waiting() == [WIND.symbol]
    kinds = feed.kinds(
        wire.ok(3, id=commands[0]["id"]),
        wire.snapshot(4, WIND.symbol),
        wire.delta(5, symbol=WIND.symbol),
        wire.trade(1, "0.4100", symbol=WIND.symbol),
    )
    assert kinds == [EventKind.CONTROL, EventKind.SNAPSHOT, EventKind.DELTA, EventKind.TRADE]


def test_market_added_before_a_stream_is_open_is_subscribed() -> None:
    feed = Feed()
    feed.take(wire.subscribed(TRADES, 2))
    add, subscribe = read(feed.dialect.add([WIND]))
    assert (add["params"]["sids"], subscribe["params"]["channels"]) == ([2], [BOOK])


def test_first_combination_brings_its_own_lifecycle_channel() -> None:
    dialect = KalshiMarketData([], lifecycle=True)
    dialect.subscribe()
    combo = Instrument("KXMVE-1", 0, CENT)
    assert [each["params"]["channels"] for each in read(dialect.add([combo]))] == [[BOOK, TRADES], [COMBO_LIFECYCLE]]
    assert [each["params"]["channels"] for each in read(dialect.subscribe())][1:] == [[LIFECYCLE], [COMBO_LIFECYCLE]]


@pytest.mark.parametrize("code", [7, 13])
def test_market_that_cannot_be_added_is_subscribed_or_given_up(feed: Feed, code: int) -> None:
    (add, *_) = read(feed.dialect.add([WIND]))
    event = feed.take(wire.error(code, id=add["id"]))
    if code == 7:
        assert [each["params"]["channels"] for each in feed.sent] == [[BOOK]]
        assert feed.sent[0]["params"]["market_tickers"] == [WIND.symbol]
    assert [each.symbol for each in event.refused] == ([] if code == 7 else [WIND.symbol])


def test_market_removed_leaves_the_streams_and_what_still_comes_costs_nothing(feed: Feed) -> None:
    commands = read(feed.dialect.remove([feed.rain]))
    assert [each["params"] for each in commands] == [
        {"sids": [sid], "action": "delete_markets", "market_tickers": [RAIN]} for sid in (1, 2)
    ]
    frames = [wire.delta(3), wire.trade(1), wire.delta(4, symbol=SNOW)]
    assert feed.kinds(*frames) == [EventKind.CONTROL, EventKind.CONTROL, EventKind.DELTA]
    assert feed.counts() == {}
    feed.kinds(wire.ok(5, id=commands[0]["id"]), wire.ok(2, id=commands[1]["id"], sid=2))
    assert feed.take(wire.delta(6)).kind == EventKind.UNKNOWN
    assert feed.counts() == {"unknown_markets": 1}
    assert feed.waiting() == []
    assert [each["params"]["market_tickers"] for each in read(feed.dialect.subscribe())] == [[SNOW]]


def test_market_removed_before_it_was_subscribed_is_left_once_it_is() -> None:
    feed = Feed()
    assert feed.dialect.remove([feed.rain]) == []
    feed.take(wire.subscribed(BOOK, 1))
    (leave,) = feed.sent[1:]
    assert leave["params"] == {"sids": [1], "action": "delete_markets", "market_tickers": [RAIN]}
    assert feed.take(wire.snapshot(1)).kind == EventKind.CONTROL


def test_market_removed_twice_or_by_another_of_its_name_stays_as_it_is(feed: Feed) -> None:
    assert feed.dialect.remove([Instrument(RAIN, 9, CENT)]) == []
    feed.dialect.remove([feed.rain])
    assert feed.dialect.remove([feed.rain]) == []


def test_market_that_comes_back_is_another_one(feed: Feed) -> None:
    feed.dialect.remove([feed.snow])
    again = Instrument(SNOW, 7, CENT)
    feed.dialect.add([again])
    event = feed.take(wire.snapshot(3, SNOW))
    assert (event.kind, event.instrument) == (EventKind.SNAPSHOT, again)


def test_departure_refused_for_a_passing_reason_is_asked_for_again(feed: Feed) -> None:
    book, _ = read(feed.dialect.remove([feed.rain]))
    feed.due(10**9)
    assert feed.take(wire.error(27, id=book["id"])).commands == []
    (again,) = feed.due(10**9 + PATIENCE_NS)
    assert again["params"] == {"sids": [1], "action": "delete_markets", "market_tickers": [RAIN]}


@pytest.mark.parametrize(("code", "is_told"), [(27, False), (7, True), (11, True)])
def test_frames_of_a_market_that_cannot_be_left_are_told(feed: Feed, code: int, is_told: bool) -> None:
    for command in read(feed.dialect.remove([feed.rain])):
        feed.take(wire.error(code, id=command["id"]))
    assert (feed.take(wire.delta(3)).kind == EventKind.UNKNOWN) is is_told


def test_markets_that_roll_through_leave_nothing_behind(feed: Feed) -> None:
    """2000 markets, two at a time; every fifth command is refused and asked for again."""
    subscriptions, repairs = feed.dialect._subscriptions, feed.dialect._repairs
    queue: list[bytes] = []
    alive: list[Instrument] = []
    answered = 0
    for number in range(2000):
        market = Instrument(f"KXROLL-{number}", number, CENT)
        queue += feed.dialect.add([market])
        queue += feed.dialect.remove(alive)
        alive = [market]
        while queue:
            command = json.loads(queue.pop(0))
            answered += 1
            sid = (command["params"].get("sids") or [1])[0]
            is_refused = answered % 5 == 0
            reply = wire.error(27, id=command["id"]) if is_refused else wire.frame(type="ok", id=command["id"], sid=sid)
            queue += feed.dialect.decode(reply).commands
        queue += feed.dialect.due((number + 1) * 10**9)
    for second in range(100):
        for frame in queue + feed.dialect.due((2001 + second) * 10**9):
            feed.dialect.decode(wire.frame(type="ok", id=json.loads(frame)["id"], sid=1))
        queue.clear()
    assert subscriptions.departing == {}
    assert len(feed.dialect._markets) < 6
    assert len(subscriptions._waiting) < 10
    assert len(repairs._queue) + len(repairs._troubles) + len(repairs._costly) < 20


def test_repairs_of_a_market_that_was_removed_are_left_out() -> None:
    feed = Feed(channels=(BOOK,))
    feed.take(wire.error(18, id=1))
    feed.due(10**9)
    feed.dialect.remove([feed.rain])
    (again,) = feed.due(10**9 + PATIENCE_NS)
    assert again["params"]["market_tickers"] == [SNOW]
    feed.dialect.resync([feed.rain, feed.snow])
    assert feed.take(wire.error(11, id=again["id"])).refused == (feed.snow,)


def test_channel_given_up_ends_for_good() -> None:
    feed = Feed(channels=(BOOK, TICKER, FILLS))
    feed.kinds(wire.subscribed(BOOK, 1), wire.subscribed(TICKER, 2), wire.subscribed(FILLS, 3, id=2))
    (command,) = read(feed.dialect.unsubscribe(TICKER))
    assert (command["cmd"], command["params"]) == ("unsubscribe", {"sids": [2]})
    event = feed.take(wire.frame(type="unsubscribed", id=command["id"], sid=2, seq=1))
    assert (event.kind, event.commands, event.notices) == (EventKind.CONTROL, [], ())
    feed.dialect.unsubscribe(FILLS)
    assert [each["params"]["channels"] for each in read(feed.dialect.subscribe())] == [[BOOK]]
    assert feed.dialect.unsubscribe(TICKER) == []


def test_books_that_nobody_asked_for_are_no_fault_of_the_connection() -> None:
    feed = Feed(channels=(TRADES,))
    for second in range(1000):
        assert feed.due(second * 10**9) == []
    assert (feed.dialect.fault, feed.waiting()) == ("", [])


def test_books_wait_when_their_channel_ends_unasked_and_it_is_opened_anew(feed: Feed) -> None:
    event = feed.take(wire.frame(type="unsubscribed", sid=1, seq=3))
    assert event.suspects == (feed.rain, feed.snow)
    assert [kind for kind, _ in event.notices] == [NoticeKind.SUBSCRIPTION_REFUSED]
    assert [each["params"]["channels"] for each in feed.sent] == [[BOOK]]


def test_listing_that_agrees_says_nothing(feed: Feed) -> None:
    (command,) = read(feed.dialect.list_subscriptions())
    assert command["cmd"] == "list_subscriptions"
    listed = [{"channel": BOOK, "sid": 1}, {"channel": TRADES, "sid": 2}]
    event = feed.take(wire.frame(type="ok", id=command["id"], msg=listed))
    assert (event.kind, event.notices, event.commands) == (EventKind.CONTROL, (), [])


def test_listing_without_a_stream_of_ours_opens_it_anew_and_tells_of_others(feed: Feed) -> None:
    (command,) = read(feed.dialect.list_subscriptions())
    listed = [{"channel": TRADES, "sid": 2}, {"channel": "ticker", "sid": 8}]
    event = feed.take(wire.frame(type="ok", id=command["id"], msg=listed))
    assert event.suspects == (feed.rain, feed.snow)
    assert [each["params"]["channels"] for each in feed.sent] == [[BOOK]]
    assert [text for _, text in event.notices] == [
        f"the venue has no subscription to {BOOK}",
        "subscription 8 (ticker) is none of ours",
    ]


def test_listing_in_another_form_is_told(feed: Feed) -> None:
    (command,) = read(feed.dialect.list_subscriptions())
    event = feed.take(wire.frame(type="ok", id=command["id"], msg={"subscriptions": []}))
    assert [kind for kind, _ in event.notices] == [NoticeKind.MESSAGE_UNKNOWN]
    assert event.suspects == ()


@pytest.mark.parametrize("use_yes_price", [False, True])
def test_book_crossed_from_the_first_on_is_told_with_the_scale_that_it_would_fit(use_yes_price: bool) -> None:
    feed = Feed(use_yes_price=use_yes_price)
    no = "0.3000" if use_yes_price else "0.7000"  # an ask at 0.30 as it is read, at 0.70 on the other scale
    event = feed.take(wire.snapshot(1, yes=[["0.6000", "1.00"]], no=[[no, "2.00"]]))
    ((kind, text),) = event.notices
    assert (event.kind, kind) == (EventKind.SNAPSHOT, NoticeKind.BOOK_CROSSED)
    assert text == (
        f"{RAIN}: crossed from the first: bid 0.6000, ask 0.3000; it would not be on the other price scale: "
        "use_yes_price is wrong, or not obeyed"
    )
    assert feed.take(wire.snapshot(2, yes=[["0.6000", "1.00"]], no=[[no, "2.00"]])).notices == ()
    assert feed.counts() == {"crossed": 1, "snapshots": 2}


def test_book_that_is_sound_at_first_or_crossed_on_both_scales_says_nothing_of_the_scale(feed: Feed) -> None:
    feed.dialect.subscribe()
    event = feed.take(wire.snapshot(3, yes=[["0.4000", "1.00"]], no=[["0.5500", "1.00"]]))
    assert event.notices == ()
    event = feed.take(wire.snapshot(4, SNOW, yes=[["0.6000", "1.00"]], no=[["0.5000", "1.00"]]))
    ((_, text),) = event.notices
    assert text == f"{SNOW}: crossed from the first: bid 0.6000, ask 0.5000"


MARKETS = [Instrument(f"KX{i}", i, CENT) for i in range(6)]
STEP = st.tuples(st.sampled_from(["add", "remove", "answer", "connect", "refuse"]), st.integers(0, 5))


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=40))
def test_venue_carries_in_the_end_what_we_have(steps: list[tuple[str, int]]) -> None:
    """A venue that answers late, and refuses for passing reasons, has the same markets as we in the end."""
    dialect = KalshiMarketData([], channels=(BOOK,))
    queue: list[dict[str, Any]] = []
    carried: set[str] = set()
    ours: set[str] = set()
    seq = 0

    def answer(code: int = 0) -> None:
        nonlocal seq
        command = queue.pop(0)
        symbols = command["params"].get("market_tickers", [])
        is_leaving = command["params"].get("action") == "delete_markets"
        if code:
            reply = wire.error(code, id=command["id"])
        elif command["cmd"] == "subscribe":
            reply = wire.subscribed(BOOK, 1, command["id"])
        else:
            seq += 1
            reply = wire.ok(seq, id=command["id"])
        if not code:
            (carried.difference_update if is_leaving else carried.update)(symbols)
        queue.extend(read(dialect.decode(reply).commands))

    queue.extend(read(dialect.subscribe()))
    for step, place in steps:
        if step == "add":
            ours.add(MARKETS[place].symbol)
            queue.extend(read(dialect.add([MARKETS[place]])))
        elif step == "remove":
            ours.discard(MARKETS[place].symbol)
            queue.extend(read(dialect.remove([MARKETS[place]])))
        elif step == "connect":
            carried.clear()
            seq = 0
            queue[:] = read(dialect.subscribe())
        elif queue:
            answer(27 if step == "refuse" else 0)
    for second in range(1, 400):
        while queue:
            answer()
        asked = read(dialect.due(second * 10**9))
        queue.extend(each for each in asked if each["params"].get("action") != "get_snapshot")
    assert carried == ours
