"""What a report says about an order, as one event of the transition table.

Source  FIX 4.4 volume 4: ExecutionReport(8), OrderCancelReject(9); volume 2: Reject(3), BusinessMessageReject(j);
        where venues do something else the code says so.
"""

from engine import fix
from engine.fix import Exec, Msg, Status
from engine.orders.order import Order
from engine.orders.report import ABSENT, ExecutionReport
from engine.orders.table import Event

# ExecType(150) that says it all
PLAIN = {
    Exec.NEW: Event.NEW,
    Exec.TRADE: Event.TRADE,
    "1": Event.TRADE,  # FIX 4.2 partial fill, which some venues send for every fill
    "2": Event.TRADE,
    Exec.CANCELED: Event.CANCELED,
    Exec.EXPIRED: Event.EXPIRED,
    Exec.RESTATED: Event.RESTATED,
    Exec.PENDING_NEW: Event.INFO,
    Exec.PENDING_CANCEL: Event.INFO,
    Exec.PENDING_REPLACE: Event.INFO,
    Exec.STOPPED: Event.INFO,
    Exec.SUSPENDED: Event.INFO,
    Exec.CALCULATED: Event.INFO,
}

_DUPLICATE_ORDER = 6  # OrdRejReason(103)
_WORKS = frozenset(
    (
        Status.NEW,
        Status.PARTIALLY_FILLED,
        Status.REPLACED,
        Status.PENDING_CANCEL,
        Status.STOPPED,
        Status.SUSPENDED,
        Status.VENUE_PENDING_NEW,
        Status.PENDING_REPLACE,
    )
)
_STATUS_ANSWERS = {
    Status.VENUE_PENDING_NEW: Event.INFO,
    Status.PENDING_CANCEL: Event.INFO,
    Status.PENDING_REPLACE: Event.INFO,
    Status.NEW: Event.STATUS,
    Status.PARTIALLY_FILLED: Event.STATUS,
    Status.FILLED: Event.STATUS,
    Status.REPLACED: Event.STATUS,
    Status.STOPPED: Event.STATUS,
    Status.SUSPENDED: Event.STATUS,
    Status.CANCELED: Event.CANCELED,
    Status.EXPIRED: Event.EXPIRED,
    Status.REJECTED: Event.REJECTED,  # it never arrived, or is not known any more
}


def event_of(order: Order, report: ExecutionReport) -> str:
    """Return the event of a report whose ExecType(150) alone does not decide it."""
    if Status.UNKNOWN in (report.exec_type, report.ord_status):
        return Event.INFO if order.is_done else Event.IN_DOUBT
    if report.msg_type == Msg.EXECUTION_REPORT:
        return _execution_event(order, report)
    if report.msg_type == Msg.ORDER_CANCEL_REJECT:
        return Event.STANDS if report.ord_status in _WORKS else Event.GONE
    if report.msg_type in (Msg.REJECT, Msg.BUSINESS_MESSAGE_REJECT):
        return _refused_message_event(order, report)
    return Event.NONE


def ends_order(order: Order, report: ExecutionReport) -> bool:
    """Return whether a fill that leaves nothing ends an order that is not full."""
    if order.cum_qty + report.last_qty >= order.order_qty:
        return False
    # Kalshi reports no cancel of an IOC remainder unless asked to
    return (
        order.time_in_force in (fix.Tif.IOC, fix.Tif.FOK)
        or order.ord_type == fix.Type.MARKET
        or report.ord_status in (Status.CANCELED, Status.EXPIRED)
    )


def answers_replace(order: Order, report: ExecutionReport) -> bool:
    """Return whether a Replaced(5) is the answer to our request; else somebody at the venue amended the order."""
    if not order.pending_qty:
        return False
    if report.cl_ord_id != order.cl_ord_id and (
        order.pending != Msg.ORDER_CANCEL_REPLACE_REQUEST or report.cl_ord_id == order.pending_cl_ord_id
    ):
        return True
    return report.order_qty in (order.pending_qty, ABSENT) and report.price in (order.pending_price, ABSENT)


def _execution_event(order: Order, report: ExecutionReport) -> str:
    exec_type = report.exec_type
    if exec_type == Exec.REPLACED:
        return Event.REPLACED if answers_replace(order, report) else Event.RESTATED
    if exec_type == Exec.REJECTED:
        return _rejection_event(order, report)
    if exec_type == Exec.ORDER_STATUS:
        if report.ord_status == Status.DONE_FOR_DAY:
            return _done_for_day_event(order, report)
        return _STATUS_ANSWERS.get(report.ord_status, Event.NONE)
    if exec_type == Exec.DONE_FOR_DAY:
        return _done_for_day_event(order, report)
    if exec_type == Exec.TRADE_CANCEL:
        return Event.BUST if _works_after(report) else Event.LATE_BUST
    if exec_type == Exec.TRADE_CORRECT:
        return Event.CORRECT if _works_after(report) else Event.LATE_CORRECT
    return Event.NONE


def _rejection_event(order: Order, report: ExecutionReport) -> str:
    if order.pending and report.cl_ord_id == order.pending_cl_ord_id:
        # A venue that refuses a cancel or replace by ExecutionReport
        return Event.STANDS if report.ord_status in _WORKS else Event.REFUSED
    if report.reason == _DUPLICATE_ORDER and Status.REJECTED not in (report.ord_status, order.ord_status):
        return Event.INFO  # F.1.b: a repeated order was refused, the first is what it was
    if report.reason == _DUPLICATE_ORDER and order.ord_status == Status.UNKNOWN:
        return Event.INFO  # sent again to find out: it exists
    return Event.REJECTED


def _done_for_day_event(order: Order, report: ExecutionReport) -> str:
    is_over = report.leaves_qty == 0 or order.time_in_force == fix.Tif.DAY
    return Event.DONE_FOR_DAY if is_over else Event.INFO


def _works_after(report: ExecutionReport) -> bool:
    """Return whether the order works after a bust or correct: its LeavesQty(151), else its OrdStatus(39) tells."""
    return report.leaves_qty > 0 or (report.leaves_qty < 0 and report.ord_status in _WORKS)


def _refused_message_event(order: Order, report: ExecutionReport) -> str:
    ref_msg_type = report.ref_msg_type
    if order.pending and report.cl_ord_id == order.pending_cl_ord_id:
        return Event.REFUSED
    if ref_msg_type == Msg.NEW_ORDER_SINGLE:
        return Event.REJECTED
    if ref_msg_type in (Msg.ORDER_CANCEL_REQUEST, Msg.ORDER_CANCEL_REPLACE_REQUEST):
        return Event.REFUSED
    if ref_msg_type:
        return Event.INFO  # such as a status request, which says nothing about the order
    return Event.REJECTED if order.ord_status == Status.PENDING_NEW else Event.NONE
