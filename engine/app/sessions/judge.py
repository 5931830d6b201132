"""What a copied report means for its order: known already, news that can be booked now, or ahead of its time.

A copy repeats what the session of orders tells. Its fills count by their ExecID(17) and by the venue's id of the trade,
whichever source came first; of the rest it only fills what the session of orders cannot tell.

Units   as in the orders.
Errors  none: what cannot be is a standing of its own.
"""

from enum import Enum

from engine.fix import Exec, Status
from engine.orders.order import Order
from engine.orders.repeats import TRADE_PREFIX
from engine.orders.report import ABSENT
from engine.venue.past_reports import CopiedReport

ENDS = (Exec.CANCELED, Exec.EXPIRED, Exec.DONE_FOR_DAY)
UNDONE = (Exec.TRADE_CANCEL, Exec.TRADE_CORRECT)


class Standing(Enum):
    """How a copied report stands to what we know."""

    KNOWN = "it tells nothing new"
    NEWS = "it can be booked now"
    EARLY = "something before it is missing, or the session of orders will tell it"
    WRONG = "it contradicts what we know"


def judge_copy(order: Order, copied: CopiedReport, is_heard: bool) -> Standing:
    """Judge a copied report of an order of ours; `is_heard` says whether the session of orders can still tell it."""
    report = copied.report
    if report.exec_type == Exec.TRADE:
        return _judge_fill(order, copied)
    if report.exec_type in UNDONE:
        return Standing.KNOWN if order.has_counted(report.exec_id) else Standing.WRONG
    if report.exec_type in ENDS:
        if order.is_done:
            return Standing.KNOWN
        return Standing.EARLY if is_heard or report.cum_qty not in (order.cum_qty, ABSENT) else Standing.NEWS
    if not _is_awaited(order, copied):
        return Standing.KNOWN
    return Standing.EARLY if is_heard else Standing.NEWS


def _judge_fill(order: Order, copied: CopiedReport) -> Standing:
    report = copied.report
    named = f"{TRADE_PREFIX}{copied.trade_id}" if copied.trade_id else ""
    if order.has_counted(report.exec_id) or order.has_counted(named):
        return Standing.KNOWN
    if report.cum_qty in (order.cum_qty + report.last_qty, ABSENT):
        return Standing.NEWS
    return Standing.EARLY if report.cum_qty > order.cum_qty else Standing.WRONG


def _is_awaited(order: Order, copied: CopiedReport) -> bool:
    """Return whether it is the answer that an order waits for; older ones say nothing of how it stands."""
    report = copied.report
    if report.exec_type == Exec.NEW:
        return order.ord_status in (Status.PENDING_NEW, Status.UNKNOWN) and not (order.order_id or order.cum_qty)
    is_answer = report.exec_type == Exec.REPLACED and report.cl_ord_id == order.pending_cl_ord_id
    return is_answer and not order.has_counted(report.exec_id)
