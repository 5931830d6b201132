"""What a venue does by mistake: it busts and corrects trades, forgets orders, answers a cancel twice.

Units   times in ns, passed in.
Errors  none: a fault that means nothing waits, or is used up without a trace.
"""

from collections.abc import Iterator

import msgspec

from engine import fix
from engine.exchange.corrections import Corrections
from engine.exchange.events import Canceled, CancelRejected, Event, Report
from engine.exchange.exchange import Exchange
from engine.exchange.faults import FaultKind, InjectedFault
from engine.exchange.market import RestingOrder
from engine.exchange.matching import level_changed
from engine.sim.order_log import OrderLog

ANSWERED = "ORDER_ALREADY_CANCELED"  # Text(58)
CANCEL_REQUEST = "1"  # CxlRejResponseTo(434)


class Mishaps:
    """The mistakes of one venue, as its faults tell."""

    def __init__(self, exchange: Exchange, order_log: OrderLog) -> None:
        self._exchange, self._order_log = exchange, order_log
        self._corrections = Corrections(exchange)

    def advance(self, now_ns: int) -> list[Event]:
        """Perform what is due; return what follows from it."""
        events = self._corrections.advance(now_ns)
        while fault := self._exchange.faults.take(FaultKind.LOSE_ORDERS, now_ns):
            events += self._lose(fault, now_ns)
        return events

    def follow(self, event: Report, now_ns: int) -> Iterator[Canceled | CancelRejected]:
        """Take note of what a member is told; yield what it is told besides."""
        self._corrections.note(event)
        if not isinstance(event, Canceled) or not event.orig_cl_ord_id:
            return
        names = {"symbol": event.symbol, "account": event.account}
        if fault := self._exchange.faults.take(FaultKind.CANCEL_TWICE, now_ns, **names):
            yield self._again(event, fault)

    def _again(self, event: Canceled, fault: InjectedFault) -> Canceled | CancelRejected:
        """Return a second answer to a cancel: the first one under another ExecID(17), or a refusal for `code`."""
        if not fault.code:
            return msgspec.structs.replace(event, exec_id=self._exchange.reporter.next_exec_id())
        return CancelRejected(
            account=event.account,
            cl_ord_id=event.cl_ord_id,
            orig_cl_ord_id=event.orig_cl_ord_id,
            order_id=event.order_id,
            ord_status=event.ord_status,
            response_to=CANCEL_REQUEST,
            reason=fault.code,
            text=ANSWERED,
            now_ns=event.now_ns,
        )

    def _lose(self, fault: InjectedFault, now_ns: int) -> list[Event]:
        exchange = self._exchange
        events: list[Event] = []
        for account in exchange.orders.accounts():
            if account not in exchange.house and fault.account in ("", account):
                for order in exchange.orders.open_orders(account, fault.symbol):
                    self._forget(order, now_ns, events)
        return events

    def _forget(self, order: RestingOrder, now_ns: int, events: list[Event]) -> None:
        """Know nothing of an order any more, not even once the venue has started again."""
        market, qty = self._exchange.markets[order.symbol], order.leaves_qty
        market.side(order.side).shrink(order, qty)
        level_changed(market, order.side, order.price, -qty, now_ns, events)
        self._order_log.lose(order.order_id)
        order.end(fix.Status.CANCELED)
        self._exchange.orders.finish(order)
        self._exchange.orders.forget(order)
