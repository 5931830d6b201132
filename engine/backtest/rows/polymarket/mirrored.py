"""The book of one market, told by two tokens of which one is the other's mirror.

Units   prices 0.0001 dollars on the scale of the first token, sizes 0.01 contracts, times in ns since 1970.
Errors  WrongLevel says what is wrong with a level: its name among the findings, and the words.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from engine._decimal import parse_decimal
from engine.backtest.rows.levels import LIMIT, PRICE_DECIMALS
from engine.backtest.rows.polymarket.frames import TokenMessage
from engine.backtest.rows.polymarket.listing import HeardPrint, TokenMarket
from engine.errors import DecodeError
from engine.instrument import PriceGrid
from engine.units import Side

SIZE_DECIMALS = 2
WINDOW_NS = 10**9  # a trade and what it took are heard no farther apart
_BUY, _SELL = int(Side.BUY), int(Side.SELL)
_SIDES = {"BUY": _BUY, "SELL": _SELL}
MOST_DECREASES = 1_000  # that wait for their trade
Levels = dict[tuple[int, int], int]  # sizes by side and price


class WrongLevel(Exception):
    """A level that cannot be, or that the rows cannot hold."""

    def __init__(self, what: str, text: str) -> None:
        super().__init__(text)
        self.what = what


class Decrease(NamedTuple):
    """What a level lost, and when that was heard and happened."""

    heard_ns: int
    stamp_ns: int
    side: int
    price: int
    size: int


class MirroredBook:
    """Levels by side and price; `decreases` are those that no trade is known of yet."""

    def __init__(self, market: TokenMarket, index: int, grid: PriceGrid, prints: Sequence[HeardPrint]) -> None:
        self.symbol = market.tokens[0]
        self.index = index
        self.is_known = self.is_begun = False
        self.shown_ns = 0  # the stamp of the book that was shown last
        self.moved_ns = 0  # the stamp of the last thing that happened to it
        self.levels: Levels = {}
        self.decreases: deque[Decrease] = deque(maxlen=MOST_DECREASES)
        self._tokens = market.tokens
        self._grid = grid
        self._prints = deque(prints)

    def has(self, token: str) -> bool:
        """Return whether a token is one of the two."""
        return token in self._tokens

    def side(self, token: str, side: str) -> int:
        """Return the side of a text, on the scale of the first token."""
        if (found := _SIDES.get(side)) is None:
            raise WrongLevel("bad_side", f"side {side!r} is neither BUY nor SELL")
        return found if token == self._tokens[0] else _BUY + _SELL - found

    def price(self, token: str, text: str) -> int:
        """Return the price of a text."""
        try:
            price = parse_decimal(text, PRICE_DECIMALS)
        except DecodeError as error:
            raise WrongLevel("off_grid", f"price {error}") from None
        price = price if token == self._tokens[0] else LIMIT - price
        if price not in self._grid:
            raise WrongLevel("off_grid", f"price {text} is off the grid of {self._grid.bands[0].step} of {LIMIT}")
        return price

    def shown(self, message: TokenMessage) -> Levels:
        """Return the levels of a whole book."""
        token, found = message.asset_id, Levels()
        for side, levels in (("BUY", message.bids), ("SELL", message.asks)):
            for each in levels:
                if size := size_of(each.size):
                    found[self.side(token, side), self.price(token, each.price)] = size
        return found

    def differences(self, levels: Mapping[tuple[int, int], int]) -> dict[tuple[int, int], int]:
        """Return by how much each level of a whole book is above what is known."""
        places = sorted(self.levels.keys() | levels.keys())
        changes = {place: levels.get(place, 0) - self.levels.get(place, 0) for place in places}
        return {place: change for place, change in changes.items() if change}

    def taken(self, changes: Mapping[tuple[int, int], int], heard_ns: int) -> list[tuple[int, int, int]] | None:
        """Return side, price and size of the trades that make up all of these changes; None where they do not."""
        while self._prints and self._prints[0].heard_ns < heard_ns - WINDOW_NS:
            self._prints.popleft()
        left, used, found = dict(changes), [], []
        for each in self._prints:
            if each.heard_ns > heard_ns + WINDOW_NS:
                break
            if (trade := self._read(each)) and 0 < trade[2] <= -left.get(trade[:2], 0):
                left[trade[:2]] += trade[2]
                used.append(each)
                found.append(trade)
        if any(left.values()):
            return None
        self._prints = deque(each for each in self._prints if not any(each is other for other in used))
        return found

    def trade(self, token: str, side: str, price: str, size: str) -> tuple[int, int, int]:
        """Return which side rested, at what price, and how much was taken."""
        return _BUY + _SELL - self.side(token, side), self.price(token, price), size_of(size)

    def stamp_of(self, heard_ns: int, side: int, price: int, size: int) -> int:
        """Return when the decrease happened that a trade made, and forget that; 0 if none is known."""
        for place, each in enumerate(self.decreases):
            if each[2:] == (side, price, size) and abs(heard_ns - each.heard_ns) <= WINDOW_NS:
                del self.decreases[place]
                return each.stamp_ns
        return 0

    def best(self, side: int) -> int:
        """Return the best price of a side; 0 of bids and LIMIT of asks where there is none."""
        prices = [price for which, price in self.levels if which == side]
        return max(prices, default=0) if side == _BUY else min(prices, default=LIMIT)

    def agrees(self, token: str, bid: str | None, ask: str | None) -> bool:
        """Return whether the best prices are as said; "0" and "1" say that there is none."""
        first = token == self._tokens[0]
        for side, text in ((_BUY, bid), (_SELL, ask)):
            if text:
                ours = self.best(side) if first else LIMIT - self.best(_BUY + _SELL - side)
                if ours != _best_of(text):
                    return False
        return True

    def standing(self) -> Iterator[tuple[int, int, int]]:
        """Yield side, price and size of every level, in order of side and price."""
        for (side, price), size in sorted(self.levels.items()):
            yield side, price, size

    def _read(self, each: HeardPrint) -> tuple[int, int, int] | None:
        try:
            return self.trade(each.asset_id, each.side, each.price, each.size)
        except WrongLevel:
            return None


def _best_of(text: str) -> int | None:
    """Return a best price; None for a text that is none."""
    try:
        return parse_decimal(text, PRICE_DECIMALS)
    except DecodeError:
        return None


def size_of(text: str) -> int:
    """Return the size of a text."""
    try:
        size = parse_decimal(text, SIZE_DECIMALS)
    except DecodeError:
        raise WrongLevel("too_fine", f"size {text!r} is no number of {SIZE_DECIMALS} places: never rounded") from None
    if size < 0:
        raise WrongLevel("below_zero", f"size {text} is below zero")
    return size
