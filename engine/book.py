"""Order books: `Book` for a bounded price grid, `SortedBook` for any positive price, with the same members.

Units   prices and sizes as in `instrument`; a size is at most MAX_SIZE.
Shapes  BID is Side.BUY, ASK is Side.SELL. An update answers STALE, QUIET or MOVED; an empty side has the price NO_BID
        or NO_ASK and the size 0.
Errors  as in `_book`.
Cost    SortedBook: O(log levels) a level, about forty times Book; see `_book` for Book.
Thread  the loop thread only.
"""

from array import array
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeAlias, cast

from sortedcontainers import SortedDict

from engine._book import ASK, BID, MAX_SIZE, MOVED, NO_ASK, NO_BID, QUIET, STALE, Book
from engine.errors import ConfigError
from engine.instrument import Instrument

__all__ = ["ASK", "BID", "MAX_SIZE", "MOVED", "NO_ASK", "NO_BID", "QUIET", "STALE", "Book", "SortedBook", "make_book"]

Int64s: TypeAlias = "array[int] | memoryview"


def make_book(instrument: Instrument, watch_depth: int = 1) -> Book:
    """Return the book that fits the grid of `instrument`."""
    if instrument.grid is not None:
        return Book(instrument, watch_depth)
    # Typed as Book so that a strategy names one type; a test holds the two to the same members.
    return cast(Book, SortedBook(instrument, watch_depth))


