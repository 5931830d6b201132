"""What Kalshi's dialect does with refusals: it goes round them, at a pace, and gives up what is at fault alone."""

import json
from typing import Any

import pytest

from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind
from engine.venue import EventKind, MarketEvent
from engine.venue.kalshi.market_data import KalshiMarketData
from engine.venue.kalshi.repairs import AT_ONCE, LIMIT, LONGEST_NS, MOST, PATIENCE_NS
from engine.venue.kalshi.subscriptions import BOOK, LIFECYCLE, TRADES
from tests.support import kalshi_wire as wire
from tests.support.kalshi_feed import CENT, Feed
from tests.support.kalshi_wire import RAIN, SNOW

S = 1_000_000_000


class StrictVenue:
    """Answers subscriptions as the venue does: a list with one ticker that it does not know is refused whole."""

    def __init__(self, count: int, unknown: set[str], **options: Any) -> None:
        self.instruments = [Instrument(f"KX{i:03}", i, CENT) for i in range(count)]
        self.dialect = KalshiMarketData(self.instruments, **options)
        self.unknown = unknown
        self.code = 11
        self.passing = 0  # refusals still to come for a passing reason
        self.commands: list[dict[str, Any]] = []
        self.events: list[tuple[int, tuple[str, ...]]] = []
        self.refused: list[str] = []
        self.seq = 0

    def run(self, frames: list[bytes]) -> None:
        """Answer commands, and the commands that follow from the answers."""
        queue = [json.loads(each) for each in frames]
        while queue:
            command = queue.pop(0)
            self.commands.append(command)
            for answer in self.answers(command):
                event = self.dialect.decode(answer)
                self.note(event)
                queue += [json.loads(each) for each in event.commands]

    def note(self, event: MarketEvent) -> None:
        if event.kind == EventKind.REFUSED:
            assert (NoticeKind.SUBSCRIPTION_REFUSED, event.text) in event.notices
        self.refused += [each.symbol for each in event.refused]

    def answers(self, command: dict[str, Any]) -> list[bytes]:
        params, id_ = command["params"], command["id"]
        if self.passing:
            self.passing -= 1
            return [wire.error(18, "command timeout", id=id_)]
        symbols = params.get("market_tickers", [])
        if bad := [each for each in symbols if each in self.unknown]:
            return [wire.error(self.code, f"no market {bad[0]}", id=id_)]
        if command["cmd"] != "subscribe":
            return [self.snapshot(symbol) for symbol in symbols]
        frames = [wire.subscribed(channel, sid, id_) for sid, channel in enumerate(params["channels"], 1)]
        return frames + [self.snapshot(symbol) for symbol in symbols if BOOK in params["channels"]]

    def snapshot(self, symbol: str) -> bytes:
        self.seq += 1
        return wire.snapshot(self.seq, symbol)

    def waiting(self) -> list[str]:
        return [each.symbol for each in self.dialect.waiting()]


@pytest.mark.parametrize("unknown", [{"KX004"}, {"KX000", "KX008"}, {"KX003", "KX004", "KX005"}, set()])
def test_m1_markets_that_the_venue_knows_go_on_without_the_one_that_it_does_not(unknown: set[str]) -> None:
    venue = StrictVenue(9, unknown)
    venue.run(venue.dialect.subscribe())
    assert venue.waiting() == []
    assert sorted(venue.refused) == sorted(unknown)
    assert venue.dialect.counts.snapshots == 9 - len(unknown)
    assert len(venue.commands) <= 1 + 2 * 4 * len(unknown)
    assert venue.dialect.due(100 * S) == venue.dialect.due(200 * S) == []


def test_m1_a_refused_market_is_named_with_the_venues_words() -> None:
    feed = Feed()
    feed.take(wire.error(11, "Invalid parameter", id=1))
    assert [each["params"]["market_tickers"] for each in feed.sent[1:]] == [[RAIN], [SNOW]]
    event = feed.take(wire.error(11, f"unknown market {RAIN}", id=2))
    assert (event.kind, event.instrument, event.refused) == (EventKind.REFUSED, feed.rain, (feed.rain,))
    words = f"subscribe to orderbook_delta, trade of {RAIN}: error 11 (invalid parameter): unknown market {RAIN}"
    assert event.notices == ((NoticeKind.SUBSCRIPTION_REFUSED, words),)


def test_m1_a_refused_market_stands_alone_on_the_next_connection() -> None:
    venue = StrictVenue(5, {"KX002"})
    venue.run(venue.dialect.subscribe())
    again = [json.loads(each)["params"]["market_tickers"] for each in venue.dialect.subscribe()]
    assert again == [["KX000", "KX001", "KX003", "KX004"], ["KX002"]]
    assert venue.waiting() == [f"KX00{i}" for i in range(5)]


