"""Requests of a desk to an exchange in the same process: values, nothing is encoded.

Units   prices and sizes as in `instrument`; times in ns since 1970.
Errors  none: the exchange refuses what it does not take.
"""

from collections.abc import Callable
from typing import Any

from engine.codec._fields import Fields
from engine.exchange.events import Cancel, MassCancel, NewOrder, Replace, Request, StatusRequest
from engine.orders.order import Order
from engine.trading.gateway import Gateway

ACCOUNT = "DESK"


class RequestGateway(Gateway):
    """Hands each request to `post`, which says when it arrives."""

    def __init__(self, post: Callable[[Request], None]) -> None:
        self._post = post

    def new_order(self, order: Order, now_ns: int) -> object:
        """Return a NewOrder."""
        return NewOrder(
            account=ACCOUNT,
            cl_ord_id=order.cl_ord_id,
            symbol=order.instrument.symbol,
            side=order.side,
            order_qty=order.order_qty,
            price=order.price,
            ord_type=order.ord_type,
            time_in_force=order.time_in_force,
            expire_time_ns=order.expire_time_ns,
            post_only=order.post_only,
        )

    def replace(self, order: Order, now_ns: int) -> object:
        """Return a Replace."""
        return Replace(
            **_named(order), order_qty=order.pending_qty, price=order.pending_price, orig_cl_ord_id=order.cl_ord_id
        )

    def cancel(self, order: Order, now_ns: int) -> object:
        """Return a Cancel."""
        return Cancel(**_named(order), orig_cl_ord_id=order.cl_ord_id)

    def pass_on(self, request: Any) -> None:
        """Send what one of the three above returned."""
        self._post(request)

    def mass_cancel(self, cl_ord_id: str, now_ns: int) -> None:
        """Send a MassCancel."""
        self._post(MassCancel(account=ACCOUNT, cl_ord_id=cl_ord_id))

    def order_status(self, order: Order, now_ns: int) -> bool:
        """Send a StatusRequest."""
        self._post(StatusRequest(account=ACCOUNT, cl_ord_id=order.cl_ord_id))
        return True

    def refuse(self, fields: Fields) -> None:
        """Raise: an exchange sends no message."""
        raise NotImplementedError("an exchange in this process sends no message that could be refused")


def _named(order: Order) -> dict[str, Any]:
    return {
        "account": ACCOUNT,
        "cl_ord_id": order.pending_cl_ord_id,
        "symbol": order.instrument.symbol,
        "side": order.side,
    }
