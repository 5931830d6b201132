"""Orders and reports in words, for people: what contradicts, and what a venue did by itself."""

from engine.orders.order import Order
from engine.orders.report import ABSENT, ExecutionReport
from engine.runtime.notices import NoticeKind


def describe(order: Order, fault: str) -> str:
    """Say which order has which fault."""
    return f"ClOrdID(11) {order.cl_ord_id!r} in OrdStatus(39) {order.ord_status}: {fault}"


def describe_report(report: ExecutionReport) -> str:
    """Say what a report about a known order is."""
    return (
        f"35={report.msg_type} 150={report.exec_type} 39={report.ord_status} 17={report.exec_id!r} 58={report.text!r}"
    )


def describe_stranger(report: ExecutionReport) -> str:
    """Say what a report about no order of ours is."""
    return (
        f"ClOrdID(11) unknown: {report.cl_ord_id!r}, OrigClOrdID(41) {report.orig_cl_ord_id!r},"
        f" OrderID(37) {report.order_id!r}, 35={report.msg_type} 150={report.exec_type} 58={report.text!r}"
    )


def repeated(report: ExecutionReport) -> tuple[NoticeKind, str]:
    """Return what people should hear of another execution under a known ExecID(17)."""
    return NoticeKind.EXEC_ID_REPEATED, f"17={report.exec_id!r} again, {describe_report(report)}"


def unasked(order: Order, what: str, report: ExecutionReport) -> tuple[NoticeKind, str]:
    """Return what people should hear of what the venue did by itself."""
    return NoticeKind.CHANGED_BY_VENUE, (
        f"ClOrdID(11) {order.cl_ord_id!r} {what}: 150={report.exec_type} 39={report.ord_status}"
        f" 38={_shown(report.order_qty)} 44={_shown(report.price)} 58={report.text!r}"
    )


def _shown(value: int) -> str:
    return "" if value == ABSENT else str(value)


def refusal(report: ExecutionReport) -> tuple[NoticeKind, str]:
    """Put into words that the venue refuses a message of ours as such."""
    what = f"our 35={report.ref_msg_type}" + (f" 11={report.cl_ord_id!r}" if report.cl_ord_id else "")
    return NoticeKind.VENUE_REFUSED, f"35={report.msg_type} of {what}: reason {report.reason}: {report.text!r}"
