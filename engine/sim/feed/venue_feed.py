"""The feed of a venue with accounts: every event of its marketplace, told to whom it concerns.

Units   as in `publisher`.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable

from engine.exchange.events import LevelChanged, PublicTrade, Replaced, Report
from engine.exchange.faults import Faults
from engine.exchange.ledger.names import member_of, subaccount_of
from engine.exchange.listing.lifecycle import VenueEvent
from engine.exchange.marketplace import Marketplace
from engine.sim.feed.account_news import ORDER_EVENTS, AccountNews
from engine.sim.feed.communications import Communications
from engine.sim.feed.frames import Level
from engine.sim.feed.listing_news import ListingNews
from engine.sim.feed.publisher import LevelCause, MarketData

MARKET_LIMIT = 100_000  # markets of one subscription


class VenueFeed:
    """Publishes the events of a marketplace on `market_data`, which a `FeedServer` serves."""

    def __init__(
        self,
        place: Marketplace,
        clock: Callable[[], int],
        faults: Faults | None = None,
        market_limit: int = MARKET_LIMIT,
    ) -> None:
        self._place = place
        instruments = place.listing.instruments
        faults = Faults() if faults is None else faults
        self.market_data = MarketData(instruments, self.depth, market_limit, faults, clock, self._interest)
        self.communications = Communications(self.market_data)
        self._accounts = AccountNews(self.market_data, place.ledger)
        self._markets = ListingNews(self.market_data, place.listing)
        self._listed = set(instruments)

    def publish(self, events: Iterable[VenueEvent]) -> None:
        """Tell what happened, in its order: books and trades, then markets, then accounts."""
        events = list(events)
        causes: dict[tuple[str, int, int], Report] = {}
        last: Report | None = None
        for event in events:
            if isinstance(event, ORDER_EVENTS):
                last = causes[event.symbol, event.side, event.price] = event
            elif isinstance(event, LevelChanged):
                cause = causes.get((event.symbol, event.side, event.price)) or _moved(last, event)
                self.market_data.on_level(event, self._cause(cause))
            elif isinstance(event, PublicTrade):
                self.market_data.on_trade(event)
        self._markets.publish(events)
        self._accounts.publish(events)
        self._forget()
        self.market_data.flush()

    def depth(self, symbol: str) -> tuple[list[Level], list[Level]]:
        """Return the bids and asks of a market, best first; none of one that is over."""
        market = self._place.exchange.markets.get(symbol)
        return (market.bids.levels(), market.asks.levels()) if market is not None else ([], [])

    def _interest(self, symbol: str) -> int:
        return self._place.ledger.open_interest.get(symbol, 0)

    def _cause(self, report: Report | None) -> LevelCause | None:
        if report is None:
            return None
        record = self._place.ledger.order_records.get(report.order_id)
        reason = record.reason if record is not None else ""
        return LevelCause(member_of(report.account), subaccount_of(report.account), report.cl_ord_id, reason)

    def _forget(self) -> None:
        """Drop the markets that were put aside since the last time."""
        listed = self._place.listing.instruments.keys()
        if listed != self._listed:
            for symbol in self._listed - listed:
                self.market_data.forget(symbol)
            self._listed = set(listed)


def _moved(last: Report | None, event: LevelChanged) -> Report | None:
    """Return the report of an order that left the level for another price, if that is what happened."""
    is_move = isinstance(last, Replaced) and (last.symbol, last.side) == (event.symbol, event.side)
    return last if is_move else None
