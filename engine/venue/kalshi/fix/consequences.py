"""What follows from each refusal and cancel of Kalshi's FIX: its texts first, then its codes.

Source  Kalshi FIX: OrdRejReason(103), texts on execution reports, OrderCancelReject, BusinessMessageReject, Reject.
"""

from collections.abc import Mapping

from engine import fix
from engine.orders.report import ExecutionReport
from engine.venue import Verdict

OUTCOME_UNKNOWN = "EXCHANGE_UNAVAILABLE"  # Text(58) of a reject that may have been applied all the same
RATE_LIMITED = "RATE_LIMITED"  # our word before the venue's own, which has none for BusinessRejectReason(380) 8
RATE_LIMIT_EXCEEDED = 8

_CLOSED, _THROTTLED, _UNKNOWN, _FAULT = (
    Verdict.CLOSES_MARKET,
    Verdict.THROTTLES,
    Verdict.UNKNOWN,
    Verdict.OUR_FAULT,
)
_REFUSED = Verdict.REFUSES_ORDER
_ENDS = Verdict.ENDS_ORDER

# Text(58) of an ExecutionReport(8) or OrderCancelReject(9)
CONSEQUENCES: Mapping[str, Verdict] = {
    "MARKET_NOT_FOUND": _CLOSED,
    "MARKET_ALREADY_CLOSED": _CLOSED,
    "MARKET_INACTIVE": _CLOSED,
    "EXCHANGE_PAUSED": _CLOSED,
    "TRADING_PAUSED": _CLOSED,
    RATE_LIMITED: _THROTTLED,
    "INSUFFICIENT_BALANCE": _THROTTLED,
    "EXCEEDED_PER_MARKET_RISK_LIMIT": _THROTTLED,
    "EXCEEDED_ORDER_GROUP_RISK_LIMIT": _THROTTLED,
    "EXCEEDED_SELL_POSITION_FLOOR": _THROTTLED,
    "EVENT_CONTRACT_DAILY_CAP_EXCEEDED": _THROTTLED,
    "ORDER_ALREADY_EXISTS": _FAULT,
    "EXPIRED": _REFUSED,
    "INVALID_ORDER": _FAULT,
    "ORDER_GROUP_NOT_FOUND": _FAULT,
    "CUSTOMER_ACCOUNT_NOT_FOUND": _FAULT,
    "PERMISSION_DENIED_FOR_CUSTOMER_ACCOUNT": _FAULT,
    "EVENT_CONTRACT_DAILY_CAP_NOT_FOUND": _FAULT,
    OUTCOME_UNKNOWN: _UNKNOWN,
    "INTERNAL_ERROR": _REFUSED,  # not applied, for certain
    # of a cancel: the order is over, and nobody is at fault
    "FOK_INSUFFICIENT_VOLUME": _ENDS,
    "IMMEDIATE_OR_CANCELLED": _ENDS,
    "POST_ONLY_CROSS": _ENDS,
    "REDUCE_ONLY": _ENDS,
    "SELF_CROSS_ATTEMPT": _ENDS,
    "SELF_CROSS_ATTEMPT_PARTIALLY_FILLED": _ENDS,
    "TAKER_CANCEL_FOR_SELF_TRADE_PREVENTION": _ENDS,
    "MAKER_CANCEL_FOR_SELF_TRADE_PREVENTION": _ENDS,
    "ORDER_GROUP_CANCEL": _ENDS,
    "SETTLEMENT_BOUNDS_CANCEL": _ENDS,
    # of an OrderCancelReject(9)
    "INVALID_AMEND_QTY_FOR_ORDER": _FAULT,
    "CANNOT_UPDATE_FILLED_ORDER": _REFUSED,
    "ORDER_AMEND_IN_PROGRESS": _REFUSED,
    "ORDER_ATTRIBUTES_MISMATCH": _FAULT,
    "INVALID_PRICE": _FAULT,
}
CLOSED_TEXTS = frozenset(text for text, consequence in CONSEQUENCES.items() if consequence is _CLOSED)

# Codes where no text says more: OrdRejReason(103), CxlRejReason(102), BusinessRejectReason(380), 373
_BY_CODE: dict[str, dict[int, Verdict]] = {
    fix.Msg.EXECUTION_REPORT: {
        1: _CLOSED, 2: _CLOSED, 3: _THROTTLED, 4: _CLOSED, 6: _FAULT, 8: _REFUSED, 11: _FAULT, 13: _FAULT, 15: _FAULT,
        99: _REFUSED,
    },
    fix.Msg.ORDER_CANCEL_REJECT: {0: _REFUSED, 1: _REFUSED, 2: _REFUSED, 6: _FAULT, 18: _FAULT, 99: _REFUSED},
    fix.Msg.BUSINESS_MESSAGE_REJECT: {
        0: _REFUSED, 1: _REFUSED, 2: _CLOSED, 3: _FAULT, 4: _THROTTLED, 5: _FAULT, 6: _FAULT, 8: _THROTTLED,
    },
    fix.Msg.REJECT: dict.fromkeys((*range(19), 99), _FAULT),
    fix.Msg.ORDER_MASS_CANCEL_REPORT: {99: _REFUSED},
}  # fmt: skip


def consequence_of(report: ExecutionReport) -> Verdict:
    """Return what follows from a refusal or an unasked end; a code that nobody knows refuses its order alone."""
    if report.msg_type == fix.Msg.EXECUTION_REPORT and report.exec_type in (fix.Exec.CANCELED, fix.Exec.EXPIRED):
        return _ENDS
    by_text = CONSEQUENCES.get(report.text.partition(":")[0])
    if by_text is _ENDS and report.msg_type != fix.Msg.EXECUTION_REPORT:
        return _REFUSED  # a request that would have had this end: its order is as it was
    if by_text is not None:
        return by_text
    return _BY_CODE.get(report.msg_type, {}).get(report.reason, _REFUSED)