def test_m1_a_venue_that_refuses_everything_gets_a_bounded_number_of_commands_at_a_time() -> None:
    venue = StrictVenue(1000, {f"KX{i:03}" for i in range(1000)})
    venue.run(venue.dialect.subscribe())
    assert len(venue.commands) <= 10 + MOST
    rounds = 0
    while frames := venue.dialect.due(rounds * S):
        assert len(frames) <= MOST
        venue.run(frames)
        rounds += 1
    assert len(venue.refused) == 1000
    assert len(venue.commands) < 2 * 1000 + 10


def test_m1_a_refused_channel_costs_that_channel_alone() -> None:
    feed = Feed()
    event = feed.take(wire.error(9, "access required", id=1))
    assert [each["params"]["channels"] for each in feed.sent[1:]] == [[BOOK], [TRADES]]
    event = feed.take(wire.error(9, "access required", id=3))
    assert (event.refused, event.commands) == ((), [])
    assert feed.waiting() == [RAIN, SNOW]


def test_m1_books_that_may_not_be_read_are_refused_together() -> None:
    feed = Feed(channels=(BOOK,))
    event = feed.take(wire.error(9, "access required", id=1))
    assert (event.refused, event.commands) == ((feed.rain, feed.snow), [])


def test_m1_a_refused_market_is_asked_for_again_when_it_is_created(feed: Feed) -> None:
    feed.dialect.subscribe()
    for id_ in (1, 2):
        feed.take(wire.error(11, id=id_))
    assert feed.waiting() == [SNOW]
    feed.due(1 * S)
    feed.take(
        wire.frame(type="market_lifecycle_v2", sid=9, seq=1, msg={"event_type": "created", "market_ticker": RAIN})
    )
    assert feed.waiting() == [RAIN, SNOW]
    commands = feed.due(1 * S + PATIENCE_NS)
    assert [RAIN] in [each["params"]["market_tickers"] for each in commands]


def test_m7_a_chunk_refused_for_a_passing_reason_is_subscribed_again_on_every_channel() -> None:
    feed = Feed(chunk=1)
    feed.kinds(wire.subscribed(BOOK, 1, 1), wire.subscribed(TRADES, 2, 1), wire.snapshot(1))
    feed.sent.clear()
    event = feed.take(wire.error(18, "Command timeout", id=2))
    assert (event.kind, event.refused, event.commands) == (EventKind.REFUSED, (), [])
    assert feed.due(100 * S) == feed.due(100 * S + PATIENCE_NS - 1) == []
    (command,) = feed.due(100 * S + PATIENCE_NS)
    assert (command["cmd"], command["params"]["channels"]) == ("subscribe", [BOOK, TRADES])
    assert command["params"]["market_tickers"] == [SNOW]
    feed.kinds(wire.subscribed(BOOK, 1, 3), wire.subscribed(TRADES, 2, 3), wire.snapshot(2, SNOW))
    assert feed.waiting() == []
    assert feed.due(200 * S) == []


def test_m7_a_subscription_that_times_out_for_ever_is_tried_at_the_slowest_pace() -> None:
    venue = StrictVenue(2, set())
    venue.passing = 10**6
    venue.run(venue.dialect.subscribe())
    for second in range(600):
        venue.run(venue.dialect.due(second * S))
    assert 10 <= len(venue.commands) <= 600 * S // LONGEST_NS + 6
    venue.passing = 0
    for second in range(600, 661):
        venue.run(venue.dialect.due(second * S))
    assert venue.waiting() == []


def test_m7_a_level_counts_only_on_the_stream_of_its_market(feed: Feed) -> None:
    feed.take(wire.subscribed(BOOK, 5, id=9))
    event = feed.take(wire.delta(1, sid=5))
    assert (event.kind, event.suspects) == (EventKind.CONTROL, ())
    assert event.notices == ((NoticeKind.LEVEL_STRAY, f"{RAIN}: a level on stream 5, its book is on 1"),)
    assert feed.counts() == {"strays": 1}
    assert feed.kinds(wire.delta(3)) == [EventKind.DELTA]


def test_m7_a_stray_level_is_not_taken_for_the_next_of_its_market(feed: Feed) -> None:
    feed.take(wire.subscribed(BOOK, 5, id=9))
    assert feed.take(wire.delta(3, sid=5)).kind == EventKind.CONTROL  # 3 is due on stream 1
    assert feed.take(wire.delta(3)).kind == EventKind.DELTA


def test_m7_a_channel_that_was_accepted_is_not_asked_for_again() -> None:
    feed = Feed()
    feed.take(wire.subscribed(BOOK, 1))
    feed.take(wire.error(18, "Command timeout", id=1))  # of the other channel
    feed.due(1 * S)
    commands = feed.due(1 * S + PATIENCE_NS)
    assert [each["params"]["channels"] for each in commands] == [[TRADES]]


