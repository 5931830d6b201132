"""One Kalshi market as its frames name it: from price texts to prices of the YES book.

Units   prices and sizes as in `instrument`; the price 0 stands for one that the grid lacks.
Errors  DecodeError for text that is no number, ConfigError for an instrument without a grid.
Source  Kalshi WebSocket, price scale of the NO side, number forms; market model, YES/NO duality, price grid.
"""

from functools import lru_cache
from typing import NamedTuple

from engine._decimal import format_decimal, parse_decimal
from engine.book import ASK, BID
from engine.errors import ConfigError, DecodeError
from engine.instrument import Instrument, PriceGrid
from engine.venue import MarketState
from engine.venue.kalshi import frames
from engine.venue.kalshi.subscriptions import NOWHERE, Stream


class Ladder(NamedTuple):
    """One side of a snapshot: its (price, size) pairs, and the price texts that are not among them."""

    levels: list[tuple[int, int]]
    off_grid: list[str]
    doubled: list[str]


class ListedMarket:
    """One market: its place in the streams, its state, and the way from its price texts to YES prices."""

    __slots__ = (
        "asks", "bids", "grid", "instrument", "is_new", "is_refused", "is_waiting", "mirror", "payout",
        "size_decimals", "state", "stream",
    )  # fmt: skip

    def __init__(self, instrument: Instrument, use_yes_price: bool) -> None:
        if instrument.grid is None:
            raise ConfigError(f"{instrument.symbol} has no price grid: give it the market's price_ranges")
        self.instrument = instrument
        self.size_decimals = instrument.size_decimals
        self.mirror = 0 if use_yes_price else instrument.limit  # NO price q is the YES price mirror - q
        self.use_grid(instrument.grid)
        self.is_waiting = True
        self.is_new = True  # no snapshot with both sides came so far
        self.is_refused = False  # by the venue, until the next connection
        self.stream: Stream = NOWHERE  # that carries its book
        self.state = MarketState.UNCHANGED
        self.payout = -1  # of one contract, once the venue has told it

    def use_grid(self, grid: PriceGrid) -> None:
        """Read prices by this grid from here on."""
        self.grid = grid
        self.bids = _prices(grid, self.instrument.price_decimals, 0)
        self.asks = _prices(grid, self.instrument.price_decimals, self.mirror)

    def price(self, side: int, text: str) -> int:
        """Return the YES price of `text` however it is written, 0 if the grid lacks it."""
        price = self.instrument.parse_price(text)
        if side == ASK and self.mirror:
            price = self.mirror - price
        return price if price in self.grid else 0

    def ladder(self, side: int, pairs: frames.Levels) -> Ladder:
        """Return one side of a snapshot; of a price that it names twice, the later size holds."""
        prices = self.bids if side == BID else self.asks
        sizes: dict[int, int] = {}
        off_grid: list[str] = []
        doubled: list[str] = []
        for price_text, size_text in pairs:
            size = parse_decimal(size_text, self.size_decimals)
            if size < 0:
                raise DecodeError(f"size below zero in a snapshot: {size_text!r}")
            price = prices.get(price_text) or self.price(side, price_text)
            if not price:
                off_grid += [price_text] if size else []
                continue
            if price in sizes:
                doubled.append(price_text)
            sizes[price] = size
        return Ladder([(price, size) for price, size in sizes.items() if size], off_grid, doubled)


@lru_cache
def _prices(grid: PriceGrid, decimals: int, mirror: int) -> dict[str, int]:
    """Return the YES price of each price text in the venue's usual form; one table serves all markets of a grid.

    `mirror` is 0, or what a price is taken from. One look-up stands for parsing, mirroring and the grid check.
    """
    return {format_decimal(abs(mirror - price), decimals): price for price in grid.prices}
