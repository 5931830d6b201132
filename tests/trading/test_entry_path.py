"""Messages of many entries move the same books as frames do; the strategy runs at the end of the read."""

from collections.abc import Iterator
from typing import Any

import pytest

from engine.book import BID
from engine.errors import DecodeError
from engine.runtime.notices import NoticeKind
from engine.strategy import Strategy
from engine.trading.entry_path import EntryPath
from engine.venue import EventKind, MarketEvent
from tests.support.desks import Scene


class Message(list[MarketEvent | Exception]):
    """The events of one message; an exception among them is raised."""

    msg_type = "B"


class Scripted:
    """A dialect of such messages."""

    def decode(self, message: Message) -> Iterator[MarketEvent]:
        for each in message:
            if isinstance(each, Exception):
                raise each
            yield each

    def resync(self, instruments: Any) -> list[bytes]:
        return [f"again {each.symbol}".encode() for each in instruments]


class Watching(Strategy):
    """Writes down the best bid of each book that moved."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, int]] = []

    def on_book(self, book: Any) -> None:
        self.seen.append((book.instrument.symbol, book.best_bid))


class Feed(Scene):
    """A scene that hears messages."""

    def __init__(self) -> None:
        super().__init__(Watching())
        dialect: Any = Scripted()
        self.path = EntryPath(self.loop, dialect)

    def hear(self, *events: MarketEvent | Exception) -> None:
        message: Any = Message(events)
        self.path.on_message(message)

    def level(self, price: int, size: int, *, snow: bool = False) -> MarketEvent:
        event = MarketEvent(EventKind.LEVEL)
        event.instrument = self.snow if snow else self.rain
        event.side, event.price, event.size = BID, price, size
        return event


@pytest.fixture
def feed() -> Feed:
    return Feed()


def test_levels_move_books_and_the_strategy_runs_once_a_book(feed: Feed) -> None:
    feed.now_ns = 5_000
    feed.hear(feed.level(4_550 - 50, 700), feed.level(4_500, 0), feed.level(4_400, 50, snow=True))
    assert feed.strategy.seen == [] and feed.loop.last_frame_ns == 5_000
    feed.hear(feed.level(4_400, 300))
    feed.loop.on_read_end()
    assert sorted(feed.strategy.seen) == [("RAIN", 4_400), ("SNOW", 4_500)]
    assert (feed.loop.counters.frames, feed.loop.counters.book_updates) == (2, 4)
    assert feed.risk.heard_ns == 5_000
    feed.loop.on_read_end()
    assert len(feed.strategy.seen) == 2


def test_entry_that_contradicts_its_book_has_it_asked_for_anew(feed: Feed) -> None:
    feed.taken()
    feed.hear(feed.level(4_550, 100), feed.level(4_400, 70, snow=True))
    assert ("command", b"again RAIN") in feed.taken()
    assert feed.books[0].is_stale and not feed.books[1].is_stale
    assert [notice.kind for notice in feed.loop.notices.all()] == [NoticeKind.BOOK_CONTRADICTED]


def test_message_that_cannot_be_read_is_told_and_those_before_hold(feed: Feed) -> None:
    feed.hear(feed.level(4_400, 70), DecodeError("tag 271: no"), feed.level(4_400, 90))
    assert feed.books[0].depth(BID, 9)[1] == (4_400, 70)
    assert feed.loop.counters.bad_frames == 1
    assert [(each.kind, each.text) for each in feed.loop.notices.all()] == [
        (NoticeKind.FRAME_UNREADABLE, "tag 271: no")
    ]


def test_message_in_which_nothing_is_known_is_told(feed: Feed) -> None:
    feed.hear()
    (notice,) = feed.loop.notices.all()
    assert (notice.kind, notice.text) == (
        NoticeKind.MESSAGE_UNKNOWN, "MsgType(35) B of market data: nothing in it that is known"
    )  # fmt: skip
    assert feed.loop.counters.unknown_frames == 1


def test_suspects_are_stale_and_their_requests_leave(feed: Feed) -> None:
    event = MarketEvent(EventKind.UNKNOWN)
    event.suspects, event.commands = (feed.rain,), [b"V"]
    feed.taken()
    feed.hear(event)
    assert feed.books[0].is_stale and ("command", b"V") in feed.taken()


def test_message_that_the_session_did_not_take_counts_and_costs_its_books(feed: Feed) -> None:
    event = MarketEvent(EventKind.UNKNOWN)
    event.suspects = (feed.snow,)
    feed.path.on_missed(event)
    assert feed.books[1].is_stale and feed.loop.counters.bad_frames == 1


def test_snapshots_and_trades_go_on_as_of_frames(feed: Feed) -> None:
    feed.loop.watch.lost("gone")
    event = MarketEvent(EventKind.SNAPSHOT)
    event.instrument, event.bids, event.asks = feed.rain, [(4_100, 5)], []
    feed.hear(event)
    assert not feed.books[0].is_stale and feed.books[0].best_bid == 4_100 and feed.books[1].is_stale
    trade = MarketEvent(EventKind.TRADE)
    trade.instrument, trade.side, trade.price, trade.size = feed.rain, BID, 4_100, 5
    feed.taken()
    feed.hear(trade)
    assert ("strategy.on_trade", "RAIN", BID, 4_100, 5) in feed.taken()
