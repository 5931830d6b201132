"""One Kalshi market as its frames name it: from price texts to prices of the YES book.

Units   prices and sizes as in `instrument`; the price 0 stands for one that the grid lacks.
Errors  DecodeError for text that is no number, ConfigError for an instrument without a grid.
Source  Kalshi WebSocket, price scale of the NO side, number forms; market model, YES/NO duality.
"""

from functools import lru_cache

from engine._decimal import format_decimal, parse_decimal
from engine.book import ASK, BID
from engine.errors import ConfigError, DecodeError
from engine.instrument import Instrument, PriceGrid
from engine.venue.kalshi import frames


class ListedMarket:
    """One market: its place in the streams, and the way from its price texts to YES prices."""

    __slots__ = ("asks", "bids", "instrument", "is_waiting", "mirror", "sid", "size_decimals")

    def __init__(self, instrument: Instrument, use_yes_price: bool) -> None:
        if instrument.grid is None:
            raise ConfigError(f"{instrument.symbol} has no price grid: give it the market's price_ranges")
        self.instrument = instrument
        self.size_decimals = instrument.size_decimals
        self.mirror = 0 if use_yes_price else instrument.limit  # NO price q is the YES price mirror - q
        self.bids = _prices(instrument.grid, instrument.price_decimals, 0)
        self.asks = _prices(instrument.grid, instrument.price_decimals, self.mirror)
        self.is_waiting = True
        self.sid = 0  # of the stream that sent its last snapshot

    def price(self, side: int, text: str) -> int:
        """Return the YES price of `text` however it is written, 0 if the grid lacks it."""
        price = self.instrument.parse_price(text)
        if side == ASK and self.mirror:
            price = self.mirror - price
        return price if self.instrument.is_valid_price(price) else 0

    def levels(self, side: int, pairs: frames.Levels) -> list[tuple[int, int]]:
        """Return the (price, size) pairs of one side of a snapshot."""
        prices = self.bids if side == BID else self.asks
        levels = []
        for price_text, size_text in pairs:
            size = parse_decimal(size_text, self.size_decimals)
            if size < 0:
                raise DecodeError(f"size below zero in a snapshot: {size_text!r}")
            if size:
                levels.append((prices.get(price_text) or self.price(side, price_text), size))
        return levels


@lru_cache
def _prices(grid: PriceGrid, decimals: int, mirror: int) -> dict[str, int]:
    """Return the YES price of each price text in the venue's usual form; one table serves all markets of a grid.

    `mirror` is 0, or what a price is taken from. One look-up stands for parsing, mirroring and the grid check.
    """
    return {format_decimal(abs(mirror - price), decimals): price for price in grid.prices}
