"""A sampled book compared with the one that REST tells: one market in turn, now and then, while it is traded.

The answer is of some moment between question and arrival, or of a little before. So levels that moved meanwhile say
nothing, and no difference is believed before it is found a second time, equally large. Then it is told, and the book is
asked for anew: until that comes its market takes no orders.

Units   prices and sizes as in `instrument`; monotonic times in ns, or as the names say.
Errors  none: what fails is told and counted, and the next market is next.
Bounds  one request at a time, behind everything else that REST carries; at most `MOST_LOOKS` for one market in turn.
Thread  the loop thread only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

from engine.app.account.reading import AccountClient
from engine.book import ASK, BID, Book
from engine.errors import EngineError
from engine.instrument import NOWHERE, Instrument
from engine.runtime.notices import NoticeKind
from engine.trading.loop import TradingLoop
from engine.trading.markets import Stop
from engine.venue.comparison import BookComparison, LevelDifference, compare_books, is_mirrored
from engine.venue.reference import BrowsingDialect

_S = 1_000_000_000
MOST_LOOKS = 4  # of one market in turn; where the differences never stay the same, nothing is believed
AGAIN_S = 2.0  # before a difference is looked for a second time; the venue's reads may lag behind
MOST_SOON = 3  # books of a connection that was away
MOST_TOLD = 5  # levels in one notice
WRONG_SCALE = "its asks are read on the wrong price scale: feed.use_yes_price is wrong, or the venue does not obey it"
WHOLE = 1 << 20  # levels of a side: all there are
UNLIKE = (
    Stop.REFUSED | Stop.NO_BOOK | Stop.LATE | Stop.CLOSED | Stop.PAUSED | Stop.INACTIVE | Stop.HOURS
).value  # ours is no book of now, or the venue may have emptied its own
_NAMES = {BID: "bid", ASK: "ask"}

Sides: TypeAlias = dict[int, dict[int, int]]  # size by price, by side
Gap: TypeAlias = tuple[int, int, int]  # side, price, and by how much ours is larger


class BookCheckCounts:
    """Counts since the start, in looks unless stated otherwise."""

    __slots__ = ("age_ns", "compared", "differed", "equal", "failed", "renewed", "unsettled")

    def __init__(self) -> None:
        self.age_ns = 0  # by how much our book was older than the venue's answer, of the last look
        self.compared = 0
        self.differed = 0  # of those compared, beyond what moved meanwhile
        self.equal = 0
        self.failed = 0  # the venue could not be asked, or its answer not read
        self.renewed = 0  # books that were asked for anew
        self.unsettled = 0  # books that differed in every look, each time otherwise


class BookCheck:
    """Compares the books of one loop in turn, one each `every_ns`; `sleep` waits seconds."""

    def __init__(
        self,
        client: AccountClient,
        reference: BrowsingDialect,
        loop: TradingLoop,
        clock_ns: Callable[[], int],
        every_ns: int,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.counts = BookCheckCounts()
        self.last: BookComparison | None = None
        self.last_symbol = ""
        self._client = client
        self._reference = reference
        self._loop = loop
        self._clock_ns = clock_ns
        self._every_ns = every_ns
        self._sleep = sleep
        self._turn = 0
        self._is_mirrored = False  # the asks of the last look, on the other scale
        self._soon: list[Instrument] = []  # to be compared before the others
        self._is_soon = asyncio.Event()

    def look_soon(self, instruments: Sequence[Instrument]) -> None:
        """Compare some of these books next: their connection was away, and everything of them is new."""
        self._soon = list(instruments[:MOST_SOON])
        self._is_soon.set()

    async def run(self) -> None:
        """Compare one book after the other until cancelled."""
        while True:
            await self._wait()
            await self.compare_next()

    async def _wait(self) -> None:
        """Wait for the next turn, or until somebody wants one soon."""
        if not self._soon:
            turn, soon = asyncio.ensure_future(self._turn_comes()), asyncio.ensure_future(self._is_soon.wait())
            try:
                done, _ = await asyncio.wait((turn, soon), return_when=asyncio.FIRST_COMPLETED)
                if turn in done:
                    turn.result()
            finally:
                turn.cancel()
                soon.cancel()
        if self._soon:
            self._is_soon.clear()
            await self._sleep(AGAIN_S)  # for its snapshot, and the venue's reads

    async def _turn_comes(self) -> None:
        await self._sleep(self._every_ns / _S)

    async def compare_next(self) -> None:
        """Compare the book whose turn it is, if any can be compared now."""
        book = self._choose()
        if book is not None:
            await self._compare(book)

    def _choose(self) -> Book | None:
        while self._soon:
            instrument = self._soon.pop(0)
            if instrument.index != NOWHERE and self._is_usual(self._loop.book(instrument)):
                return self._loop.book(instrument)
        books = self._loop.books
        for _ in books:
            self._turn = (self._turn + 1) % len(books)
            if self._is_usual(books[self._turn]):
                return books[self._turn]
        return None

    def _is_usual(self, book: Book) -> bool:
        """Return whether a book should be that of its venue now."""
        instrument = book.instrument
        return instrument.index != NOWHERE and not book.is_stale and not self._loop.markets.has(instrument, UNLIKE)

    async def _compare(self, book: Book) -> None:
        """Look until a difference is gone, or there a second time."""
        before: set[Gap] = set()
        for look in range(MOST_LOOKS):
            if look:
                await self._sleep(AGAIN_S)
            found = await self._look(book)
            if found is None or found.is_equal:
                return
            believed = [each for each in found.differences if _gap(each) in before]
            if believed:
                self._renew(book, believed)
                return
            before = {_gap(each) for each in found.differences}
        self.counts.unsettled += 1

    async def _look(self, book: Book) -> BookComparison | None:
        """Return what one answer shows; None where it shows nothing."""
        if not self._is_usual(book):
            return None
        symbol, earlier = book.instrument.symbol, _levels(book)
        try:
            theirs = await self._client.call(self._reference.book(symbol))
        except EngineError as error:
            self.counts.failed += 1
            self._tell(NoticeKind.REST_TROUBLE, f"{symbol}: its book cannot be compared: {error}")
            return None
        for oddity in self._reference.take_oddities():
            self._tell(NoticeKind.REST_TROUBLE, oddity)
        if not self._is_usual(book):
            return None
        ours = _levels(book)
        self._is_mirrored = is_mirrored(ours[ASK], dict(theirs.asks), book.instrument.limit)
        found = compare_books(
            ours[BID].items(), ours[ASK].items(), theirs.bids, theirs.asks, book.updated_ns, self._clock_ns()
        )
        return self._counted(symbol, found._replace(differences=tuple(_unmoved(found.differences, earlier))))

    def _counted(self, symbol: str, found: BookComparison) -> BookComparison:
        counts = self.counts
        counts.compared += 1
        counts.equal += found.is_equal
        counts.differed += not found.is_equal
        counts.age_ns = found.age_ns
        self.last, self.last_symbol = found, symbol
        return found

    def _renew(self, book: Book, believed: list[LevelDifference]) -> None:
        self.counts.renewed += 1
        self._tell(NoticeKind.BOOK_DIFFERS, f"{book.instrument.symbol}: {_words(book.instrument, believed)}")
        self._loop.watch.renew(book)
        if self._is_mirrored:  # so is every other book
            self._loop.guard.halt(f"{book.instrument.symbol}: {WRONG_SCALE}")

    def _tell(self, kind: NoticeKind, text: str) -> None:
        self._loop.notices.tell(kind, text)


def _levels(book: Book) -> Sides:
    return {side: dict(book.depth(side, WHOLE)) for side in (BID, ASK)}


def _unmoved(differences: Iterable[LevelDifference], earlier: Sides) -> list[LevelDifference]:
    """Return the differences at levels that were the same when the venue was asked."""
    return [each for each in differences if earlier[each.side].get(each.price, 0) == each.ours]


def _gap(difference: LevelDifference) -> Gap:
    """Return what stays the same of a lost update, however its level moves afterwards."""
    return difference.side, difference.price, difference.ours - difference.theirs


def _words(instrument: Instrument, differences: list[LevelDifference]) -> str:
    price, size = instrument.format_price, instrument.format_size
    told = [
        f"{_NAMES[each.side]} {price(each.price)} is {size(each.ours)} here, {size(each.theirs)} there"
        for each in differences[:MOST_TOLD]
    ]
    more = len(differences) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more else "") + ": asked for anew"
