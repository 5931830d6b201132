"""The venue's account as reports, which move orders by the one path that a session's reports take.

Shapes  a fill is known by "trade:" and the venue's id of it, as its ExecID(17).
Source  FIX 4.4 volume 4: ExecutionReport(8), the answer to an OrderStatusRequest(H).
"""

from engine.fix import Exec, Msg, Status
from engine.orders.order import Order
from engine.orders.repeats import TRADE_PREFIX
from engine.orders.report import ABSENT, ExecutionReport
from engine.orders.table import TERMINAL
from engine.venue.account import VenueFill, VenueOrder


def fill_report(order: Order, fill: VenueFill) -> ExecutionReport:
    """Return the report of a fill that we have not heard of."""
    report = _about(order, Exec.TRADE)
    report.order_id = fill.order_id
    report.exec_id = f"{TRADE_PREFIX}{fill.trade_id}"
    report.last_qty, report.last_px = fill.qty, fill.price
    report.fee, report.is_taker = fill.fee, fill.is_taker
    return report


def state_report(order: Order, known: VenueOrder) -> ExecutionReport:
    """Return the answer that a status request would have got."""
    is_over = known.status in TERMINAL and known.status != Status.FILLED
    report = _about(order, known.status if is_over else Exec.ORDER_STATUS)
    report.order_id = known.order_id
    report.ord_status = known.status
    report.cum_qty = known.cum_qty
    report.leaves_qty = 0 if known.status in TERMINAL else known.leaves_qty
    if known.status not in TERMINAL:
        report.order_qty, report.price = known.cum_qty + known.leaves_qty, known.price
    return report


def absence_report(order: Order) -> ExecutionReport:
    """Return the answer about an order that never arrived."""
    report = _about(order, Exec.ORDER_STATUS)
    report.ord_status = Status.REJECTED
    report.cum_qty = report.leaves_qty = 0
    report.text = "the venue does not have this order"
    return report


def _about(order: Order, exec_type: str) -> ExecutionReport:
    report = ExecutionReport()
    report.msg_type, report.exec_type = Msg.EXECUTION_REPORT, exec_type
    report.cl_ord_id, report.symbol, report.side = order.cl_ord_id, order.instrument.symbol, order.side
    report.reason = ABSENT
    return report
