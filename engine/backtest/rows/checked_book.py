"""One market's book while it is checked: whether it is known, crossed, and for how long it was not.

Units   prices 0.0001 dollars on the YES scale, sizes 0.01 contracts, times in ns.
"""

from collections.abc import Sequence

from engine._decimal import parse_decimal
from engine.instrument import PriceBand, PriceGrid

LIMIT = 10_000


class CheckedBook:
    """Levels by price; `bands` empty where nobody said: then no price is off the grid."""

    def __init__(self, bands: tuple[PriceBand, ...]) -> None:
        self.heard_ns = 0
        self.stamp_ns = 0
        self.is_crossed = False
        self._grid = PriceGrid(bands) if bands else None
        self._levels: tuple[dict[int, int], dict[int, int]] = ({}, {})  # bids and asks
        self._bests = [-1, LIMIT + 1]
        self._feed = 0
        self._is_known = self._is_lost = False

    def move(self, now_ns: int) -> tuple[str, int] | None:
        """Go on to a time; return what the time since the last frame was spent as, where it was nothing good."""
        past_ns, self.heard_ns = now_ns - (self.heard_ns or now_ns), now_ns
        if self._is_lost:
            return "stale_ns", past_ns
        return ("crossed_ns", past_ns) if self.is_crossed else None

    def lose(self, feed: int) -> bool:
        """Make the book unknown, if that connection showed it; return whether it was known."""
        if not self._is_known or self._feed != feed:
            return False
        self._is_known, self._is_lost, self.is_crossed = False, True, False
        return True

    def show(self, feed: int, bids: Sequence[tuple[str, str]], asks: Sequence[tuple[str, str]]) -> str:
        """Begin anew with a snapshot; return what is wrong with it."""
        self._feed, self._is_known, self._is_lost = feed, True, False
        for levels in self._levels:
            levels.clear()
        self._bests = [-1, LIMIT + 1]
        wrong = [self._set(0, price, parse_decimal(size, 2)) for price, size in bids]
        wrong += [self._set(1, price, parse_decimal(size, 2)) for price, size in asks]
        return next(filter(None, wrong), "")

    def change(self, side: str, price: str, change: int) -> str:
        """Change a level; return what is wrong with that."""
        if side not in ("yes", "no"):
            return "bad_side"
        if not self._is_known:
            return "" if self._is_lost else "lost_book"
        return self._set(int(side == "no"), price, change)

    def _set(self, side: int, text: str, change: int) -> str:
        price = parse_decimal(text, 4)
        price = LIMIT - price if side else price
        levels = self._levels[side]
        size = levels.get(price, 0) + change
        wrong = "off_grid" if self._grid is not None and price not in self._grid else ""
        if size < 0:
            wrong, size = "below_zero", 0
        if size:
            levels[price] = size
        else:
            levels.pop(price, None)
        self._note_best(side, price, size)
        return wrong

    def _note_best(self, side: int, price: int, size: int) -> None:
        best, levels = self._bests[side], self._levels[side]
        if size:
            self._bests[side] = min(best, price) if side else max(best, price)
        elif price == best:
            self._bests[side] = min(levels, default=LIMIT + 1) if side else max(levels, default=-1)
        self.is_crossed = self._bests[0] > self._bests[1]
