"""The house quotes the markets that are active, and only those: they come, change their prices and go.

Units   as in `liquidity`.
Cost    O(markets) a step, beside that of the quotes.
"""

from engine.exchange.events import Event
from engine.exchange.exchange import Exchange
from engine.exchange.liquidity import Liquidity, LiquiditySettings
from engine.exchange.listing.listing import VenueListing
from engine.exchange.listing.records import MarketStatus
from engine.instrument import PriceGrid


class House:
    """The venue's own participants; without `settings` there are none."""

    def __init__(self, settings: LiquiditySettings | None) -> None:
        self._liquidity = Liquidity([], settings) if settings else None
        self._grids: dict[str, PriceGrid | None] = {}  # of the markets that are quoted
        self.accounts = self._liquidity.accounts if self._liquidity else ()

    def step(self, exchange: Exchange, listing: VenueListing, now_ns: int) -> list[Event]:
        """Carry out every action that is due; the quotes of a market that is not active any more leave first."""
        if self._liquidity is None:
            return []
        events = self._choose(self._liquidity, exchange, listing, now_ns)
        return events + self._liquidity.step(exchange, now_ns)

    def _choose(self, liquidity: Liquidity, exchange: Exchange, listing: VenueListing, now_ns: int) -> list[Event]:
        """Quote each active market by the grid that it has now, and no other."""
        events: list[Event] = []
        active = {
            symbol: listing.instruments[symbol].grid
            for symbol, market in listing.markets.items()
            if market.status == MarketStatus.ACTIVE
        }
        for symbol in [symbol for symbol, grid in self._grids.items() if active.get(symbol) is not grid]:
            del self._grids[symbol]
            liquidity.remove(symbol)
            for account in self.accounts:
                events += exchange.cancel_orders(exchange.orders.open_orders(account, symbol), "", now_ns)
        for symbol in active:
            if symbol not in self._grids:
                liquidity.add(listing.instruments[symbol])
        self._grids = active
        return events
