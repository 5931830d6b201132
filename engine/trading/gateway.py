"""Where requests go: the seam between orders and whatever carries them.

A gateway makes each request of the order, and `pass_on` sends it once it is journalled: what cannot be made is never
journalled. `SessionGateway` encodes it by a venue's dialect and sends it over a FIX session; a backtest's hands it to
an exchange in the same process and encodes nothing.

Units   times in ns since 1970.
Errors  SessionError where a request could not be sent: it may or may not have left. What a dialect raises for a request
        that it cannot say: nothing has left.
Thread  the loop thread only.
"""

from collections.abc import Callable
from typing import Any

from engine.codec._fields import Fields
from engine.orders.order import Order
from engine.venue import OrderDialect


class Gateway:
    """What the trading loop and its supervisor ask of a venue; every request is journalled and counted before it."""

    def new_order(self, order: Order, now_ns: int) -> object:
        """Return a NewOrderSingle for `pass_on`."""
        raise NotImplementedError

    def replace(self, order: Order, now_ns: int) -> object:
        """Return a request to move `order` to its pending price and quantity, under its pending ClOrdID."""
        raise NotImplementedError

    def cancel(self, order: Order, now_ns: int) -> object:
        """Return a request to cancel `order`, under its pending ClOrdID."""
        raise NotImplementedError

    def pass_on(self, request: object) -> None:
        """Send what one of the three above returned."""
        raise NotImplementedError

    def mass_cancel(self, cl_ord_id: str, now_ns: int) -> None:
        """Send a request to cancel every order of the account, whoever placed it."""
        raise NotImplementedError

    def order_status(self, order: Order, now_ns: int) -> bool:
        """Ask what became of `order`; False where the venue has no such request."""
        raise NotImplementedError

    def refuse(self, fields: Fields) -> None:
        """Answer a message whose MsgType(35) says nothing about orders."""
        raise NotImplementedError


class SessionGateway(Gateway):
    """Requests as bodies of a dialect, handed to `send` and `refuse` of a session."""

    def __init__(self, dialect: OrderDialect, send: Callable[[Any], None], refuse: Callable[[Fields], None]) -> None:
        self.send = send
        self._refuse = refuse
        # Each step is an attribute, so that a benchmark can time it and nothing is paid otherwise.
        self.encode_new = dialect.new_order
        self.encode_replace = dialect.replace
        self.encode_cancel = dialect.cancel
        self._encode_optional = dialect.new_order_with
        self._encode_mass_cancel = dialect.mass_cancel
        self._encode_status = dialect.order_status

    def new_order(self, order: Order, now_ns: int) -> object:
        """Return the body of a NewOrderSingle."""
        return self.encode_new(order, now_ns) if order.options is None else self._encode_optional(order, now_ns)

    def replace(self, order: Order, now_ns: int) -> object:
        """Return the body of an OrderCancelReplaceRequest."""
        return self.encode_replace(order, now_ns)

    def cancel(self, order: Order, now_ns: int) -> object:
        """Return the body of an OrderCancelRequest."""
        return self.encode_cancel(order, now_ns)

    def pass_on(self, request: object) -> None:
        """Send a body."""
        self.send(request)

    def mass_cancel(self, cl_ord_id: str, now_ns: int) -> None:
        """Encode and send an OrderMassCancelRequest."""
        self.send(self._encode_mass_cancel(cl_ord_id, now_ns))

    def order_status(self, order: Order, now_ns: int) -> bool:
        """Encode and send an OrderStatusRequest; False where the dialect has none."""
        body = self._encode_status(order, now_ns)
        if body is not None:
            self.send(body)
        return body is not None

    def refuse(self, fields: Fields) -> None:
        """Have the session answer by BusinessMessageReject(j)."""
        self._refuse(fields)
