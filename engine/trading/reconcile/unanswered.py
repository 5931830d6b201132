"""Requests that are on their way over a connection that stands: a comparison leaves their orders alone for a while.

A late answer comes before whatever happened after it, and could not follow that. One that is not there after several
comparisons is not waited for any more.

Units   none.
Errors  none.
Thread  the loop thread only.
"""

from collections.abc import Iterable

from engine.fix import Status
from engine.orders.order import Order

PATIENCE = 5  # comparisons in a row


class Unanswered:
    """Counts in how many comparisons a request was seen unanswered."""

    def __init__(self) -> None:
        self._due: dict[tuple[Order, str], int] = {}

    def among(self, orders: Iterable[Order], is_counted: bool = True) -> set[Order]:
        """Return the orders whose last request is waited for; this comparison counts if it `is_counted`."""
        due = {(order, order.pending_cl_ord_id or order.cl_ord_id) for order in orders if _awaits_answer(order)}
        seen = {key: self._due.get(key, 0) + 1 for key in due}
        if is_counted:
            self._due = seen
        return {order for (order, _), times in seen.items() if times < PATIENCE}


def _awaits_answer(order: Order) -> bool:
    is_asked = bool(order.pending) or order.ord_status == Status.PENDING_NEW
    return is_asked and not order.is_lost and order.ord_status != Status.UNKNOWN