class SortedBook:
    """L2 book of an instrument without a grid, empty and stale until its first snapshot; members as of `Book`.

    Each side is keyed by price, negated for bids, so that the first key is the best.
    """

    __slots__ = ("_sides", "index", "instrument", "is_dirty", "is_stale", "updated_ns", "updates", "watch_depth")

    def __init__(self, instrument: Instrument, watch_depth: int = 1) -> None:
        if watch_depth < 0:
            raise ConfigError(f"watch_depth must be 0 or more, not {watch_depth}")
        self.instrument = instrument
        self.index = instrument.index
        self.watch_depth = watch_depth
        self.updates = 0
        self.updated_ns = 0
        self.is_dirty = False
        self._clear()

    def apply(self, side: int, price: int, change: int) -> int:
        """Change the size at `price`; MOVED if that is among the best `watch_depth` levels or the best price moved."""
        if not self._takes(side, price):
            return self._fail()
        return self._set(side, price, self.size_at(side, price) + change)

    def apply_many(self, sides: Int64s, prices: Int64s, changes: Int64s) -> int:
        """Apply deltas in order up to the first stale one; return how many were applied."""
        if not len(sides) == len(prices) == len(changes):
            raise ValueError(f"apply_many of {len(sides)} sides, {len(prices)} prices, {len(changes)} changes")
        for i, delta in enumerate(zip(sides, prices, changes, strict=True)):
            if self.apply(*delta) == STALE:
                return i
        return len(changes)

    def set_level(self, side: int, price: int, size: int) -> int:
        """Make `size` the size at `price`, 0 for no level; the outcome as of `apply`."""
        return self._set(side, price, size) if self._takes(side, price) else self._fail()

    def snapshot(self, bids: Iterable[tuple[int, int]], asks: Iterable[tuple[int, int]]) -> int:
        """Replace the book by (price, size) pairs in any order: MOVED, or STALE and an empty book if one is wrong."""
        self._clear()
        if not (self._load(BID, bids) and self._load(ASK, asks)):
            self._clear()
            return STALE
        self.is_stale = False
        self.updates += 1
        return MOVED

    def mark_stale(self) -> None:
        """Refuse updates until the next snapshot."""
        self.is_stale = True

    def use_grid(self) -> None:
        """Become empty and stale until the next snapshot, as a book does whose grid is another one now."""
        self._clear()

    @property
    def best_bid(self) -> int:
        """Return the highest bid price, NO_BID without one."""
        return self._best(BID)[0]

    @property
    def best_ask(self) -> int:
        """Return the lowest ask price, NO_ASK without one."""
        return self._best(ASK)[0]

    @property
    def best_bid_size(self) -> int:
        """Return the size at the best bid, 0 without one."""
        return self._best(BID)[1]

    @property
    def best_ask_size(self) -> int:
        """Return the size at the best ask, 0 without one."""
        return self._best(ASK)[1]

    @property
    def is_crossed(self) -> bool:
        """Return whether the best bid is at or above the best ask: a match that is told in parts, or a fault."""
        return self.best_bid >= self.best_ask

    def size_at(self, side: int, price: int) -> int:
        """Return the size at `price`, 0 where there is none."""
        size: int = self._sides[_checked(side)].get(price * _SIGN[side], 0)
        return size

    def depth(self, side: int, levels: int) -> list[tuple[int, int]]:
        """Return up to `levels` pairs (price, size), best first."""
        return list(islice(self._walk(_checked(side)), max(levels, 0)))

    def sweep(self, side: int, qty: int, limit_price: int) -> tuple[int, int, int]:
        """Return (filled_qty, cost, worst_price) of taking `qty` from `side` at `limit_price` or better."""
        filled, cost, worst = 0, 0, _EMPTY[_checked(side)][0]
        for price, size in self._walk(side):
            if filled >= qty or price * _SIGN[side] > limit_price * _SIGN[side]:
                break
            take = min(size, qty - filled)
            filled += take
            cost += take * price
            worst = price
        return filled, cost, worst

    def _check(self) -> None:
        """Assert every invariant of the book."""
        for side in (BID, ASK):
            self._sides[side]._check()
            for price, size in self._walk(side):
                assert self.instrument.is_valid_price(price), f"side {side}: price {price}"
                assert 0 < size <= MAX_SIZE, f"side {side}, price {price}: size {size}"

    def _takes(self, side: int, price: int) -> bool:
        return not self.is_stale and side in _SIDES and self.instrument.is_valid_price(price)

    def _set(self, side: int, price: int, size: int) -> int:
        if not 0 <= size <= MAX_SIZE:
            return self._fail()
        self.updates += 1
        levels, key = self._sides[side], price * _SIGN[side]
        was = levels.get(key, 0)
        if size == was:
            return QUIET
        better = levels.bisect_left(key)  # levels better than this one, the same before and after
        if size:
            levels[key] = size
        else:
            del levels[key]
        is_best_price_new = not better and not (was and size)
        return MOVED if better < self.watch_depth or is_best_price_new else QUIET

    def _load(self, side: int, levels: Iterable[tuple[int, int]]) -> bool:
        held = self._sides[side]
        for price, size in levels:
            key = price * _SIGN[side]
            if not self.instrument.is_valid_price(price) or not 0 <= size <= MAX_SIZE or (size and key in held):
                return False
            if size:
                held[key] = size
        return True

    def _best(self, side: int) -> tuple[int, int]:
        levels = self._sides[side]
        if not levels:
            return _EMPTY[side]
        key, size = levels.peekitem(0)
        return key * _SIGN[side], size

    def _walk(self, side: int) -> Iterator[tuple[int, int]]:
        return ((key * _SIGN[side], size) for key, size in self._sides[side].items())

    def _fail(self) -> int:
        self.is_stale = True
        return STALE

    def _clear(self) -> None:
        self._sides: dict[int, SortedDict[int, int]] = {BID: SortedDict(), ASK: SortedDict()}
        self.is_stale = True


_SIDES = (BID, ASK)
_SIGN = {BID: -1, ASK: 1}
_EMPTY = {BID: (NO_BID, 0), ASK: (NO_ASK, 0)}


def _checked(side: int) -> int:
    if side not in _SIDES:
        raise ValueError(f"side must be BID ({BID}) or ASK ({ASK}), not {side}")
    return side
