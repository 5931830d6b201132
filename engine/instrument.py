"""An instrument, its price grid, and the exact conversion between decimal text and integers.

Units   price counts 10**-price_decimals (Kalshi: $0.0001), size counts 10**-size_decimals (Kalshi: 0.01
        contract), money their product (Kalshi: $0.000001).
Errors  ConfigError for price bands that make no grid, DecodeError for text that is no number of these.
Source  Kalshi market model: price grid, suggested engine representation.
"""

from collections.abc import Iterable
from functools import lru_cache
from heapq import heapify, heappop, heappush
from itertools import pairwise
from operator import attrgetter

import msgspec

from engine._decimal import format_decimal, parse_decimal
from engine.errors import ConfigError

NOWHERE = -1  # the index of a market that is in no table: not yet, or not any more


class PriceBand(msgspec.Struct, frozen=True):
    """Prices from `start` to `end`, both included, every `step`."""

    start: int
    end: int
    step: int


class PriceGrid:
    """Every valid price, ascending; a slot is a price's place in that list.

    `slot_of[price]` is the slot, or -1 for a price off the grid; one grid is shared by all books that have its bands.
    """

    __slots__ = ("bands", "prices", "slot_of")

    def __init__(self, bands: tuple[PriceBand, ...]) -> None:
        self.bands = bands
        self.prices = tuple(sorted({price for band in bands for price in _band_prices(band)}))
        slots = {price: slot for slot, price in enumerate(self.prices)}
        self.slot_of = tuple(slots.get(price, -1) for price in range(self.prices[-1] + 1))

    def __contains__(self, price: int) -> bool:
        return 0 <= price < len(self.slot_of) and self.slot_of[price] >= 0

    def __len__(self) -> int:
        return len(self.prices)


class Instrument:
    """One tradable market for ever: its names, its units, its grid, and its place (`index`) in the engine's tables.

    `limit` is the payout of one contract in price units: valid prices lie strictly between 0 and it.
    `grid` is None where prices are unbounded; every positive price is then valid. `close_ns` is when the market closes,
    in ns since 1970, 0 where nobody says. `series` and `category` are the venue's words for what the event belongs to.
    Once the market is over and forgotten its index is NOWHERE, and another market gets the place.
    """

    __slots__ = (
        "category", "close_ns", "event", "grid", "index", "limit", "price_decimals", "series", "shard", "size_decimals",
        "symbol",
    )  # fmt: skip

    def __init__(
        self,
        symbol: str,
        index: int,
        bands: Iterable[PriceBand] | None,
        *,
        event: str = "",
        price_decimals: int = 4,
        size_decimals: int = 2,
        series: str = "",
        shard: int = 0,
        close_ns: int = 0,
        category: str = "",
    ) -> None:
        self.symbol = symbol
        self.event = event or symbol
        self.series = series
        self.category = category
        self.shard = shard
        self.close_ns = close_ns
        self.index = index
        self.price_decimals = price_decimals
        self.size_decimals = size_decimals
        self.limit = 10**price_decimals if bands is not None else 0
        self.grid = price_grid(tuple(bands), self.limit) if bands is not None else None

    def is_valid_price(self, price: int) -> bool:
        """Return whether the venue takes this price: on the grid, or above 0 where there is none."""
        return price in self.grid if self.grid is not None else price > 0

    def parse_price(self, text: str | bytes) -> int:
        """Return the price that decimal text means, such as 4600 for "0.46"; DecodeError if it is none or too fine."""
        return parse_decimal(text, self.price_decimals)

    def parse_size(self, text: str | bytes) -> int:
        """Return the size that decimal text means, such as 100 for "1"; DecodeError if it is none or too fine."""
        return parse_decimal(text, self.size_decimals)

    def format_price(self, price: int) -> str:
        """Return a price as decimal text, in dollars."""
        return format_decimal(price, self.price_decimals)

    def format_size(self, size: int) -> str:
        """Return a size or quantity as decimal text, in contracts."""
        return format_decimal(size, self.size_decimals)

    def format_money(self, money: int) -> str:
        """Return an amount, whose units are the product of price and size, as decimal text."""
        return format_decimal(money, self.price_decimals + self.size_decimals)

    def __repr__(self) -> str:
        return f"Instrument({self.symbol!r}, {self.index})"


class Slots:
    """The places of the engine's tables: a market gets the lowest that is free, so that tables stay short."""

    def __init__(self, taken: Iterable[Instrument] = ()) -> None:
        places = {instrument.index for instrument in taken}
        self.count = max(places, default=-1) + 1  # the free ones included
        self._free = [place for place in range(self.count) if place not in places]
        heapify(self._free)

    def give(self, instrument: Instrument) -> None:
        """Give a market its index."""
        if self._free:
            instrument.index = heappop(self._free)
        else:
            instrument.index = self.count
            self.count += 1

    def take_back(self, instrument: Instrument) -> None:
        """Let another market have the index of this one, which is in no table any more."""
        heappush(self._free, instrument.index)
        instrument.index = NOWHERE


@lru_cache
def price_grid(bands: tuple[PriceBand, ...], limit: int) -> PriceGrid:
    """Return the grid of `bands`, one object for equal bands; 0 and `limit` are never valid prices."""
    inside = []
    for band in bands:
        if not 0 <= band.start < band.end <= limit or band.step <= 0 or (band.end - band.start) % band.step:
            raise ConfigError(f"price band {band} must rise inside 0 to {limit} by a positive step that divides it")
        start = band.start or band.step
        end = band.end - band.step if band.end == limit else band.end
        if start > end:
            raise ConfigError(f"price band {band} holds no price strictly between 0 and {limit}")
        inside.append(PriceBand(start, end, band.step))
    if not inside:
        raise ConfigError("price bands are empty: name at least one {start, end, step}")
    for before, after in pairwise(sorted(inside, key=attrgetter("start"))):
        if after.start < before.end:
            raise ConfigError(f"price bands {before} and {after} overlap: which step holds there?")
    return PriceGrid(tuple(inside))


def _band_prices(band: PriceBand) -> range:
    return range(band.start, band.end + 1, band.step)
