"""Prices that cannot be: outside what the market can trade at, or worse than an order allows.

Units   prices as in `instrument`.
Cost    two comparisons for a fill at the order's own price.
Source  FIX 4.4 volume 4: ExecutionReport(8), LastPx(31), Price(44).
"""

from engine import fix
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.orders.report import ABSENT, ExecutionReport

BUY, LIMIT = fix.BUY, fix.Type.LIMIT


def is_possible(instrument: Instrument, price: int) -> bool:
    """Return whether anything in this market can trade at a price at all, whatever its grid is by now."""
    return price > 0 and (price < instrument.limit or not instrument.limit)


def is_beyond(order: Order, price: int) -> bool:
    """Return whether a price is worse than an order allows, a replace in flight included; ABSENT is not."""
    if order.side == BUY:
        return price > order.price and price > order.pending_price
    return ABSENT < price < order.price and (price < order.pending_price or not order.pending_price)


def may_trade(order: Order, price: int) -> bool:
    """Return whether a fill of an order may be at a price."""
    return is_possible(order.instrument, price) and (price == order.price or not is_beyond(order, price))


def may_correct(order: Order, price: int, undo_px: int) -> bool:
    """Return whether a fill at `undo_px`, which may be older than the order's price, may be corrected to a price."""
    if is_possible(order.instrument, price) and (price <= undo_px if order.side == BUY else price >= undo_px):
        return True
    return may_trade(order, price)


def wrong_last_px(order: Order, price: int) -> str:
    """Say why a fill cannot be at a price."""
    limit = order.instrument.limit
    pays = f", and a contract pays {limit}" if limit else ""
    return f"LastPx(31) {price} cannot be: the order's price is {order.price}{pays}"


def wrong_price(order: Order, report: ExecutionReport) -> str:
    """Say why an order cannot work at the Price(44) of a report; empty if it can, or there is none that counts."""
    if report.price == ABSENT or order.ord_type != LIMIT or is_possible(order.instrument, report.price):
        return ""
    return f"Price(44) {report.price} is no price of this market"
