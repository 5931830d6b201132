"""What a refused order, cancel or replace means for the order: not applied, over, or unknown.

Shapes  codes are the venue's; its FIX texts, which say the same in capitals, serve where a code is not listed.
Source  Kalshi REST, errors; Kalshi FIX, OrdRejReason(103), texts, BusinessMessageReject.
"""

from enum import Enum

from engine.fix import Msg
from engine.venue.kalshi.fix.orders import KalshiOrders
from engine.venue.rest import RestRefusal

RATE_LIMIT, NOT_AUTHORIZED, OTHER_BUSINESS = 8, 6, 0  # BusinessRejectReason(380)
OTHER = 99  # OrdRejReason(103)

_EXISTS = "ORDER_ALREADY_EXISTS"
_REASONS = {  # OrdRejReason(103)
    "MARKET_NOT_FOUND": 1,
    "EXCHANGE_PAUSED": 2,
    "MARKET_ALREADY_CLOSED": 2,
    "MARKET_INACTIVE": 2,
    "TRADING_PAUSED": 2,
    "AVAILABLE_BALANCE_TOO_LOW": 3,
    "EXCEEDED_ORDER_GROUP_RISK_LIMIT": 3,
    "EXCEEDED_PER_MARKET_RISK_LIMIT": 3,
    "EXCEEDED_SELL_POSITION_FLOOR": 3,
    "INSUFFICIENT_BALANCE": 3,
    _EXISTS: 6,
    "INVALID_ORDER": 11,
    "ORDER_GROUP_NOT_FOUND": 11,
    "INVALID_ORDER_SIZE": 13,
}
_GATEWAY = {401: NOT_AUTHORIZED, 403: NOT_AUTHORIZED, 429: RATE_LIMIT}  # refused before the exchange saw it
_TIMED_OUT = 408


class RestVerdict(Enum):
    """What a refusal says of its order."""

    REJECTED = "the order does not exist"
    REFUSED = "the request was not applied, the order is what it was"
    GONE = "the order is over, or unknown to the venue: ask for it"
    UNKNOWN = "nobody knows what became of the request: look the order up"


def verdict(request: str, status: int, refusal: RestRefusal) -> RestVerdict:
    """Return what follows for an order whose `request`, a MsgType(35), was refused."""
    if not 400 <= status < 500 or status == _TIMED_OUT:
        return RestVerdict.UNKNOWN
    is_new = request == Msg.NEW_ORDER_SINGLE
    if status == 404 and not is_new:
        return RestVerdict.GONE
    if is_new and (status == 409 or refusal.code.upper() == _EXISTS):
        return RestVerdict.UNKNOWN  # an earlier request under this id arrived after all
    return RestVerdict.REJECTED if is_new else RestVerdict.REFUSED


def is_of_gateway(status: int) -> bool:
    """Return whether a request was refused before the exchange saw it."""
    return status in _GATEWAY


def business_reason(status: int) -> int:
    """Return BusinessRejectReason(380)."""
    return _GATEWAY.get(status, OTHER_BUSINESS)


def reject_reason(refusal: RestRefusal, status: int) -> int:
    """Return OrdRejReason(103)."""
    unlisted = 1 if status == 404 else OTHER
    return _REASONS.get(refusal.code.upper(), unlisted)


def words(refusal: RestRefusal, status: int) -> str:
    """Return the Text(58): where the market is closed the very word that FIX has for it, else all that was said."""
    if refusal.code.upper() in KalshiOrders.closed_texts:
        return refusal.code.upper()
    said = refusal.text if refusal.text.startswith(refusal.code) else f"{refusal.code}: {refusal.text}"
    return f"HTTP {status} {said}"
