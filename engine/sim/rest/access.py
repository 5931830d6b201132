"""What the REST server needs of its venue: everything behind it is reached through this."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.exchange.events import Request
from engine.exchange.exchange import Exchange
from engine.exchange.ledger.ledger import Ledger
from engine.exchange.listing.lifecycle import VenueEvent
from engine.exchange.listing.listing import VenueListing
from engine.exchange.listing.records import MarketStatus
from engine.exchange.marketplace import Marketplace
from engine.sim.keys import KeyRing
from engine.sim.rest.numbers import DOLLAR
from engine.sim.rest.tokens import MemberTokens


@dataclass(slots=True, kw_only=True)
class VenueAccess:
    """One venue, as its servers share it. `tell` hands events to everybody whom they concern, in order."""

    place: Marketplace
    keys: KeyRing
    tokens: MemberTokens
    tell: Callable[[Iterable[VenueEvent]], None]
    now_ns: Callable[[], int]

    @property
    def exchange(self) -> Exchange:
        """Return the books and their orders."""
        return self.place.exchange

    @property
    def ledger(self) -> Ledger:
        """Return what accounts have."""
        return self.place.ledger

    @property
    def listing(self) -> VenueListing:
        """Return series, events and markets."""
        return self.place.listing

    def submit(self, request: Request, now_ns: int) -> list[VenueEvent]:
        """Carry out a request about orders, tell its events, and return them."""
        events = self.place.submit(request, now_ns)
        self.tell(events)
        return events

    def quote(self, symbol: str) -> tuple[int, int]:
        """Return the best bid and ask of a market, 0 and a dollar where there is none."""
        market = self.exchange.markets.get(symbol)
        bid, ask = (market.bids.best(), market.asks.best()) if market else (None, None)
        return bid.price if bid else 0, ask.price if ask else DOLLAR

    def open_interest(self, symbol: str) -> int:
        """Return how many contracts are held, in size units."""
        return self.ledger.open_interest.get(symbol, 0)

    def event_of(self, symbol: str) -> str:
        """Return the event of a market, "" for one that nobody remembers."""
        market = self.listing.market(symbol)
        return market.event if market else ""

    def is_active(self, symbol: str) -> bool:
        """Return whether a market is listed and open."""
        market = self.listing.markets.get(symbol)
        return market is not None and market.status == MarketStatus.ACTIVE
