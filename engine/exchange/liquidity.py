"""Seeded participants that quote and take around a wandering fair value in every market.

Makers keep post-only quotes a few slots away from the fair value on both sides and move or resize them; a taker sends
orders that are done at once. The same seed and the same times give the same orders.

Units   a slot is a place in the market's price grid, so no quote leaves it; sizes as in `instrument`; times in ns.
Errors  ConfigError for a market whose grid is too small to quote in.
Cost    about one book change and a half per action; see `rate`.
"""

from collections.abc import Iterator
from random import Random

import msgspec

from engine import fix
from engine.errors import ConfigError
from engine.exchange.events import Cancel, Event, NewOrder, Replace
from engine.exchange.exchange import Exchange
from engine.exchange.orders import Registry
from engine.instrument import Instrument, PriceGrid

TAKER = "house-taker"
_NS = 1_000_000_000
_CATCH_UP_NS = _NS  # after a stall at most this much of the past is made up for


class LiquiditySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How busy the markets are."""

    seed: int = 1
    rate: float = 250.0  # actions a second, over all markets
    makers: int = 4
    depth: int = 4  # quotes of each maker on each side
    taker_share: float = 0.08  # of all actions
    wander: float = 0.12  # standard deviation of the fair value's step per action in its market, in slots
    max_qty: int = 20_000

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.wander < 0 or not 0 <= self.taker_share <= 1:
            raise ConfigError("liquidity: rate must be above 0, wander at least 0, taker_share between 0 and 1")
        if min(self.makers, self.depth, self.max_qty) < 1:
            raise ConfigError("liquidity: makers, depth and max_qty must be at least 1")


class _Quoted:
    """One market's grid and fair value."""

    def __init__(self, instrument: Instrument, margin: int, random: Random) -> None:
        if instrument.grid is None or len(instrument.grid) < 4 * margin:
            raise ConfigError(f"{instrument.symbol}: its grid needs {4 * margin} prices to be quoted, or less depth")
        self.symbol = instrument.symbol
        self.grid: PriceGrid = instrument.grid
        self._low = float(margin)
        self._high = float(len(self.grid) - 1 - margin)
        self.fair = random.uniform(0.25, 0.75) * len(self.grid)

    def wander(self, random: Random, deviation: float) -> None:
        """Move the fair value, occasionally by a leap; it is reflected at the ends of the grid."""
        leap = 8.0 if random.random() < 0.005 else 1.0
        fair = self.fair + random.gauss(0.0, deviation * leap)
        if fair < self._low:
            fair = 2 * self._low - fair
        elif fair > self._high:
            fair = 2 * self._high - fair
        self.fair = min(max(fair, self._low), self._high)

    def price(self, side: int, distance: int) -> int:
        """Return the price `distance` slots from the fair value, away from the other side."""
        slot = int(self.fair) - distance if side == fix.BUY else int(self.fair) + 1 + distance
        return self.grid.prices[min(max(slot, 0), len(self.grid) - 1)]


class Liquidity:
    """Every participant of the house; the exchange must be given `accounts` as its `house`."""

    def __init__(self, instruments: list[Instrument], settings: LiquiditySettings) -> None:
        self._settings = settings
        self._random = Random(settings.seed)
        self._markets: list[_Quoted] = []
        self._new: list[_Quoted] = []  # not quoted yet
        self._makers = [f"house-maker-{number}" for number in range(settings.makers)]
        self._quotes: dict[tuple[str, str, int, int], str] = {}  # (maker, symbol, side, distance) -> ClOrdID
        self._ids = 0
        self._next_ns: int | None = None
        self.accounts = (*self._makers, TAKER)
        for instrument in instruments:
            self.add(instrument)

    def add(self, instrument: Instrument) -> None:
        """Quote another market from the next action on."""
        market = _Quoted(instrument, self._settings.depth + 2, self._random)
        self._markets.append(market)
        self._new.append(market)

    def remove(self, symbol: str) -> None:
        """Quote a market no more; its orders are left to the exchange."""
        self._markets = [market for market in self._markets if market.symbol != symbol]
        self._new = [market for market in self._new if market.symbol != symbol]
        self._quotes = {place: quote for place, quote in self._quotes.items() if place[1] != symbol}

    def step(self, exchange: Exchange, now_ns: int) -> list[Event]:
        """Carry out every action that is due."""
        events: list[Event] = []
        for request in self.actions(exchange.orders, now_ns):
            events += exchange.submit(request, now_ns)
        return events

    def actions(self, orders: Registry, now_ns: int) -> Iterator[NewOrder | Replace | Cancel]:
        """Yield the actions due, at first all quotes of a market; carry out each before asking for the next."""
        while self._new:
            market = self._new.pop(0)
            for quote in self._places(market):
                yield self._quote(orders, market, *quote)
        self._next_ns = max(now_ns if self._next_ns is None else self._next_ns, now_ns - _CATCH_UP_NS)
        while self._next_ns <= now_ns and self._markets:
            self._next_ns += int(self._random.expovariate(self._settings.rate) * _NS)
            market = self._random.choice(self._markets)
            market.wander(self._random, self._settings.wander)
            if self._random.random() < self._settings.taker_share:
                yield self._take(market)
            else:
                yield self._quote(orders, market, *self._random.choice(self._places(market)))

    def _places(self, market: _Quoted) -> list[tuple[str, int, int]]:
        depth = range(self._settings.depth)
        return [(maker, side, distance) for maker in self._makers for side in (fix.BUY, fix.SELL) for distance in depth]

    def _quote(
        self, orders: Registry, market: _Quoted, maker: str, side: int, distance: int
    ) -> NewOrder | Replace | Cancel:
        """Enter, move, resize or sometimes withdraw one quote."""
        place = (maker, market.symbol, side, distance)
        quote_id = self._quotes.get(place, "")
        order = orders.find(maker, quote_id) if quote_id else None
        price, qty, cl_ord_id = market.price(side, distance), self._qty(), self._next_id()
        if order is None:
            self._quotes[place] = cl_ord_id
            return NewOrder(
                account=maker,
                cl_ord_id=cl_ord_id,
                symbol=market.symbol,
                side=side,
                order_qty=qty,
                price=price,
                time_in_force=fix.Tif.GTC,
                post_only=True,
            )
        if self._random.random() < 0.1:
            return Cancel(account=maker, cl_ord_id=cl_ord_id, orig_cl_ord_id=quote_id)
        self._quotes[place] = cl_ord_id
        return Replace(
            account=maker,
            cl_ord_id=cl_ord_id,
            orig_cl_ord_id=quote_id,
            order_qty=order.cum_qty + qty,
            price=price,
        )

    def _take(self, market: _Quoted) -> NewOrder:
        """Buy or sell at once, at any price or at one not far from the fair value."""
        side = self._random.choice((fix.BUY, fix.SELL))
        is_market = self._random.random() < 0.3
        return NewOrder(
            account=TAKER,
            cl_ord_id=self._next_id(),
            symbol=market.symbol,
            side=side,
            order_qty=self._qty(),
            price=0 if is_market else market.price(side, -self._random.randint(1, 4)),
            ord_type=fix.Type.MARKET if is_market else fix.Type.LIMIT,
            time_in_force=fix.Tif.IOC,
        )

    def _qty(self) -> int:
        """Return a size, mostly small and mostly whole contracts."""
        qty = min(1 + int(self._random.expovariate(8.0 / self._settings.max_qty)), self._settings.max_qty)
        return qty if self._random.random() < 0.2 else max(qty // 100, 1) * 100

    def _next_id(self) -> str:
        self._ids += 1
        return f"H{self._ids}"
