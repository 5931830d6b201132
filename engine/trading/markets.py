"""Which markets take no new orders, and why: one market's fault stops one market.

A market may be stopped for several causes at once and opens again when the last one is lifted. Some causes pull its
resting orders too: the supervisor cancels them. Risk knows by one number a market, so that the path pays nothing.

Units   times in ns since 1970.
Cost    a stop or a lift costs the same however many markets are stopped.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import IntFlag, unique
from typing import NamedTuple

from engine.book import Book
from engine.instrument import Instrument
from engine.risk._checks import Risk
from engine.runtime.notices import NoticeKind, Notices


@unique
class Stop(IntFlag):
    """Why a market takes no new orders."""

    REFUSED = 1  # the venue does not know it, or refused its subscription
    NO_BOOK = 2  # for longer than its bound there was no book to believe
    LATE = 4  # its stream runs too far behind the venue's clock
    CLOSED = 8  # closed, determined or settled
    PAUSED = 16  # the venue will open it again
    DOUBT = 32  # an order or a fill contradicts what we know
    REJECTS = 64  # the venue refused too many requests in a row; a person lifts it
    INACTIVE = 128  # the venue refused a request because the market takes none; the venue or a person lifts it
    THROTTLED = 256  # the account is short of something, as the venue says; it lifts itself after a while
    HOURS = 512  # the venue as a whole, or the market's part of it, takes no orders; it opens again
    ACCOUNT = 1024  # what the venue says we have differs from what we know; a comparison that agrees lifts it
    BALANCE = 2048  # the cash of the account differs, which no market explains; lifted as ACCOUNT is
    HALTED = 4096  # by a person, or until one has looked; lifted by name, or by `resume` where the engine did it
    FLATTENED = 8192  # what is held there is closed, and nothing else may leave; lifted by name


PULLED = (
    Stop.REFUSED | Stop.NO_BOOK | Stop.LATE | Stop.CLOSED | Stop.DOUBT | Stop.ACCOUNT | Stop.BALANCE | Stop.HALTED
)  # nothing of ours may rest there
UNSEEN = Stop.REFUSED | Stop.NO_BOOK | Stop.LATE  # the feed does not show it as it is
PULLED_BITS, UNSEEN_BITS = PULLED.value, UNSEEN.value


class StoppedMarket(NamedTuple):
    """One cause that stops one market, in words."""

    instrument: Instrument
    cause: Stop
    text: str
    since_ns: int


class Markets:
    """The stops of one desk; `tell` takes a market and the words for its strategy, empty when it opens again."""

    def __init__(
        self,
        risk: Risk,
        notices: Notices,
        wall_ns: Callable[[], int],
        tell: Callable[[Instrument, str], object],
    ) -> None:
        self._risk = risk
        self._notices = notices
        self._wall_ns = wall_ns
        self._tell = tell
        self._instruments = dict.fromkeys(risk.exposure.instruments)  # as an ordered set
        self._common: dict[Stop, str] = {}  # what stops every market, those that are still to come too
        self._stopped: dict[tuple[Instrument, Stop], StoppedMarket] = {}
        self._causes: dict[Instrument, int] = {}  # of the stopped ones; flags of a class cost a microsecond each
        self.is_quiet = False  # the strategy is told nothing before its start
        self._pulled: dict[Instrument, None] = {}  # those of them where nothing may rest
        self._unseen: set[Instrument] = set()
        self.tell_stale: Callable[[Book], object] = lambda book: None  # for its strategy, where that wants to know
        self._stale: dict[Instrument, int] = {}  # which update of its book was the last to be believed
        self.listed: Callable[[Instrument], object] = lambda instrument: None  # is told of each that is added

    def add(self, instruments: Iterable[Instrument]) -> None:
        """Know these markets too, and stop them for what stops all; the strategy is told of both."""
        for instrument in instruments:
            self._instruments[instrument] = None
            self._tell_strategy(instrument, "")
            self.listed(instrument)
            for cause, text in self._common.items():
                if self._stop(instrument, cause, text):
                    self._tell_strategy(instrument, f"{instrument.symbol}: {text}")

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget these markets, and what stopped them."""
        for instrument in instruments:
            self._lift(instrument, Stop(self._causes.get(instrument, 0)))
            self._instruments.pop(instrument, None)
            self._stale.pop(instrument, None)

    def stop(self, instrument: Instrument, cause: Stop, text: str) -> None:
        """Take no new orders in a market, until `lift` of the same cause; told once a cause."""
        words = f"{instrument.symbol}: {text}"
        if self._stop(instrument, cause, text):
            self._notices.tell(NoticeKind.MARKET_STOPPED, words)
            self._tell_strategy(instrument, words)

    def went_stale(self, book: Book) -> None:
        """Tell the strategy, once until it is whole again, that a book is not to be believed."""
        if self._stale.get(book.instrument) != book.updates and not self.is_quiet:
            self._stale[book.instrument] = book.updates
            self.tell_stale(book)

    def stop_all(self, cause: Stop, text: str) -> None:
        """Stop every market for what they have in common, and each that is added; people are told once."""
        self._common[cause] = text
        stopped = [instrument for instrument in self._instruments if self._stop(instrument, cause, text)]
        if stopped:
            self._notices.tell(NoticeKind.MARKET_STOPPED, f"all {len(self._instruments)} markets: {text}")
        for instrument in stopped:
            self._tell_strategy(instrument, f"{instrument.symbol}: {text}")

    def _stop(self, instrument: Instrument, cause: Stop, text: str) -> bool:
        """Note a cause; False if it is known."""
        before, cause_bit = self._causes.get(instrument, 0), cause.value
        if before & cause_bit:
            return False
        self._stopped[instrument, cause] = StoppedMarket(instrument, cause, text, self._wall_ns())
        self._note(instrument, before | cause_bit)
        return True

    def lift(self, instrument: Instrument, causes: Stop) -> None:
        """Take causes away; the market opens if they were the last."""
        if instrument in self._causes and self._lift(instrument, causes):
            self._notices.tell(NoticeKind.MARKET_RESUMED, instrument.symbol)
            self._tell_strategy(instrument, "")

    @contextmanager
    def opened(self, instrument: Instrument, cause: Stop) -> Iterator[None]:
        """Let requests pass that this cause would stop: those of whoever stopped the market for it."""
        causes = self._causes.get(instrument, 0)
        self._risk.set_stops(instrument, causes & ~cause.value)
        try:
            yield
        finally:
            self._risk.set_stops(instrument, self._causes.get(instrument, 0))

    def lift_all(self, causes: Stop) -> None:
        """Take causes away from every market; people are told once."""
        self._common = {cause: text for cause, text in self._common.items() if not cause & causes}
        opened = [instrument for instrument in list(self._causes) if self._lift(instrument, causes)]
        if opened:
            self._notices.tell(NoticeKind.MARKET_RESUMED, named([instrument.symbol for instrument in opened]))
        for instrument in opened:
            self._tell_strategy(instrument, "")

    def _lift(self, instrument: Instrument, causes: Stop) -> bool:
        """Take causes away; False unless the market opens."""
        before = self._causes.get(instrument, 0)
        left = before & ~causes.value
        if left == before:
            return False
        for cause in Stop(before & causes.value):
            del self._stopped[instrument, cause]
        self._note(instrument, left)
        return not left

    def _tell_strategy(self, instrument: Instrument, words: str) -> None:
        if not self.is_quiet:
            self._tell(instrument, words)

    def _note(self, instrument: Instrument, causes: int) -> None:
        if causes:
            self._causes[instrument] = causes
        else:
            del self._causes[instrument]
        if causes & PULLED_BITS:
            self._pulled[instrument] = None
        else:
            self._pulled.pop(instrument, None)
        if causes & UNSEEN_BITS:
            self._unseen.add(instrument)
        else:
            self._unseen.discard(instrument)
        self._risk.set_stops(instrument, causes)

    def causes(self, instrument: Instrument) -> Stop:
        """Return every cause that stops a market; false if it is open."""
        return Stop(self._causes.get(instrument, 0))

    def has(self, instrument: Instrument, causes: int) -> bool:
        """Return whether any of these causes stops a market."""
        return self._causes.get(instrument, 0) & causes != 0

    def are_unseen(self) -> bool:
        """Return whether the feed shows no market at all as it is."""
        return len(self._unseen) == len(self._instruments)

    def start(self) -> None:
        """Tell the strategy, which has just begun, of every market that is stopped."""
        self.is_quiet = False
        for stopped in self.all():
            self._tell_strategy(stopped.instrument, f"{stopped.instrument.symbol}: {stopped.text}")

    def all(self) -> list[StoppedMarket]:
        """Return every cause of every stopped market, the oldest first."""
        return list(self._stopped.values())

    def pulled(self) -> list[Instrument]:
        """Return the markets whose resting orders are to be cancelled."""
        return list(self._pulled)


def named(symbols: list[str], most: int = 5) -> str:
    """Return names for a line that people read: all of a few, or the first of many and how many more."""
    more = f" and {len(symbols) - most} more" if len(symbols) > most else ""
    return ", ".join(symbols[:most]) + more
