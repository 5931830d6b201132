"""Refusals of the exchange, in the words of REST.

A code is the exchange's own text in small letters, unless the venue is known to use another.

Source  Kalshi REST: errors; Kalshi FIX: texts of reports and cancel rejects.
"""

from engine.sim.rest.refusals import RestRefused

TOLD_OTHERWISE: dict[str, tuple[int, str, str]] = {
    "MARKET_NOT_FOUND": (404, "not_found", "market not found"),
    "UNKNOWN_ORDER": (404, "not_found", "order not found, or finished"),
    "CANNOT_UPDATE_FILLED_ORDER": (404, "not_found", "order is finished"),
    "ORDER_GROUP_NOT_FOUND": (404, "not_found", "order group not found"),
    "ORDER_ALREADY_EXISTS": (409, "order_already_exists", "client_order_id was used before"),
    "INSUFFICIENT_BALANCE": (400, "available_balance_too_low", "the order and its fee cost more than is free"),
    "INVALID_PRICE": (400, "invalid_order", "price is not on the market's grid"),
    "INVALID_ORDER": (400, "invalid_order", "fields do not go together"),
    "POST_ONLY_CROSS": (400, "invalid_order", "post only cross"),
    "INVALID_AMEND_QTY_FOR_ORDER": (400, "invalid_order_size", "count is below what is filled"),
    "ORDER_ATTRIBUTES_MISMATCH": (400, "order_ticker_mismatch", "the order has another ticker or side"),
    "EXCHANGE_UNAVAILABLE": (503, "exchange_unavailable", "the exchange, or this shard, is unavailable"),
    "INTERNAL_ERROR": (500, "internal_error", "an internal error occurred"),
}


def refusal_of(text: str) -> RestRefused:
    """Return the answer to a request that the exchange refused with Text(58) `text`."""
    status, code, details = TOLD_OTHERWISE.get(text, (400, text.lower(), text.lower().replace("_", " ")))
    return RestRefused(status, code, details)
