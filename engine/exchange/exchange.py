"""The exchange: price-time priority in any number of markets; each request returns a list of events.

Units   prices, sizes and money as in `instrument`; times in ns, passed in.
Errors  none for a request: a refusal is an event. `set_state` of an unknown symbol raises KeyError.
Cost    a request O(log prices), and O(1) per match.
Thread  one; no I/O, no clock.
Source  FIX 4.4 volume 4, order state change matrices; Kalshi market model: matching, self-trade prevention, states.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, time, timedelta
from heapq import heappop, heappush
from itertools import count
from zoneinfo import ZoneInfo

from engine import fix
from engine.exchange import refusals
from engine.exchange.events import (
    Accepted,
    Cancel,
    Canceled,
    Event,
    Expired,
    MassCancel,
    NewOrder,
    Refusal,
    Replace,
    Replaced,
    Request,
    StatusRequest,
)
from engine.exchange.faults import NS_PER_MS, FaultKind, Faults, InjectedFault
from engine.exchange.market import Market, RestingOrder
from engine.exchange.matching import Matching, level_changed
from engine.exchange.orders import Registry
from engine.exchange.reporter import Reporter
from engine.exchange.rules import PlainRules, VenueRules
from engine.instrument import Instrument
from engine.venue import MarketState, TradeFee

_EASTERN = ZoneInfo("America/New_York")
_NS = 1_000_000_000


class Exchange:
    """Every market of the venue (`markets`) and every order it remembers (`orders`).

    `rules` are what the venue demands beyond `fees`, nothing unless told; `naming` makes its ids.
    `house` names the accounts of the liquidity generator: their finished orders are forgotten at once and faults spare
    them. `nonce` begins every id that the venue makes, so that a restarted venue repeats none.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        fees: TradeFee,
        *,
        nonce: str = "",
        house: Collection[str] = (),
        faults: Faults | None = None,
        rules: VenueRules | None = None,
        naming: Callable[[str], str] = str,
    ) -> None:
        self.markets = {instrument.symbol: Market(instrument) for instrument in instruments}
        self.orders = Registry()
        self.house = frozenset(house)
        self.faults = faults if faults is not None else Faults()
        self.rules = rules if rules is not None else PlainRules(fees)
        self.reporter = Reporter(nonce, naming)
        self._matching = Matching(self.markets, self.orders, self.reporter, self.rules, self.house)
        self._numbers = count(1)
        self._ties = count()  # orders what a heap holds for one time
        self._expiries: list[tuple[int, int, RestingOrder]] = []
        self._held: list[tuple[int, int, Cancel, InjectedFault]] = []

    def submit(self, request: Request, now_ns: int) -> list[Event]:
        """Carry out any request."""
        if isinstance(request, NewOrder):
            return self.new(request, now_ns)
        if isinstance(request, Cancel):
            return self.cancel(request, now_ns)
        if isinstance(request, Replace):
            return self.replace(request, now_ns)
        if isinstance(request, MassCancel):
            return self.mass_cancel(request, now_ns)
        return self.status(request, now_ns)

    def new(self, request: NewOrder, now_ns: int) -> list[Event]:
        """Enter an order: `Accepted`, its trades, and its end unless it rests; or `Rejected`."""
        market = self.markets.get(request.symbol)
        refusal = self.rules.refuse_new(request, market, now_ns)
        if refusal is None and self.orders.has(request.account, request.cl_ord_id):
            refusal = refusals.DUPLICATE
        if refusal is None and (fault := self._fault(FaultKind.REJECT_ORDER, request, now_ns)):
            refusal = refusals.by_text(fault.text) if fault.text else refusals.INTERNAL
        if refusal is None and market is not None:
            refusal = self.rules.refuse_entry(request, market, now_ns)
        if refusal is not None:
            return [self.reporter.rejected(request, refusal, now_ns)]
        number = self.next_number()
        order = RestingOrder.from_request(request, number, self.reporter.order_id(number))
        self._set_validity(order, request.time_in_force, request.expire_time_ns, now_ns)
        self.orders.add(order)
        events: list[Event] = [self.reporter.report(Accepted, order, now_ns)]
        self._matching.enter(order, now_ns, events)
        return events

    def cancel(self, request: Cancel, now_ns: int) -> list[Event]:
        """Cancel the rest of an order: `Canceled` or `CancelRejected`; nothing yet if a fault holds the request."""
        fault = self._fault(FaultKind.LATE_CANCEL, request, now_ns)
        if fault is None:
            return self._cancel(request, now_ns)
        heappush(self._held, (now_ns + fault.delay_ms * NS_PER_MS, next(self._ties), request, fault))
        return []

    def replace(self, request: Replace, now_ns: int) -> list[Event]:
        """Change price, total quantity or validity: `Replaced` and what follows from it, or `CancelRejected`.

        A total equal to the filled quantity cancels. Priority is kept unless the price changes or the size grows.
        """
        order = self.orders.find(request.account, request.orig_cl_ord_id, request.order_id)
        refusal = self._refuse_change(request)
        if refusal is None and order is not None:
            refusal = self.rules.refuse_replace(request, order, self.markets[order.symbol], now_ns)
        if refusal is not None or order is None:
            return [self.reporter.cancel_rejected(request, order, refusal or refusals.UNKNOWN_ORDER, now_ns)]
        if request.order_qty == order.cum_qty:
            return self._matching.end(order, Canceled, now_ns, request.cl_ord_id, text="")
        return self._replace(request, order, now_ns)

    def mass_cancel(self, request: MassCancel, now_ns: int) -> list[Event]:
        """Cancel every order of the account that fits: `MassCanceled`, then one `Canceled` each."""
        refusal = self.rules.refuse_mass_cancel(request, now_ns)
        if refusal is None and request.symbol and request.symbol not in self.markets:
            refusal = refusals.MASS_UNKNOWN_SYMBOL
        if refusal is not None:
            return [self.reporter.mass_canceled(request, 0, now_ns, refusal)]
        orders = self.orders.open_orders(request.account, request.symbol, request.side)
        orders = [order for order in orders if request.session in ("", order.terms.session)]
        events: list[Event] = [self.reporter.mass_canceled(request, len(orders), now_ns)]
        for order in orders:
            events += self._matching.end(order, Canceled, now_ns, text="")
        return events

    def status(self, request: StatusRequest, now_ns: int) -> list[Event]:
        """Describe one order, or every open order of the account if the request names none."""
        account, cl_ord_id, order_id = request.account, request.cl_ord_id, request.order_id
        if not cl_ord_id and not order_id:
            return [self.reporter.state(order, now_ns) for order in self.orders.open_orders(account)]
        order = self.orders.find(account, cl_ord_id, order_id)
        if order is not None:
            return [self.reporter.state(order, now_ns)]
        return [self.reporter.unknown_state(account, cl_ord_id, order_id, refusals.UNKNOWN_ORDER_STATUS, now_ns)]

    def advance(self, now_ns: int) -> list[Event]:
        """Advance to `now_ns`: expiries, held cancels, and cancels by a fault."""
        events: list[Event] = []
        while self._expiries and self._expiries[0][0] <= now_ns:
            expire_time_ns, _, order = heappop(self._expiries)
            if order.is_live and order.expire_time_ns == expire_time_ns:
                events += self._matching.end(order, Expired, now_ns)
        while self._held and self._held[0][0] <= now_ns:
            _, _, request, fault = heappop(self._held)
            events += self._cancel_late(request, fault, now_ns)
        while fault_due := self.faults.take(FaultKind.CANCEL_ORDERS, now_ns):
            events += self._cancel_unasked(fault_due, now_ns)
        return events

    def set_state(self, symbol: str, state: int, now_ns: int) -> list[Event]:
        """Open, pause or end a market; its end expires its orders, and the end of a pause cancels them."""
        market = self.markets[symbol]
        was, market.state = market.state, state
        events: list[Event] = []
        if state == MarketState.ACTIVE and was == MarketState.PAUSED:
            for order in market.own_orders(fix.BUY) + market.own_orders(fix.SELL):
                if order.account not in self.house:
                    events += self._matching.end(order, Canceled, now_ns, text=refusals.REACTIVATED)
        if state >= MarketState.CLOSED:
            for order in market.own_orders(fix.BUY) + market.own_orders(fix.SELL):
                events += self._matching.end(order, Expired, now_ns)
        return events

    def fill_without_taker(self, order: RestingOrder, qty: int, now_ns: int) -> list[Event]:
        """Let a resting order trade `qty`, at its own price, with a counterparty that has no order here."""
        events: list[Event] = []
        self._matching.trade(order, None, qty, now_ns, events)
        return events

    def cancel_orders(self, orders: Iterable[RestingOrder], text: str, now_ns: int) -> list[Event]:
        """Cancel those of `orders` that are live, unasked, for the reason `text`."""
        events: list[Event] = []
        for order in orders:
            if order.is_live:
                events += self._matching.end(order, Canceled, now_ns, text=text)
        return events

    def refused(self, request: Request, refusal: Refusal, now_ns: int) -> Event:
        """Return what refuses a request, whatever became of it."""
        if isinstance(request, Cancel | Replace):
            order = self.orders.find(request.account, request.orig_cl_ord_id, request.order_id)
            return self.reporter.cancel_rejected(request, order, refusal, now_ns)
        if isinstance(request, NewOrder):
            return self.reporter.rejected(request, refusal, now_ns)
        if isinstance(request, MassCancel):
            return self.reporter.mass_canceled(request, 0, now_ns, refusal)
        ids = request.account, request.cl_ord_id, request.order_id
        return self.reporter.unknown_state(*ids, refusal, now_ns)

    def add_market(self, instrument: Instrument, state: int = MarketState.ACTIVE) -> None:
        """List another market."""
        self.markets[instrument.symbol] = market = Market(instrument)
        market.state = state

    def remove_market(self, symbol: str) -> None:
        """Forget a market that has no live order, and with it its orders: their ids become unknown."""
        del self.markets[symbol]
        self.orders.forget_symbol(symbol)

    def next_number(self) -> int:
        """Return a number that no other order in this exchange has."""
        return next(self._numbers)

    # Steps of the above

    def _fault(self, kind: str, request: NewOrder | Cancel, now_ns: int) -> InjectedFault | None:
        if request.account in self.house:
            return None
        return self.faults.take(kind, now_ns, symbol=request.symbol, account=request.account)

    def _refuse_change(self, request: Cancel | Replace) -> Refusal | None:
        if request.symbol and request.symbol not in self.markets:
            return refusals.CHANGE_UNKNOWN_SYMBOL
        if not request.cl_ord_id:
            return None  # such as REST's, which name the order alone: it keeps its id
        if not refusals.is_valid_cl_ord_id(request.cl_ord_id):
            return refusals.CHANGE_UNSUPPORTED
        return refusals.DUPLICATE if self.orders.has(request.account, request.cl_ord_id) else None

    def _cancel(self, request: Cancel, now_ns: int) -> list[Event]:
        order = self.orders.find(request.account, request.orig_cl_ord_id, request.order_id)
        refusal = self._refuse_change(request)
        if refusal is None and order is not None:
            refusal = self.rules.refuse_cancel(request, order, self.markets[order.symbol], now_ns)
        if refusal is not None or order is None:
            return [self.reporter.cancel_rejected(request, order, refusal or refusals.UNKNOWN_ORDER, now_ns)]
        return self._matching.end(order, Canceled, now_ns, request.cl_ord_id, text="")

    def _cancel_late(self, request: Cancel, fault: InjectedFault, now_ns: int) -> list[Event]:
        events: list[Event] = []
        order = self.orders.find(request.account, request.orig_cl_ord_id, request.order_id)
        if order is not None and order.is_live and fault.fill_qty:
            qty = order.leaves_qty if fault.fill_qty < 0 else min(fault.fill_qty, order.leaves_qty)
            events += self.fill_without_taker(order, qty, now_ns)
        return events + self._cancel(request, now_ns)

    def _cancel_unasked(self, fault: InjectedFault, now_ns: int) -> list[Event]:
        accounts = [fault.account] if fault.account else self.orders.accounts()
        events: list[Event] = []
        for account in accounts:
            if account not in self.house:
                for order in self.orders.open_orders(account, fault.symbol):
                    events += self._matching.end(order, Canceled, now_ns, text=refusals.UNSOLICITED)
        return events

    def _set_validity(self, order: RestingOrder, time_in_force: str, expire_time_ns: int, now_ns: int) -> None:
        """Set TimeInForce(59) and expiry; a GTD time in the past makes the order IOC, as at the venue."""
        if time_in_force == fix.Tif.GTD and expire_time_ns <= now_ns:
            time_in_force, expire_time_ns = fix.Tif.IOC, 0
        elif time_in_force == fix.Tif.DAY:
            expire_time_ns = end_of_day_ns(now_ns)
        order.time_in_force = time_in_force
        order.expire_time_ns = expire_time_ns
        if expire_time_ns:
            heappush(self._expiries, (expire_time_ns, next(self._ties), order))

    def _replace(self, request: Replace, order: RestingOrder, now_ns: int) -> list[Event]:
        market = self.markets[order.symbol]
        old_price, leaves_qty = order.price, request.order_qty - order.cum_qty
        keeps_priority = request.price == old_price and leaves_qty <= order.leaves_qty
        removed = order.leaves_qty - leaves_qty if keeps_priority else order.leaves_qty
        market.side(order.side).shrink(order, removed)
        order.price, order.order_qty, order.leaves_qty = request.price, request.order_qty, leaves_qty
        if request.time_in_force:
            self._set_validity(order, request.time_in_force, request.expire_time_ns, now_ns)
        orig_cl_ord_id = order.cl_ord_id
        if request.cl_ord_id:
            self.orders.rename(order, request.cl_ord_id)
        events: list[Event] = [self.reporter.report(Replaced, order, now_ns, orig_cl_ord_id=orig_cl_ord_id)]
        level_changed(market, order.side, old_price, -removed, now_ns, events)
        if not keeps_priority:
            self._matching.enter(order, now_ns, events)
        return events


def end_of_day_ns(now_ns: int) -> int:
    """Return when a Day order entered now expires: 23:59:59.999 Eastern time."""
    day = datetime.fromtimestamp(now_ns // _NS, _EASTERN).date()
    midnight = datetime.combine(day + timedelta(days=1), time(), _EASTERN)
    return int(midnight.timestamp()) * _NS - NS_PER_MS
