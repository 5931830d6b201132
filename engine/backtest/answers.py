"""Events of the exchange as reports to a desk: what a dialect would have read of the messages that it is spared.

Units   prices, sizes and money as in `instrument`.
Shapes  a report is a new object each time: answers wait for their time.
"""

from engine.exchange.events import Canceled, CancelRejected, Event, MassCanceled, OrderState, Rejected, Report, Traded
from engine.orders.report import ExecutionReport


def report_of(event: Event) -> ExecutionReport | None:
    """Return the report of an event; None for what says nothing of an order."""
    report = ExecutionReport()
    if isinstance(event, Report):
        return _execution(event, report)
    if isinstance(event, CancelRejected):
        report.msg_type = "9"
        report.cl_ord_id, report.orig_cl_ord_id, report.order_id = event.cl_ord_id, event.orig_cl_ord_id, event.order_id
        report.ord_status, report.cxl_rej_response_to = event.ord_status, event.response_to
        report.reason, report.text = event.reason, event.text
        return report
    if isinstance(event, MassCanceled):
        report.msg_type, report.cl_ord_id = "r", event.cl_ord_id
        if event.reason >= 0:
            report.reason = event.reason
        return report
    return None


def _execution(event: Report, report: ExecutionReport) -> ExecutionReport:
    report.msg_type, report.exec_type, report.ord_status = "8", event.exec_type, event.ord_status
    report.cl_ord_id, report.orig_cl_ord_id, report.order_id = event.cl_ord_id, event.orig_cl_ord_id, event.order_id
    report.exec_id, report.symbol, report.side = event.exec_id, event.symbol, event.side
    report.price, report.order_qty = event.price, event.order_qty
    report.cum_qty, report.leaves_qty = event.cum_qty, event.leaves_qty
    if isinstance(event, Traded):
        report.last_px, report.last_qty = event.last_px, event.last_qty
        report.fee, report.is_taker = event.fee, event.is_taker
    elif isinstance(event, Rejected | OrderState):
        report.reason, report.text = event.reason, event.text
    elif isinstance(event, Canceled):
        report.text = event.text
    return report