def test_m7_snapshots_are_asked_for_only_where_the_market_is() -> None:
    feed = Feed(chunk=1)
    feed.kinds(wire.subscribed(BOOK, 1, 1), wire.subscribed(TRADES, 2, 1), wire.snapshot(1))
    commands = [json.loads(each) for each in feed.dialect.resync([feed.rain, feed.snow])]
    assert [(each["cmd"], each["params"]["market_tickers"]) for each in commands] == [
        ("subscribe", [SNOW]),
        ("update_subscription", [RAIN]),
    ]
    assert commands[1]["params"]["sids"] == [1]


def test_m7_a_refused_snapshot_leads_to_a_subscription(feed: Feed) -> None:
    feed.dialect.resync([feed.rain])
    assert feed.take(wire.error(7, "Unknown subscription ID", id=2)).kind == EventKind.REFUSED
    assert feed.due(100 * S) == []
    assert [(each["cmd"], each["params"]["market_tickers"]) for each in feed.due(200 * S)] == [("subscribe", [RAIN])]


def test_m16_a_book_that_contradicts_each_snapshot_is_asked_for_at_a_pace_then_given_a_new_connection(
    feed: Feed,
) -> None:
    feed.due(1 * S)
    commands, seq, faulted_at = 0, 2, 0
    for tick in range(1, 900):
        if RAIN not in feed.waiting():
            commands += len(feed.dialect.resync([feed.rain]))
        asked = len(feed.due(1 * S + tick * S // 10))
        commands += asked
        if feed.dialect.fault and not faulted_at:
            faulted_at = tick
        seq += 1
        feed.take(wire.snapshot(seq))
    assert commands == LIMIT + 1
    assert feed.dialect.fault == f"{RAIN}: no snapshot that holds after {LIMIT} requests"
    assert 100 < faulted_at < 600


def test_m16_a_market_costs_one_connection_then_is_left_at_the_slowest_pace(feed: Feed) -> None:
    def wait(seconds: range) -> int:
        return sum(len(feed.due(second * S)) for second in seconds)

    wait(range(1, 2))
    feed.dialect.resync([feed.rain])
    wait(range(2, 200))
    assert feed.dialect.fault
    feed.dialect.subscribe()
    assert feed.dialect.fault == ""
    feed.kinds(wire.subscribed(BOOK, 1), wire.subscribed(TRADES, 2), wire.snapshot(1, SNOW))
    wait(range(200, 500))
    assert feed.dialect.fault == ""
    assert wait(range(500, 1100)) == 10


def test_m16_a_book_that_held_is_sound_again(feed: Feed) -> None:
    feed.due(1 * S)
    seq = 2
    for minute in range(1, 20):
        feed.due(minute * 60 * S)
        assert len(feed.dialect.resync([feed.rain])) == 1
        seq += 1
        feed.take(wire.snapshot(seq))
        feed.due((minute * 60 + 31) * S)
    assert feed.dialect.fault == ""


def test_m16_a_stream_that_the_venue_ends_again_and_again_is_opened_at_a_pace(feed: Feed) -> None:
    feed.due(1 * S)
    opened = []
    for sid in (1, *range(11, 17)):
        feed.take(wire.snapshot(3, sid=sid))
        event = feed.take(wire.error(25, sid=sid, seq=4))
        opened.append(len(event.commands))
    assert opened == [1] * AT_ONCE + [0] * 4
    assert feed.dialect.fault == "the venue ended orderbook_delta 7 times"


def test_m16_what_waits_to_be_asked_again_does_not_pile_up(feed: Feed) -> None:
    feed.due(1 * S)
    for sid in range(11, 900):
        feed.kinds(wire.snapshot(3, sid=sid), wire.error(25, sid=sid, seq=4))
    assert len(feed.dialect._repairs._queue) == 1
    assert len(feed.due(100 * S)) <= 2


def test_lifecycle_is_subscribed_without_markets_and_a_refusal_of_it_costs_nothing_else() -> None:
    feed = Feed(lifecycle=True)
    assert feed.sent[1] == {"id": 2, "cmd": "subscribe", "params": {"channels": [LIFECYCLE]}}
    event = feed.take(wire.error(9, "access required", id=2))
    assert (event.refused, event.commands) == ((), [])
    assert feed.waiting() == [RAIN, SNOW]


def test_lifecycle_of_combinations_is_a_channel_of_its_own() -> None:
    dialect = KalshiMarketData([Instrument("KXMVECROSS-1", 0, CENT), Instrument(RAIN, 1, CENT)], lifecycle=True)
    channels = [json.loads(each)["params"]["channels"] for each in dialect.subscribe()]
    assert channels == [[BOOK, TRADES], [LIFECYCLE], ["multivariate_market_lifecycle"]]


def test_a_peer_that_opens_streams_without_end_is_given_up(feed: Feed) -> None:
    for sid in range(10, 3000):
        feed.take(wire.frame(type="ok", sid=sid, seq=1))
    assert feed.dialect.fault == "more than 1000 streams on one connection"
    assert len(feed.dialect._subscriptions.streams) <= 1000
