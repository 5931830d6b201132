"""Why the venue refuses requests: codes, texts, and the checks in their order.

Source  FIX 4.4: OrdRejReason(103), CxlRejReason(102); Kalshi FIX: texts of reports and cancel rejects.
"""

import re

from engine import fix
from engine.exchange.events import Cancel, NewOrder, Refusal, Replace, Stp
from engine.exchange.market import Market, RestingOrder
from engine.venue import MarketState

# OrdRejReason(103) of a new order
UNKNOWN_SYMBOL = Refusal(1, "MARKET_NOT_FOUND")
CLOSED = Refusal(2, "MARKET_INACTIVE")
PAUSED = Refusal(2, "TRADING_PAUSED")
UNKNOWN_ORDER_STATUS = Refusal(5, "UNKNOWN_ORDER")
DUPLICATE = Refusal(6, "ORDER_ALREADY_EXISTS")
UNSUPPORTED = Refusal(11, "INVALID_ORDER")
WRONG_QTY = Refusal(13, "INVALID_ORDER")
WRONG_PRICE = Refusal(99, "INVALID_PRICE")
INTERNAL = Refusal(99, "INTERNAL_ERROR")

ALREADY_CLOSED = Refusal(2, "MARKET_ALREADY_CLOSED")
EXCHANGE_PAUSED = Refusal(2, "EXCHANGE_PAUSED")
BALANCE = Refusal(3, "INSUFFICIENT_BALANCE")
MARKET_LIMIT = Refusal(3, "EXCEEDED_PER_MARKET_RISK_LIMIT")
GROUP_LIMIT = Refusal(3, "EXCEEDED_ORDER_GROUP_RISK_LIMIT")
SELL_FLOOR = Refusal(3, "EXCEEDED_SELL_POSITION_FLOOR")
QUOTE_EXPIRED = Refusal(8, "EXPIRED")
UNKNOWN_GROUP = Refusal(11, "ORDER_GROUP_NOT_FOUND")
UNAVAILABLE = Refusal(99, "EXCHANGE_UNAVAILABLE")  # whether it was applied is unknown to its sender

# CxlRejReason(102) of a cancel or replace; duplicate id and wrong price are as above
TOO_LATE = Refusal(0, "CANNOT_UPDATE_FILLED_ORDER")
FILLED = Refusal(2, "CANNOT_UPDATE_FILLED_ORDER")
UNKNOWN_ORDER = Refusal(1, "UNKNOWN_ORDER")
MISMATCH = Refusal(1, "ORDER_ATTRIBUTES_MISMATCH")
QTY_BELOW_FILLED = Refusal(2, "INVALID_AMEND_QTY_FOR_ORDER")
CHANGE_CLOSED = Refusal(99, "MARKET_INACTIVE")
CHANGE_PAUSED = Refusal(99, "TRADING_PAUSED")
CHANGE_UNKNOWN_SYMBOL = Refusal(99, "MARKET_NOT_FOUND")
CHANGE_UNSUPPORTED = Refusal(99, "INVALID_ORDER")

CHANGE_EXCHANGE_PAUSED = Refusal(99, "EXCHANGE_PAUSED")
CHANGE_BALANCE = Refusal(99, "INSUFFICIENT_BALANCE")
CHANGE_SELF_CROSS = Refusal(18, "SELF_CROSS_ATTEMPT")

MASS_UNKNOWN_SYMBOL = Refusal(1, "MARKET_NOT_FOUND")  # MassCancelRejectReason(532)

# Text(58) of a cancel that its owner did not ask for
IOC_REST = "IMMEDIATE_OR_CANCELLED"
FOK_SHORT = "FOK_INSUFFICIENT_VOLUME"
POST_ONLY_CROSS = "POST_ONLY_CROSS"
TAKER_STP = "TAKER_CANCEL_FOR_SELF_TRADE_PREVENTION"
MAKER_STP = "MAKER_CANCEL_FOR_SELF_TRADE_PREVENTION"
UNSOLICITED = "ORDER_GROUP_CANCEL"
REACTIVATED = "MARKET_ACTIVATED"
REDUCE_ONLY = "REDUCE_ONLY"
GROUP = "ORDER_GROUP_CANCEL"
BOUNDS = "SETTLEMENT_BOUNDS_CANCEL"
TOO_DEAR = "MAX_EXECUTION_COST"  # the venue's own word is not known

