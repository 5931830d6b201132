"""What the FIX side needs of its venue: everything behind it is reached through this.

Units   as in `wire`; times in ns since 1970.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from engine.exchange.events import Refusal, Request
from engine.exchange.listing.lifecycle import VenueEvent
from engine.exchange.market import RestingOrder
from engine.exchange.marketplace import Marketplace
from engine.sim.fix.kalshi.admission import MemberRules
from engine.sim.keys import KeyRing

Levels = list[tuple[int, int]]


@dataclass(slots=True, kw_only=True)
class FixAccess:
    """One venue, as its FIX gateways see it.

    `tell` hands events to everybody whom they concern, the gateways among them (`KalshiFix.take`), in order.
    `may_drop_copy` says whether a member is on the allow-list.
    """

    place: Marketplace
    keys: KeyRing
    tell: Callable[[Iterable[VenueEvent]], None]
    now_ns: Callable[[], int]
    may_drop_copy: Callable[[str], bool] = lambda member: True
    rules: MemberRules = field(default_factory=MemberRules)

    def execute(self, request: Request) -> None:
        """Carry out a request about orders, and tell what follows."""
        self.tell(self.place.submit(request, self.now_ns()))

    def find(self, account: str, cl_ord_id: str, order_id: str) -> RestingOrder | None:
        """Return an order of the account."""
        return self.place.exchange.orders.find(account, cl_ord_id, order_id)

    def shard_of(self, symbol: str) -> int:
        """Return the shard of a market, 0 for one that is not listed."""
        market = self.place.listing.market(symbol)
        return market.shard if market is not None else 0

    def depth(self, symbol: str) -> tuple[Levels, Levels] | None:
        """Return bids and asks, best first; None for a market that is not listed."""
        market = self.place.exchange.markets.get(symbol)
        return None if market is None else (market.bids.levels(), market.asks.levels())

    def size_at(self, symbol: str, side: int, price: int) -> int:
        """Return the size of a level, 0 where nothing rests."""
        market = self.place.exchange.markets.get(symbol)
        return 0 if market is None else market.side(side).size_at(price)

    def told(self, events: list[VenueEvent] | Refusal) -> list[VenueEvent] | Refusal:
        """Tell events, and return them."""
        if not isinstance(events, Refusal):
            self.tell(events)
        return events
