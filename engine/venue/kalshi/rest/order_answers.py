"""Answers about an order as reports that move it; `order_path` says which answer is which.

Units   prices and sizes as in the order's instrument.
Errors  DecodeError for numbers that cannot be read.
Source  Kalshi REST, order writes: what each answers.
"""

from collections.abc import Sequence

from engine.fix import Exec, Msg, Status
from engine.orders.order import Order
from engine.orders.repeats import TRADE_PREFIX
from engine.orders.report import ExecutionReport
from engine.venue.account import VenueFill, VenueOrder
from engine.venue.kalshi.rest.operations.entry import KalshiAmended, KalshiCanceled, KalshiCreated
from engine.venue.rest_orders import RestOrderAnswer


def created(order: Order, told: KalshiCreated) -> RestOrderAnswer:
    """Return what the answer to a create means."""
    form = order.instrument
    filled, left = form.parse_size(told.fill_count), form.parse_size(told.remaining_count)
    if told.client_order_id not in (None, "", order.cl_ord_id):
        return _doubt(order, f"the answer is about client_order_id {told.client_order_id!r}")
    if min(filled, left) < 0 or filled + left > order.order_qty or (left and filled + left < order.order_qty):
        return _doubt(
            order,
            f"contradicts: fill_count {told.fill_count} and remaining_count {told.remaining_count}",
        )
    report = of_request(order, Msg.NEW_ORDER_SINGLE, "")
    report.exec_type, report.ord_status, report.order_id = Exec.NEW, Status.NEW, told.order_id
    owed_qty = max(filled - order.cum_qty, 0)
    if not owed_qty and not left and filled < order.order_qty:
        return RestOrderAnswer((report, _end(order, told.order_id, "nothing of it rests")), told.order_id)
    return RestOrderAnswer((report,), told.order_id, owed_qty, is_over=not left)


def replaced(order: Order, told: KalshiAmended) -> RestOrderAnswer:
    """Return what the answer to an amend means."""
    form = order.instrument
    filled = form.parse_size(told.fill_count or "0")
    left = None if told.remaining_count is None else form.parse_size(told.remaining_count)
    if left == 0 and order.cum_qty + filled != order.pending_qty:
        return _doubt(order, f"nothing rests, fill_count {told.fill_count}: filled before, or ended by the venue")
    owed_qty = filled if left is None else order.pending_qty - left - order.cum_qty
    if min(owed_qty, filled, left or 0) < 0:
        return _doubt(order, f"contradicts: remaining_count {told.remaining_count} after {order.cum_qty} filled")
    report = of_request(order, Msg.ORDER_CANCEL_REPLACE_REQUEST, "")
    report.exec_type, report.ord_status = Exec.REPLACED, Status.REPLACED
    report.order_qty, report.price = order.pending_qty, order.pending_price
    if not owed_qty:
        return RestOrderAnswer((report,), told.order_id)
    # What filled before at the old price must be counted before the new one holds
    return RestOrderAnswer((), told.order_id, owed_qty, then=(report,))


def canceled(order: Order, told: KalshiCanceled) -> RestOrderAnswer:
    """Return the end of an order: what was not taken off it had been filled before."""
    reduced_by = order.instrument.parse_size(told.reduced_by)
    owed_qty = order.order_qty - reduced_by - order.cum_qty
    if order.pending_qty:  # of a replace that nobody answered: which total was it taken off?
        return _doubt(order, f"reduced_by {told.reduced_by} while a replace is in doubt")
    if min(owed_qty, reduced_by) < 0:
        return _doubt(order, f"contradicts: reduced_by {told.reduced_by} of {order.leaves_qty}")
    if owed_qty:
        return RestOrderAnswer((), told.order_id, owed_qty, is_over=True)
    return RestOrderAnswer((_end(order, told.order_id, ""),), told.order_id)


def trades_of(order: Order, fills: Sequence[VenueFill], answer: RestOrderAnswer) -> list[ExecutionReport]:
    """Return the reports of fills that follow upon what an order has, and what follows upon them."""
    reports, cum_qty = [], order.cum_qty
    order_qty = order.pending_qty if answer.then else order.order_qty
    for fill in fills:
        cum_qty += fill.qty
        report = _report(order)
        report.cl_ord_id, report.order_id = order.cl_ord_id, answer.order_id
        report.exec_id, report.exec_type = name_of(fill), Exec.TRADE
        report.last_px, report.last_qty, report.fee = fill.price, fill.qty, fill.fee
        report.is_taker, report.side, report.symbol = fill.is_taker, fill.side, fill.symbol
        report.cum_qty, report.leaves_qty = cum_qty, order_qty - cum_qty
        reports.append(report)
    if answer.is_over and cum_qty < order_qty and not order.is_done:
        if not reports:  # every fill came by another way
            return [_end(order, answer.order_id, "")]
        reports[-1].leaves_qty, reports[-1].ord_status = 0, Status.CANCELED
    return [*reports, *answer.then]


def name_of(fill: VenueFill) -> str:
    """Return the ExecID(17) under which a fill counts, whichever way it comes."""
    return f"{TRADE_PREFIX}{fill.trade_id}"


def status_report(order: Order, told: VenueOrder) -> ExecutionReport:
    """Return the report of an order's state."""
    report = _report(order)
    report.exec_type, report.ord_status = Exec.ORDER_STATUS, told.status
    report.cl_ord_id, report.order_id = order.cl_ord_id, told.order_id
    report.symbol, report.side, report.price = told.symbol, told.side, told.price
    report.order_qty, report.cum_qty, report.leaves_qty = told.order_qty, told.cum_qty, told.leaves_qty
    return report


def _end(order: Order, order_id: str, text: str) -> ExecutionReport:
    report = of_request(order, order.pending or Msg.NEW_ORDER_SINGLE, text)
    report.exec_type = report.ord_status = Exec.CANCELED
    report.order_id = order_id
    return report


def _doubt(order: Order, text: str) -> RestOrderAnswer:
    report = of_request(order, order.pending or Msg.NEW_ORDER_SINGLE, text)
    report.exec_type = report.ord_status = Status.UNKNOWN
    return RestOrderAnswer((report,), order.order_id)


def of_request(order: Order, request: str, text: str) -> ExecutionReport:
    """Return a report under the ids of the request that it answers."""
    report = _report(order)
    is_first = request == Msg.NEW_ORDER_SINGLE or not order.pending
    report.cl_ord_id = order.cl_ord_id if is_first else order.pending_cl_ord_id
    report.orig_cl_ord_id = "" if is_first else order.cl_ord_id
    report.text = text
    return report


def _report(order: Order) -> ExecutionReport:
    report = ExecutionReport()
    report.msg_type = Msg.EXECUTION_REPORT
    report.order_id = order.order_id
    report.symbol, report.side = order.instrument.symbol, order.side
    return report
