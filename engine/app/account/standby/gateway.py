"""Where requests go while REST stands by for FIX: by one way at a time, and those of one order never by both.

An order whose request once left over REST is carried there until it is over, also when FIX is back: what REST asked
for and what FIX would ask for never meet at the venue.

Units   times in ns since 1970.
Errors  SessionError from the way that is used.
Thread  the loop thread only.
"""

from typing import Any

from engine.app.account.order_gateway import RestGateway
from engine.codec import Fields
from engine.orders.order import Order
from engine.trading.gateway import Gateway

MOST_REMEMBERED = 1_000  # carried orders, before those that are over are forgotten


class StandbyGateway(Gateway):
    """Requests over `fix`, or over `rest` while `is_over_rest`."""

    def __init__(self, fix: Gateway, rest: RestGateway) -> None:
        self.is_over_rest = False
        self._fix = fix
        self._rest = rest
        self._carried: dict[Order, None] = {}

    def carries(self, order: Order) -> bool:
        """Return whether requests about an order go over REST."""
        return order in self._carried

    def carried(self) -> list[Order]:
        """Return the orders that live over REST, the oldest first; what is over is forgotten."""
        self._carried = dict.fromkeys(order for order in self._carried if not order.is_done)
        return list(self._carried)

    def new_order(self, order: Order, now_ns: int) -> object:
        """Return an order for `pass_on`, by the way that is used."""
        way = self._way(order)
        return way, way.new_order(order, now_ns)

    def replace(self, order: Order, now_ns: int) -> object:
        """Return a request to the pending price and quantity, by the order's way."""
        way = self._way(order)
        return way, way.replace(order, now_ns)

    def cancel(self, order: Order, now_ns: int) -> object:
        """Return a cancel, by the order's way."""
        way = self._way(order)
        return way, way.cancel(order, now_ns)

    def pass_on(self, request: Any) -> None:
        """Send a request by the way that it was made for."""
        way, made = request
        way.pass_on(made)

    def mass_cancel(self, cl_ord_id: str, now_ns: int) -> None:
        """Cancel whatever rests: over FIX its session's own, over REST what else there is, as of an earlier run."""
        if not self.is_over_rest:
            self._fix.mass_cancel(cl_ord_id, now_ns)
        self._rest.mass_cancel(cl_ord_id, now_ns)

    def order_status(self, order: Order, now_ns: int) -> bool:
        """Ask what became of an order; over REST that makes no order one of REST's."""
        if self.is_over_rest or order in self._carried:
            return self._rest.order_status(order, now_ns)
        return self._fix.order_status(order, now_ns)

    def refuse(self, fields: Fields) -> None:
        """Answer a message that says nothing about orders: messages come over FIX alone."""
        self._fix.refuse(fields)

    def _way(self, order: Order) -> Gateway:
        if not self.is_over_rest:
            return self._rest if order in self._carried else self._fix
        if len(self._carried) >= MOST_REMEMBERED:
            self.carried()
        self._carried[order] = None
        return self._rest
