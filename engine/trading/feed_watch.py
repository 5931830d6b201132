"""Watches whether the books can be believed: each has one, none stays crossed, and what they are told is not old.

A book that is missing or crossed for too long stops its market alone; the others trade. A feed that runs late stops
every market at once, since all of them are on it.

Units   durations and monotonic times in ns.
Errors  none: what is wrong is told, and stops what it concerns.
Cost    a look takes some of the books in turn, so that ten thousand cost no more than 0.1 ms of the loop.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from engine.book import Book
from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind, Notices
from engine.trading.lag import NEVER, Lag
from engine.trading.markets import UNSEEN, Markets, Stop, named
from engine.units import NO_LIMIT
from engine.venue import MarketEvent

LOOKS = 20  # after so many looks every book was looked at
FEWEST = 64  # books of one look
CALM_NS = 1_000_000_000  # late data are in time again when they have been for so long
PATIENCE_NS, MOST_PATIENCE_NS = 10_000_000_000, 600_000_000_000  # late and not better: the first and longest wait
SET_ASIDE = (Stop.REFUSED | Stop.CLOSED).value  # no book is waited for
MISSING = (Stop.REFUSED | Stop.CLOSED | Stop.NO_BOOK).value  # nothing more to say of a book that does not come
IDLE = (Stop.PAUSED | Stop.CLOSED | Stop.INACTIVE).value  # nothing trades, and a book may cross
EARLIEST_NS = 946_684_800_000_000_000  # 2000-01-01: a venue's time before it is none
NO_DIFFERENCE = -(2**63)  # no message told when it was sent


class FeedLimits(NamedTuple):
    """How long what is wrong with market data is borne."""

    max_lag_ns: int = 2_000_000_000
    max_gap_ns: int = 5_000_000_000  # without a book
    max_crossed_ns: int = 1_000_000_000


class FeedWatch:
    """Judges one feed and its books; `resync` asks for a book anew, `reconnect` for the feed, with the reason."""

    def __init__(
        self,
        books: Sequence[Book],
        markets: Markets,
        notices: Notices,
        limits: FeedLimits,
        resync: Callable[[Book], object],
        reconnect: Callable[[str], object],
    ) -> None:
        self._books = list(books)
        self._unawaited: set[Book] = set()  # of markets that came while others were there already
        self._markets = markets
        self._notices = notices
        self._limits = limits
        self._resync = resync
        self._reconnect = reconnect
        self._next = 0  # the book to look at next
        self._stale_ns: dict[Book, int] = {}  # since when; of a book that was looked at
        self._crossed_ns: dict[Book, int] = {}
        self._lost = ""  # why there is no feed
        self._lag = Lag(limits.max_lag_ns)
        self._difference_ns = NO_DIFFERENCE  # arrival less sending of the last frame of the last read
        self._late_after_ns = NEVER  # a larger one is late
        self._is_late = False
        self._calm_ns = 0  # when late data began to be in time
        self._patience_ns = PATIENCE_NS
        self._bad_ns = 0  # since when they have been late and not become better
        self._worst_ns = 0  # how late that was

    # The markets

    def add(self, books: Iterable[Book]) -> None:
        """Watch these books too. Trading in others waits for none that comes after them."""
        added = list(books)
        if self._books and not self._lost:
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
        """Return how far the last message ran behind the venue."""
        return self._lag.ns

    def lost(self, reason: str) -> None:
        """Believe no book: there is no feed."""
        self._lost = reason
        for book in self._books:
            book.mark_stale()

    def connected(self) -> None:
        """Wait for every book once more."""
        self._lost = ""
        self._unawaited.clear()
        self._stale_ns.clear()

    def obstacle(self, now_ns: int) -> str:
        """Return what keeps every market from trading; waits for each book that may still come in time."""
        if self._lost or not self._books:
            return self._lost or "no market to trade"
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
            self._difference_ns = now_ns - venue_ns
            if self._difference_ns > self._late_after_ns:
                self._late(now_ns)
        elif venue_ns:  # in another unit, or wrong: no lag can be told by it
            text = f"sent at {event.venue_time_ns} ns since 1970, which is no time of these days"
            self._notices.tell(NoticeKind.FRAME_UNREADABLE, text)

    def trust(self) -> None:
        """Take late data for in time, by a person's decision: one of the clocks was set, or wrong when it was learned.

        Nothing else would end that, because no delay becomes an offset by lasting.
        """
        if self._is_late:
            self._lag.forget()
            self._difference_ns = NO_DIFFERENCE
            self._in_time()

    def look(self, now_ns: int) -> None:
        """Judge some of the books, and how late the last frame was."""
        self._look_at_books(now_ns)
        is_news = self._difference_ns != NO_DIFFERENCE
        if is_news:
            self._lag.take(self._difference_ns, now_ns)
            self._difference_ns = NO_DIFFERENCE
        if self._is_late:
            self._judge_late(now_ns, is_news)
        elif is_news and self._limits.max_lag_ns != NO_LIMIT:
            self._late_after_ns = self._lag.late_after_ns

    def _late(self, now_ns: int) -> None:
        """Stop every market, since a frame was late."""
        self._lag.take(self._difference_ns, now_ns)
        self._is_late = True
        self._late_after_ns = NEVER
        self._calm_ns = 0
        self._bad_ns, self._worst_ns = now_ns, self._lag.ns
        text = f"market data run {_seconds(self._lag.ns)} late, allowed {_seconds(self._limits.max_lag_ns)}"
        self._notices.tell(NoticeKind.FEED_LATE, text)
        self._markets.stop_all(Stop.LATE, text)

    def _judge_late(self, now_ns: int, is_news: bool) -> None:
        """Open the markets once the data have been in time for a while; connect anew if they only become later."""
        if is_news and 2 * self._lag.ns > self._limits.max_lag_ns:
            self._calm_ns = 0
        elif is_news:
            self._calm_ns = self._calm_ns or now_ns
        if self._calm_ns:
            if now_ns - self._calm_ns >= CALM_NS:
                self._in_time()
        elif is_news and self._lag.ns < self._worst_ns:
            self._bad_ns, self._worst_ns = now_ns, self._lag.ns
        elif now_ns - self._bad_ns >= self._patience_ns:
            self._bad_ns, self._worst_ns = now_ns, self._lag.ns
            self._patience_ns = min(2 * self._patience_ns, MOST_PATIENCE_NS)
            self._reconnect(f"market data run {_seconds(self._lag.ns)} late and do not catch up")

    def _in_time(self) -> None:
        self._is_late = False
        self._patience_ns = PATIENCE_NS
        self._notices.tell(NoticeKind.FEED_IN_TIME, f"{_seconds(self._lag.ns)} behind")
        self._markets.lift_all(Stop.LATE)

    # Books

    def renew(self, book: Book) -> None:
        """Believe a book no more, and ask for it anew."""
        book.mark_stale()
        self._resync(book)

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
            text = f"no book for {_seconds(self._limits.max_gap_ns)}"
            self._markets.stop(book.instrument, Stop.NO_BOOK, f"{text}: {self._lost}" if self._lost else text)

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
        text = f"{instrument.symbol}: crossed for {_seconds(self._limits.max_crossed_ns)}: {prices}"
        self._notices.tell(NoticeKind.BOOK_CROSSED, text)
        book.mark_stale()
        self._stale_ns[book] = now_ns
        self._resync(book)


def _seconds(duration_ns: int) -> str:
    return f"{duration_ns / 1e9:.3g} s"
