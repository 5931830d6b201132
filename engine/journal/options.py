"""What an order asks of its venue, as a record behind that of the order.

Errors  ValueError for a record that is none.
"""

from engine.fix import SOH
from engine.journal.reader import Record
from engine.orders.options import OrderOptions
from engine.orders.order import Order


def options_record(order: Order) -> tuple[tuple[int, ...], str]:
    """Return the numbers and the text that stand for an order's options."""
    options = order.options or OrderOptions()
    return (options.reduce_only,), SOH.join((order.cl_ord_id, options.order_group))


def options_of(record: Record) -> tuple[str, OrderOptions]:
    """Return the ClOrdID(11) of an order and what it asks for."""
    (reduce_only,), (cl_ord_id, group) = record.numbers, record.text.split(SOH)
    return cl_ord_id, OrderOptions(bool(reduce_only), group)
