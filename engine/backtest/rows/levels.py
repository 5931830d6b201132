"""The book of one market while its frames are read: levels by price, on the YES scale.

Units   prices 0.0001 dollars, sizes 0.01 contracts.
"""

from collections.abc import Iterator

from engine._decimal import parse_decimal
from engine.backtest.own.size import OwnSize
from engine.instrument import PriceGrid
from engine.units import Side

PRICE_DECIMALS, LIMIT = 4, 10_000


class RecordedBook:
    """Both sides, and every price text that was read so far, so that each is read once."""

    __slots__ = (
        "ask_prices", "asks", "bid_prices", "bids", "feed", "grid", "index", "is_begun", "is_known", "own", "symbol"
    )  # fmt: skip

    def __init__(self, symbol: str, index: int, grid: PriceGrid) -> None:
        self.symbol = symbol
        self.index = index
        self.grid = grid
        self.feed = 0  # the connection that showed it last
        self.is_known = self.is_begun = False
        self.own = OwnSize()
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.bid_prices: dict[str, int] = {}  # those on the grid
        self.ask_prices: dict[str, int] = {}

    def clear(self, feed: int) -> bool:
        """Begin anew with what connection `feed` shows; return whether the book was unknown after it was known."""
        was_lost = self.is_begun and not self.is_known
        self.is_begun = self.is_known = True
        self.feed = feed
        self.bids.clear()
        self.asks.clear()
        return was_lost

    def price(self, side: int, text: str) -> int:
        """Return the YES price of a text on the scale of its side."""
        price = parse_decimal(text, PRICE_DECIMALS)
        price = price if side == Side.BUY else LIMIT - price
        if price in self.grid:
            (self.bid_prices if side == Side.BUY else self.ask_prices)[text] = price
        return price

    def standing(self) -> Iterator[tuple[int, int, int]]:
        """Yield side, price and size of every level, in order of price."""
        for side, levels in ((int(Side.BUY), self.bids), (int(Side.SELL), self.asks)):
            for price in sorted(levels):
                if levels[price]:
                    yield side, price, levels[price]
