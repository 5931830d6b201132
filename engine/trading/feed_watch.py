"""Watches whether the books can be believed: each has one, none stays crossed, and what they are told is not old.

A book that is missing or crossed for too long stops its market alone; the others trade. A connection that runs late or
is lost stops every market that is on it at once: all of them where the feed is one connection.

Units   durations and monotonic times in ns.
Errors  none: what is wrong is told, and stops what it concerns.
Cost    a look takes some of the books in turn, so that ten thousand cost no more than 0.1 ms of the loop.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from engine.book import Book
from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind, Notices
from engine.trading.feed_line import WatchedLine, seconds
from engine.trading.markets import UNSEEN, Markets, Stop, named
from engine.venue import MarketEvent

LOOKS = 20  # after so many looks every book was looked at
FEWEST = 64  # books of one look
SET_ASIDE = (Stop.REFUSED | Stop.CLOSED).value  # no book is waited for
MISSING = (Stop.REFUSED | Stop.CLOSED | Stop.NO_BOOK).value  # nothing more to say of a book that does not come
IDLE = (Stop.PAUSED | Stop.CLOSED | Stop.INACTIVE).value  # nothing trades, and a book may cross
EARLIEST_NS = 946_684_800_000_000_000  # 2000-01-01: a venue's time before it is none


class FeedLimits(NamedTuple):
    """How long what is wrong with market data is borne."""

    max_lag_ns: int = 2_000_000_000
    max_gap_ns: int = 5_000_000_000  # without a book
    max_crossed_ns: int = 1_000_000_000


def _alone(instrument: Instrument) -> int:
    """Return the number of the only connection."""
    return 0


class FeedWatch:
    """Judges one feed and its books; `resync` asks for a book anew.

    Each of `reconnects` begins one connection anew, with the reason; `line_of` finds the one that carries a market.
    """

    def __init__(
        self,
        books: Sequence[Book],
        markets: Markets,
        notices: Notices,
        limits: FeedLimits,
        resync: Callable[[Book], object],
        reconnects: Sequence[Callable[[str], object]],
        line_of: Callable[[Instrument], int] = _alone,
    ) -> None:
        self._books = list(books)
        self._unawaited: set[Book] = set()  # of markets that came while others were there already
        self._markets = markets
        self._notices = notices
        self._limits = limits
        self._resync = resync
        self._line_of = line_of
        self._next = 0  # the book to look at next
        self._stale_ns: dict[Book, int] = {}  # since when; of a book that was looked at
        self._crossed_ns: dict[Book, int] = {}
        self._lines = [
            WatchedLine(limits.max_lag_ns, notices, partial(self._stop, number), partial(self._open, number), reconnect)
            for number, reconnect in enumerate(reconnects)
        ]
        self._line = self._lines[0]  # whose frame is being read

    # The markets

    def add(self, books: Iterable[Book]) -> None:
        """Watch these books too. Trading in others waits for none that comes after them."""
        added = list(books)
        if self._books and not self.is_blind:
            self._unawaited.update(added)
        self._books += added

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget the books of these markets."""
        gone = set(instruments)
        for book in [book for book in self._books if book.instrument in gone]:
            self._books.remove(book)
            self._unawaited.discard(book)
            self._stale_ns.pop(book, None)
            self._crossed_ns.pop(book, None)

    # The feed

    @property
    def lag_ns(self) -> int:
        """Return how far the last message ran behind the venue, on the connection that is furthest behind."""
        return max([line.lag_ns for line in self._lines])

    def lag_of(self, number: int) -> int:
        """Return how far the last message of a connection ran behind the venue."""
        return self._lines[number].lag_ns

    @property
    def is_blind(self) -> bool:
        """Return whether no connection is there."""
        return all([line.loss for line in self._lines])

    def follow(self, number: int) -> None:
        """Learn that the next frames are of this connection."""
        self._line = self._lines[number]

    @property
    def followed(self) -> int:
        """Return the number of the connection whose frame is being read."""
        return self._lines.index(self._line)

    def lost(self, reason: str, number: int = 0) -> None:
        """Believe no book of a connection that is lost."""
        self._lines[number].loss = reason
        for book in self._on(number):
            self._disbelieve(book)

    def connected(self, number: int = 0) -> None:
        """Wait for every book of a connection once more."""
        self._lines[number].loss = ""
        for book in self._on(number):
            self._unawaited.discard(book)
            self._stale_ns.pop(book, None)

    def on(self, number: int) -> list[Instrument]:
        """Return the markets of a connection."""
        return [book.instrument for book in self._on(number)]

    def _on(self, number: int) -> list[Book]:
        return [book for book in self._books if self._line_of(book.instrument) == number]

    def obstacle(self, now_ns: int) -> str:
        """Return what keeps every market from trading; waits for each book that may still come in time."""
        if self.is_blind or not self._books:
            return self._lines[0].loss or "no market to trade"
        missing = [book.instrument.symbol for book in self._books if book.is_stale and self._may_come(book, now_ns)]
        if missing:
            return f"no fresh book for {len(missing)} of {len(self._books)} markets: {named(missing)}"
        if self._markets.are_unseen():
            first = next(each for each in self._markets.all() if each.cause & UNSEEN)
            return f"none of {len(self._books)} markets can be seen: {first.instrument.symbol}: {first.text}"
        return ""

    def _may_come(self, book: Book, now_ns: int) -> bool:
        if self._markets.has(book.instrument, SET_ASIDE) or book in self._unawaited:
            return False
        return now_ns - self._stale_ns.get(book, now_ns) < self._limits.max_gap_ns

    def missing(self) -> list[str]:
        """Return the markets without a book, by name."""
        return [book.instrument.symbol for book in self._books if book.is_stale]

    # Time

    def note(self, event: MarketEvent, now_ns: int) -> None:
        """Learn how old the last frame of a read is; where it is late every market stops before anybody acts on it."""
        try:
            venue_ns = event.venue_time_ns
        except OverflowError:
            venue_ns = -1
        if venue_ns > EARLIEST_NS:
            self._line.difference_ns = now_ns - venue_ns
            if self._line.difference_ns > self._line.late_after_ns:
                self._line.late(now_ns)
        elif venue_ns:  # in another unit, or wrong: no lag can be told by it
            text = f"sent at {event.venue_time_ns} ns since 1970, which is no time of these days"
            self._notices.tell(NoticeKind.FRAME_UNREADABLE, text)

    def trust(self) -> None:
        """Take late data for in time, by a person's decision: one of the clocks was set, or wrong when it was learned.

        Nothing else would end that, because no delay becomes an offset by lasting.
        """
        for line in self._lines:
            line.trust()

    def look(self, now_ns: int) -> None:
        """Judge some of the books, and how late the last frame of each connection was."""
        self._look_at_books(now_ns)
        for number, line in enumerate(self._lines):
            line.look(now_ns)
            if line.is_late and len(self._lines) > 1:
                self._stop(number, line.text)  # what came to it meanwhile

    def _stop(self, number: int, text: str) -> None:
        """Stop every market of a connection, which runs late."""
        if len(self._lines) == 1:
            self._markets.stop_all(Stop.LATE, text)
        else:
            for instrument in self.on(number):
                self._markets.stop(instrument, Stop.LATE, text)

    def _open(self, number: int) -> None:
        if len(self._lines) == 1:
            self._markets.lift_all(Stop.LATE)
        else:
            for instrument in self.on(number):
                self._markets.lift(instrument, Stop.LATE)

    # Books

    def renew(self, book: Book) -> None:
        """Believe a book no more, and ask for it anew."""
        self._disbelieve(book)
        self._resync(book)

    def _disbelieve(self, book: Book) -> None:
        book.mark_stale()
        self._markets.went_stale(book)

    def _look_at_books(self, now_ns: int) -> None:
        count = max(FEWEST, len(self._books) // LOOKS)
        for book in self._books[self._next : self._next + count]:
            if book.is_stale:
                self._look_at_stale(book, now_ns)
            elif book.is_crossed:
                self._look_at_crossed(book, now_ns)
            elif self._stale_ns or self._crossed_ns:
                self._stale_ns.pop(book, None)
                self._crossed_ns.pop(book, None)
        self._next = self._next + count if self._next + count < len(self._books) else 0

    def _look_at_stale(self, book: Book, now_ns: int) -> None:
        self._crossed_ns.pop(book, None)
        if now_ns - self._stale_ns.setdefault(book, now_ns) < self._limits.max_gap_ns:
            return
        if not self._markets.has(book.instrument, MISSING):
            number = self._line_of(book.instrument)
            loss = self._lines[number].loss if number >= 0 else ""
            text = f"no book for {seconds(self._limits.max_gap_ns)}"
            self._markets.stop(book.instrument, Stop.NO_BOOK, f"{text}: {loss}" if loss else text)

    def _look_at_crossed(self, book: Book, now_ns: int) -> None:
        """Believe no book that stays crossed or locked: two such orders would have traded, so something was lost."""
        self._stale_ns.pop(book, None)
        if self._markets.has(book.instrument, IDLE):
            return
        if now_ns - self._crossed_ns.setdefault(book, now_ns) < self._limits.max_crossed_ns:
            return
        del self._crossed_ns[book]
        instrument = book.instrument
        prices = f"bid {instrument.format_price(book.best_bid)}, ask {instrument.format_price(book.best_ask)}"
        text = f"{instrument.symbol}: crossed for {seconds(self._limits.max_crossed_ns)}: {prices}"
        self._notices.tell(NoticeKind.BOOK_CROSSED, text)
        self._stale_ns[book] = now_ns
        self.renew(book)
