"""What a report about no order of ours means: the answer to a mass cancel, a refused query, or an unknown order.

Source  FIX 4.4 volume 4: OrderMassCancelReport(r); volume 2: Reject(3), BusinessMessageReject(j).
"""

from engine.fix import Msg
from engine.orders.order import Change
from engine.orders.report import ABSENT, ExecutionReport
from engine.orders.table import Outcome
from engine.orders.words import describe_stranger, refusal

REFUSALS = (Msg.REJECT, Msg.BUSINESS_MESSAGE_REJECT)
_ABOUT_ORDERS = ("", Msg.NEW_ORDER_SINGLE, Msg.ORDER_CANCEL_REQUEST, Msg.ORDER_CANCEL_REPLACE_REQUEST)


def judge_stranger(change: Change, report: ExecutionReport) -> None:
    """Say in `change` what a report is that names no order."""
    is_refusal = report.msg_type in REFUSALS
    change.notice = refusal(report) if is_refusal else None
    if report.msg_type == Msg.ORDER_MASS_CANCEL_REPORT:
        change.kind = Outcome.NOTHING if report.reason == ABSENT else Outcome.CANCEL_REJECTED
    elif is_refusal and report.ref_msg_type == Msg.ORDER_MASS_CANCEL_REQUEST:
        change.kind = Outcome.CANCEL_REJECTED
    elif is_refusal and report.ref_msg_type not in _ABOUT_ORDERS:
        change.kind = Outcome.NOTHING
    else:
        change.kind = Outcome.UNKNOWN
        change.symbol = report.symbol
        change.text = describe_stranger(report)