_FCM = (
    Refusal(3, "EVENT_CONTRACT_DAILY_CAP_EXCEEDED"),
    Refusal(15, "CUSTOMER_ACCOUNT_NOT_FOUND"),
    Refusal(15, "PERMISSION_DENIED_FOR_CUSTOMER_ACCOUNT"),
    Refusal(15, "EVENT_CONTRACT_DAILY_CAP_NOT_FOUND"),
)
_OF_NEW = (
    *(UNKNOWN_SYMBOL, CLOSED, PAUSED, ALREADY_CLOSED, EXCHANGE_PAUSED, BALANCE, MARKET_LIMIT, GROUP_LIMIT, SELL_FLOOR),
    *(DUPLICATE, QUOTE_EXPIRED, UNSUPPORTED, UNKNOWN_GROUP, WRONG_PRICE, INTERNAL, UNAVAILABLE, *_FCM),
)
_BY_TEXT = {refusal.text: refusal for refusal in _OF_NEW}

_TIFS = frozenset((fix.Tif.DAY, fix.Tif.GTC, fix.Tif.IOC, fix.Tif.FOK, fix.Tif.GTD))
_CL_ORD_ID = re.compile(r"[A-Za-z0-9_+=:/-]{1,64}")


def by_text(text: str) -> Refusal:
    """Return the refusal of a new order that has this Text(58), reason 99 if the venue lists none."""
    return _BY_TEXT.get(text) or Refusal(99, text)


def refuse_new(request: NewOrder, market: Market | None) -> Refusal | None:
    """Return why `request` may not enter, without looking at the account's orders; None if it may."""
    if market is None:
        return UNKNOWN_SYMBOL
    if market.state != MarketState.ACTIVE:
        return PAUSED if market.state == MarketState.PAUSED else CLOSED
    if not _is_supported(request):
        return UNSUPPORTED
    if request.order_qty <= 0:
        return WRONG_QTY
    if request.ord_type == fix.Type.LIMIT and not market.instrument.is_valid_price(request.price):
        return WRONG_PRICE
    return None


def refuse_cancel(request: Cancel, order: RestingOrder, market: Market) -> Refusal | None:
    """Return why `order` may not be cancelled; None if it may."""
    if market.state >= MarketState.CLOSED:
        return CHANGE_CLOSED
    if not _matches(request, order):
        return MISMATCH
    if order.is_live:
        return None
    return TOO_LATE if order.ord_status == fix.Status.FILLED else UNKNOWN_ORDER


def refuse_replace(request: Replace, order: RestingOrder, market: Market, now_ns: int) -> Refusal | None:
    """Return why `order` may not be replaced; None if it may."""
    if market.state != MarketState.ACTIVE:
        return CHANGE_PAUSED if market.state == MarketState.PAUSED else CHANGE_CLOSED
    if not _matches(request, order):
        return MISMATCH
    if not order.is_live:
        return FILLED if order.ord_status == fix.Status.FILLED else UNKNOWN_ORDER
    if request.order_qty <= 0 or request.order_qty < order.cum_qty:
        return QTY_BELOW_FILLED
    if not market.instrument.is_valid_price(request.price):
        return WRONG_PRICE
    return None if _is_valid_validity(request, now_ns) else CHANGE_UNSUPPORTED


def is_valid_cl_ord_id(text: str) -> bool:
    """Return whether a ClOrdID(11) has 1 to 64 of the characters that the venue takes."""
    return _CL_ORD_ID.fullmatch(text) is not None


def _is_supported(request: NewOrder) -> bool:
    return (
        is_valid_cl_ord_id(request.cl_ord_id)
        and request.side in (fix.BUY, fix.SELL)
        and request.ord_type in (fix.Type.LIMIT, fix.Type.MARKET)
        and request.time_in_force in _TIFS
        and (request.time_in_force == fix.Tif.GTD) == (request.expire_time_ns > 0)
        and request.stp in (Stp.TAKER_AT_CROSS, Stp.MAKER)
        and not (request.post_only and (request.ord_type == fix.Type.MARKET or request.time_in_force in "34"))
    )


def _is_valid_validity(request: Replace, now_ns: int) -> bool:
    """Return whether TimeInForce(59) and ExpireTime(126) go together; neither keeps the order's own."""
    if request.time_in_force == fix.Tif.GTD:
        return request.expire_time_ns > now_ns
    return not request.expire_time_ns and request.time_in_force in ("", fix.Tif.DAY, fix.Tif.GTC)


def _matches(request: Cancel | Replace, order: RestingOrder) -> bool:
    return (
        request.account == order.account
        and request.symbol in ("", order.symbol)
        and request.side in (0, order.side)
        and request.order_id in ("", order.order_id)
    )
