"""Quantities, fees and ends of an order that cannot be.

Units   sizes and money as in `instrument`.
Cost    two comparisons for the fee of a fill.
Source  FIX 4.4 volume 4: ExecutionReport(8), OrderQty(38), OrdStatus(39), MiscFeeAmt(137).
"""

from engine.fix import Status
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.orders.report import ExecutionReport

DEAREST = 100  # whole units of money that a fill may cost beyond all that its contracts pay
MOST_MONEY = 2**61  # what the contracts of one order may pay: sums of it are added up in 64 bits
_AT_WORK = (Status.NEW, Status.PARTIALLY_FILLED, Status.REPLACED)


def is_absurd_fee(order: Order, qty: int, fee: int) -> bool:
    """Return whether no venue charges, or pays back, so much for a fill of `qty`."""
    most = qty * (order.instrument.limit or order.price)
    return (fee > most or fee < -most) and abs(fee) > most + _dearest(order.instrument)


def _dearest(instrument: Instrument) -> int:
    return DEAREST * int(10 ** (instrument.price_decimals + instrument.size_decimals))


def wrong_order_qty(order: Order, order_qty: int) -> str:
    """Say why an order cannot be for a quantity."""
    if 0 < order_qty <= MOST_MONEY // (order.instrument.limit or max(order.price, 1)):
        return ""
    return f"OrderQty(38) {order_qty} is no quantity that an order can have"


def wrong_end(report: ExecutionReport) -> str:
    """Say why a report of an order's end cannot be believed."""
    if report.ord_status in _AT_WORK:
        return f"ExecType(150) says that the order is over, OrdStatus(39) {report.ord_status} that it works"
    return ""
