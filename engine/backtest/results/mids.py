"""The middle of each captured book over the venue's time: what fills are judged by, and forecasts.

Units   twice the middle of best bid and ask, so that it is an integer; prices as in `instrument`; times in ns.
Shapes  NO_MID where a book is one-sided, locked, crossed or not known.
Cost    one book update a frame; two bisections a question.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from engine import fix
from engine.backtest.history import TimedFrame
from engine.book import NO_ASK, NO_BID, Book, make_book
from engine.exchange.captures import DELTA, SNAPSHOT, CapturedMessage
from engine.instrument import Instrument

NO_MID = -1


class MidsOfMarket:
    """One market's middle, a row for each change."""

    def __init__(self) -> None:
        self._times: list[int] = []
        self._mids: list[int] = []
        self.last_ns = 0

    def add(self, now_ns: int, doubled: int) -> None:
        """Note the middle as it is from `now_ns` on; times never run back."""
        self.last_ns = now_ns
        if self._mids and self._mids[-1] == doubled:
            return
        if self._times and self._times[-1] == now_ns:
            self._mids[-1] = doubled
            return
        self._times.append(now_ns)
        self._mids.append(doubled)

    def at(self, now_ns: int) -> int:
        """Return the middle after everything that happened at `now_ns`; NO_MID also after the last frame."""
        return NO_MID if now_ns > self.last_ns else self._row(bisect_right(self._times, now_ns))

    def before(self, now_ns: int) -> int:
        """Return the middle before anything happened at `now_ns`."""
        return self._row(bisect_left(self._times, now_ns))

    def carried(self, doubled: int, now_ns: int) -> int:
        """Return `doubled`, or where it is NO_MID the last middle before `now_ns`, or the first after; or NO_MID."""
        if doubled != NO_MID:
            return doubled
        place = bisect_right(self._times, now_ns)
        earlier = (each for each in reversed(self._mids[:place]) if each != NO_MID)
        later = (each for each in self._mids[place:] if each != NO_MID)
        return next(earlier, next(later, NO_MID))

    def points(self) -> list[tuple[int, int]]:
        """Return each (ns, doubled middle) that is known."""
        return [(now_ns, mid) for now_ns, mid in zip(self._times, self._mids, strict=True) if mid != NO_MID]

    def _row(self, place: int) -> int:
        return self._mids[place - 1] if place else NO_MID


def mids_of(frames: Iterable[TimedFrame], instruments: Sequence[Instrument]) -> dict[str, MidsOfMarket]:
    """Return the middles of each market, from its frames in the order in which they happened."""
    books = {each.symbol: make_book(each) for each in instruments}
    found = {each.symbol: MidsOfMarket() for each in instruments}
    for timed in sorted(frames, key=lambda each: each.venue_ns):
        frame = timed.frame
        book = books.get(frame.symbol)
        if book is None:
            continue
        if frame.kind in (SNAPSHOT, DELTA):
            _apply(book, frame.message(), frame.kind == SNAPSHOT)
        found[frame.symbol].add(timed.venue_ns, _doubled(book))
    return found


def _apply(book: Book, message: CapturedMessage, is_snapshot: bool) -> None:
    market = book.instrument
    if is_snapshot:
        bids = [(market.parse_price(price), market.parse_size(size)) for price, size in message.yes_dollars_fp]
        asks = [(market.parse_price(price), market.parse_size(size)) for price, size in message.no_dollars_fp]
        book.snapshot(bids, [(market.limit - price, size) for price, size in asks])
        return
    price, change = market.parse_price(message.price_dollars), market.parse_size(message.delta_fp)
    if message.side == "yes":
        book.apply(fix.BUY, price, change)
    else:
        book.apply(fix.SELL, market.limit - price, change)


def _doubled(book: Book) -> int:
    bid, ask = book.best_bid, book.best_ask
    return NO_MID if book.is_stale or bid == NO_BID or ask == NO_ASK or bid >= ask else bid + ask
