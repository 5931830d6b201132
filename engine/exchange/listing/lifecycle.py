"""A market's life: listed, opened, paused, closed, determined, disputed, paid, put aside; each step as events.

Units   as in `records`; times in ns, passed in.
Errors  KeyError for a market that is not listed; EngineError for a step that its state does not allow.
Cost    a step O(orders and positions of the market); `advance` O(log markets) for each that is due.
Source  Kalshi market model: states and hours, settlement; Kalshi WebSocket: market_lifecycle_v2.
"""

from collections.abc import Callable
from heapq import heappop, heappush

from engine.errors import EngineError
from engine.exchange import refusals
from engine.exchange.account_events import (
    AccountEvent,
    EventCreated,
    ListingEvent,
    MarketChanged,
    MarketStep,
)
from engine.exchange.events import Event
from engine.exchange.exchange import Exchange
from engine.exchange.ledger.ledger import Ledger
from engine.exchange.listing.grids import bands_of
from engine.exchange.listing.listing import VenueListing
from engine.exchange.listing.records import (
    EventRecord,
    FeeChange,
    MarketRecord,
    MarketResult,
    MarketStatus,
)
from engine.instrument import PriceBand, price_grid
from engine.venue import MarketState

VenueEvent = Event | AccountEvent | ListingEvent

_DECIDED = (MarketStatus.DETERMINED, MarketStatus.DISPUTED, MarketStatus.AMENDED)
_TRADED = (MarketStatus.INITIALIZED, MarketStatus.ACTIVE, MarketStatus.INACTIVE)


