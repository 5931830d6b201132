"""The venue's side of a desk in memory: its requests as values, and the reports that answer them.

Units   prices and sizes as in `instrument`.
Errors  none.
"""

from collections.abc import Iterable
from itertools import count
from typing import Any, NamedTuple

from engine.codec import Fields
from engine.fix import Exec, Msg, Status
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.trading.gateway import Gateway
from engine.venue import MarketEvent


class DeskRequest(NamedTuple):
    """What the desk asked of its venue: `kind` is "new", "replace", "cancel" or "mass cancel"."""

    kind: str
    cl_ord_id: str
    symbol: str = ""
    side: int = 0
    price: int = 0
    qty: int = 0
    tag: str = ""


class MemoryGateway(Gateway):
    """Keeps every request; `unanswered` are the orders that wait for their venue's word."""

    def __init__(self) -> None:
        self.requests: list[DeskRequest] = []
        self.unanswered: dict[Order, None] = {}

    def new_order(self, order: Order, now_ns: int) -> object:
        """Return a new order."""
        return order, self._request("new", order, order.cl_ord_id, order.price, order.order_qty)

    def replace(self, order: Order, now_ns: int) -> object:
        """Return a move to another price and quantity."""
        return order, self._request("replace", order, order.pending_cl_ord_id, order.pending_price, order.pending_qty)

    def cancel(self, order: Order, now_ns: int) -> object:
        """Return a cancel."""
        return order, self._request("cancel", order, order.pending_cl_ord_id, order.price, order.leaves_qty)

    def _request(self, kind: str, order: Order, cl_ord_id: str, price: int, qty: int) -> DeskRequest:
        return DeskRequest(kind, cl_ord_id, order.instrument.symbol, order.side, price, qty, order.tag)

    def pass_on(self, request: Any) -> None:
        """Keep a request."""
        order, said = request
        self.requests.append(said)
        self.unanswered[order] = None

    def mass_cancel(self, cl_ord_id: str, now_ns: int) -> None:
        """Keep a request about every order."""
        self.requests.append(DeskRequest("mass cancel", cl_ord_id))

    def order_status(self, order: Order, now_ns: int) -> bool:
        """Answer that there is no such request."""
        return False

    def refuse(self, fields: Fields) -> None:
        """Raise: nobody here sends messages."""
        raise NotImplementedError("a desk in memory hears reports, and no messages")


class MemoryFeed:
    """A stream of market data whose frames are the events themselves."""

    counts: Any = None
    fault = ""

    def decode(self, event: MarketEvent) -> MarketEvent:
        """Return the event."""
        return event

    def resync(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Ask for nothing: the test shows the next book."""
        return []

    add = remove = resync

    def subscribe(self) -> list[bytes]:
        """Ask for nothing."""
        return []

    def due(self, now_ns: int) -> list[bytes]:
        """Ask for nothing."""
        return []

    def waiting(self) -> list[Instrument]:
        """Return that nothing is waited for."""
        return []


class Answers:
    """Makes the reports of one venue, each with an ExecID(17) of its own."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def accepted(self, order: Order) -> ExecutionReport:
        """Return the answer to what is in flight for an order, as if the venue did it."""
        if order.pending == Msg.ORDER_CANCEL_REQUEST:
            return self.ended(order)
        if order.pending == Msg.ORDER_CANCEL_REPLACE_REQUEST:
            report = self._report(order, Exec.REPLACED, Status.REPLACED, order.pending_qty)
            report.cl_ord_id, report.orig_cl_ord_id = order.pending_cl_ord_id, order.cl_ord_id
            report.price, report.order_qty = order.pending_price, order.pending_qty
            return report
        return self._report(order, Exec.NEW, Status.NEW, order.order_qty)

    def refused(self, order: Order, text: str) -> ExecutionReport:
        """Return the refusal of what is in flight."""
        report = self._report(order, Exec.REJECTED, Status.REJECTED, order.cum_qty)
        report.text, report.reason = text, 0
        if order.pending:
            report.msg_type, report.exec_type = Msg.ORDER_CANCEL_REJECT, ""
            report.cl_ord_id, report.orig_cl_ord_id = order.pending_cl_ord_id, order.cl_ord_id
            report.ord_status = order.ord_status
            report.cxl_rej_response_to = "1" if order.pending == Msg.ORDER_CANCEL_REQUEST else "2"
        return report

    def traded(self, order: Order, qty: int, price: int, fee: int, is_taker: bool) -> ExecutionReport:
        """Return a fill."""
        cum_qty = order.cum_qty + qty
        status = Status.FILLED if cum_qty >= order.order_qty else Status.PARTIALLY_FILLED
        report = self._report(order, Exec.TRADE, status, order.order_qty)
        report.cum_qty, report.leaves_qty = cum_qty, max(0, order.order_qty - cum_qty)
        report.last_qty, report.last_px, report.fee, report.is_taker = qty, price, fee, is_taker
        return report

    def ended(self, order: Order, text: str = "") -> ExecutionReport:
        """Return the end of what is left, asked for or not."""
        report = self._report(order, Exec.CANCELED, Status.CANCELED, order.cum_qty)
        if order.pending:
            report.cl_ord_id, report.orig_cl_ord_id = order.pending_cl_ord_id, order.cl_ord_id
        report.text = text
        return report

    def _report(self, order: Order, exec_type: str, ord_status: str, total: int) -> ExecutionReport:
        report = ExecutionReport()
        report.msg_type, report.cl_ord_id = Msg.EXECUTION_REPORT, order.cl_ord_id
        report.exec_type, report.ord_status = exec_type, ord_status
        report.exec_id, report.order_id = f"E{next(self._numbers)}", order.order_id or f"V-{order.cl_ord_id}"
        report.cum_qty, report.leaves_qty = order.cum_qty, total - order.cum_qty
        return report