class MarketLifecycle:
    """Moves markets through their states, and takes the exchange and the ledger along.

    Orders are expired `sweep_ns` after a market closed, and a market is put aside `keep_ns` after it was paid. `follow`
    lets every part of the venue learn from events of the exchange, and returns them with what follows.
    """

    def __init__(
        self,
        exchange: Exchange,
        ledger: Ledger,
        listing: VenueListing,
        follow: Callable[[list[Event], int], list[VenueEvent]],
        *,
        sweep_ns: int = 0,
        keep_ns: int = 0,
    ) -> None:
        self._exchange = exchange
        self._ledger = ledger
        self._listing = listing
        self._follow = follow
        self._sweep_ns = sweep_ns
        self._keep_ns = keep_ns
        self._due: list[tuple[int, str]] = []  # when to look at a market again

    # Listing

    def list_event(self, event: EventRecord, now_ns: int) -> list[VenueEvent]:
        """List an event of a listed series."""
        self._listing.add_event(event)
        event.created_ns = event.updated_ns = now_ns
        return [EventCreated(event=event.ticker, series=event.series, shard=event.shard, now_ns=now_ns)]

    def list_market(self, market: MarketRecord, now_ns: int) -> list[VenueEvent]:
        """List a market of a listed event; it opens at its time, which may be past."""
        instrument = self._listing.add_market(market)
        market.created_ns = market.updated_ns = now_ns
        self._exchange.add_market(instrument, MarketState.PAUSED)
        created = self._step(market, MarketStep.CREATED, now_ns, close_ns=market.close_ns, label=market.label)
        return [created, *self._look(market, now_ns)]

    # Time

    def advance(self, now_ns: int) -> list[VenueEvent]:
        """Take every step whose time has come: opening, closing, sweeping, paying, putting aside, other fees."""
        events: list[VenueEvent] = []
        while self._due and self._due[0][0] <= now_ns:
            market = self._listing.markets.get(heappop(self._due)[1])
            if market is not None:
                events += self._look(market, now_ns)
        return events + self._change_fees(now_ns)

    def _look(self, market: MarketRecord, now_ns: int) -> list[VenueEvent]:
        """Take the steps of one market that are due, and remember when the next one is."""
        events: list[VenueEvent] = []
        while (due_ns := self._next_ns(market)) and due_ns <= now_ns:
            events += self._next_step(market, now_ns)
            if market.ticker not in self._listing.markets:
                return events
        if due_ns:
            heappush(self._due, (due_ns, market.ticker))
        return events

    def _next_ns(self, market: MarketRecord) -> int:
        """Return when a market's next step of its own is due, 0 if it waits for somebody."""
        if market.status == MarketStatus.INITIALIZED:
            return market.opens_ns or market.created_ns
        if market.status in (MarketStatus.ACTIVE, MarketStatus.INACTIVE):
            return market.close_ns
        if market.status == MarketStatus.CLOSED:
            is_swept = self._exchange.markets[market.ticker].state == MarketState.CLOSED
            return 0 if is_swept else market.close_ns + self._sweep_ns
        if market.status in (MarketStatus.DETERMINED, MarketStatus.AMENDED):
            return market.determined_ns + market.settlement_timer_ns
        return market.settled_ns + self._keep_ns if market.is_over else 0

    def _next_step(self, market: MarketRecord, now_ns: int) -> list[VenueEvent]:
        if market.status == MarketStatus.INITIALIZED:
            market.status = MarketStatus.ACTIVE
            return self._follow(self._exchange.set_state(market.ticker, MarketState.ACTIVE, now_ns), now_ns)
        if market.status in (MarketStatus.ACTIVE, MarketStatus.INACTIVE):
            market.status, market.updated_ns = MarketStatus.CLOSED, now_ns
            return []
        if market.status == MarketStatus.CLOSED:
            return self._follow(self._exchange.set_state(market.ticker, MarketState.CLOSED, now_ns), now_ns)
        if market.is_over:
            self._exchange.remove_market(market.ticker)
            self._listing.archive(market.ticker)
            return []
        return self._settle(market, now_ns)

    # Steps that somebody takes

    def pause(self, ticker: str, now_ns: int) -> list[VenueEvent]:
        """Deactivate an active market: orders stay, but for those that are to be cancelled on a pause."""
        market = self._market(ticker, MarketStatus.ACTIVE)
        market.status = MarketStatus.INACTIVE
        events = self._follow(self._exchange.set_state(ticker, MarketState.PAUSED, now_ns), now_ns)
        resting = self._exchange.markets[ticker]
        flagged = [order for side in (1, 2) for order in resting.own_orders(side) if order.terms.cancel_on_pause]
        events += self._follow(self._exchange.cancel_orders(flagged, refusals.PAUSED.text, now_ns), now_ns)
        return [*events, self._step(market, MarketStep.DEACTIVATED, now_ns)]

    def resume(self, ticker: str, now_ns: int) -> list[VenueEvent]:
        """Activate a market that was paused: its orders are cancelled."""
        market = self._market(ticker, MarketStatus.INACTIVE)
        market.status = MarketStatus.ACTIVE
        events = self._follow(self._exchange.set_state(ticker, MarketState.ACTIVE, now_ns), now_ns)
        return [*events, self._step(market, MarketStep.ACTIVATED, now_ns)]

    def move_close(self, ticker: str, close_ns: int, now_ns: int) -> list[VenueEvent]:
        """Close a market at another time: at once if that is past; a closed one opens again if it is to come."""
        market = self._market(ticker, *_TRADED, MarketStatus.CLOSED)
        market.close_ns = close_ns
        if market.status == MarketStatus.CLOSED and close_ns > now_ns:
            market.status = MarketStatus.ACTIVE
            self._exchange.set_state(ticker, MarketState.ACTIVE, now_ns)
        step = self._step(market, MarketStep.CLOSE_DATE_UPDATED, now_ns, close_ns=close_ns)
        return [step, *self._look(market, now_ns)]

    def determine(self, ticker: str, result: str, value: int, now_ns: int) -> list[VenueEvent]:
        """Say how a market ended, and close it if it has not; `value` is what YES is worth, its price."""
        market = self._market(ticker, *_TRADED, MarketStatus.CLOSED, *_DECIDED)
        limit = self._listing.limit_of(ticker)
        value = {MarketResult.YES: limit, MarketResult.NO: 0}.get(result, value)
        if not 0 <= value <= limit or result not in (MarketResult.YES, MarketResult.NO, MarketResult.SCALAR):
            raise EngineError(f"{ticker}: result {result!r} of value {value} cannot be: say yes, no, or scalar")
        market.status = MarketStatus.AMENDED if market.status in _DECIDED else MarketStatus.DETERMINED
        market.result, market.value, market.determined_ns = result, value, now_ns
        market.close_ns = min(market.close_ns or now_ns, now_ns)
        events = self._follow(self._exchange.set_state(ticker, MarketState.DETERMINED, now_ns), now_ns)
        step = self._step(market, MarketStep.DETERMINED, now_ns, result=result, value=value)
        return [*events, step, *self._look(market, now_ns)]

    def void(self, ticker: str, now_ns: int, value: int = -1) -> list[VenueEvent]:
        """End a market whose event fell through: every contract is worth `value`, its last price unless told."""
        price = self._market(ticker).last_price or self._listing.limit_of(ticker) // 2
        return self.determine(ticker, MarketResult.SCALAR, price if value < 0 else value, now_ns)

    def dispute(self, ticker: str, now_ns: int) -> list[VenueEvent]:
        """Hold the payment of a market until it is determined anew."""
        market = self._market(ticker, MarketStatus.DETERMINED, MarketStatus.AMENDED)
        market.status, market.updated_ns = MarketStatus.DISPUTED, now_ns
        return []

    def settle(self, ticker: str, now_ns: int) -> list[VenueEvent]:
        """Pay the positions of a market whose result is known."""
        market = self._market(ticker, *_DECIDED)
        return [*self._settle(market, now_ns), *self._look(market, now_ns)]

    def _settle(self, market: MarketRecord, now_ns: int) -> list[VenueEvent]:
        market.status, market.settled_ns = MarketStatus.FINALIZED, now_ns
        self._exchange.set_state(market.ticker, MarketState.SETTLED, now_ns)
        paid = self._ledger.pay(market.ticker, market.result, market.value, now_ns)
        step = self._step(market, MarketStep.SETTLED, now_ns, result=market.result, value=market.value)
        return [*paid, step]

    def change_grid(self, ticker: str, label: str, now_ns: int, bands: tuple[PriceBand, ...] = ()) -> list[VenueEvent]:
        """Give a market the prices of a label, or those of `bands`; orders that rest at others stay."""
        market = self._market(ticker, *_TRADED)
        market.label, market.bands = label, bands or bands_of(label)
        instrument = self._listing.instruments[ticker]
        instrument.grid = price_grid(market.bands, instrument.limit)
        return [self._step(market, MarketStep.GRID_UPDATED, now_ns, label=label)]

    def change_metadata(self, ticker: str, now_ns: int, **fields: str) -> list[VenueEvent]:
        """Change a market's strikes or titles, by their names in `MarketRecord`."""
        market = self._market(ticker)
        for name, text in fields.items():
            setattr(market, name, text)
        return [self._step(market, MarketStep.METADATA_UPDATED, now_ns)]

    def raise_floor(self, ticker: str, floor: int, now_ns: int) -> list[VenueEvent]:
        """Say that YES is worth `floor` at least: orders at or below that price are cancelled."""
        market = self._market(ticker, *_TRADED)
        market.settlement_floor, market.updated_ns = floor, now_ns
        resting = self._exchange.markets[ticker]
        below = [order for side in (1, 2) for order in resting.own_orders(side) if order.price <= floor]
        return self._follow(self._exchange.cancel_orders(below, refusals.BOUNDS, now_ns), now_ns)

    def schedule_fees(self, change: FeeChange) -> None:
        """Announce other fees of a series or an event; they hold from their time on."""
        self._listing.fee_changes.append(change)

    def _change_fees(self, now_ns: int) -> list[VenueEvent]:
        return [*self._listing.apply_fees(now_ns)]

    # Parts

    def _market(self, ticker: str, *statuses: str) -> MarketRecord:
        market = self._listing.markets[ticker]
        if statuses and market.status not in statuses:
            raise EngineError(f"{ticker} is {market.status}: this needs it {' or '.join(statuses)}")
        return market

    def _step(
        self,
        market: MarketRecord,
        step: str,
        now_ns: int,
        *,
        close_ns: int = 0,
        result: str = "",
        value: int = -1,
        label: str = "",
    ) -> MarketChanged:
        market.updated_ns = now_ns
        return MarketChanged(
            symbol=market.ticker,
            event=market.event,
            series=market.series,
            shard=market.shard,
            step=step,
            now_ns=now_ns,
            close_ns=close_ns,
            result=result,
            value=value,
            label=label,
            bands=market.bands if label else (),
        )
