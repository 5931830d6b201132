"""FIX 4.4 with the tag of an order in a field that the counterparty has agreed to.

Errors  as of `dialect`.
"""

from collections.abc import Iterable

from engine.instrument import Instrument
from engine.orders.order import Order
from engine.venue.fix44.dialect import Fix44


class TaggedFix44(Fix44):
    """The same where a field of the user's carries the tag of an order: in its NewOrderSingle(D) and each replace."""

    def __init__(self, instruments: Iterable[Instrument], tag_field: int) -> None:
        super().__init__(instruments)
        self._tag_field = b"%d=" % tag_field

    def new_order_with(self, order: Order, now_ns: int) -> bytes:
        """Return the body of an order with a tag; OrderError for other options."""
        return super().new_order_with(order, now_ns) + self._tag_of(order)

    def replace(self, order: Order, now_ns: int) -> bytes:
        """Return the body of a replace, which repeats the tag: it would be gone at the venue else."""
        body: bytes = super().replace(order, now_ns)
        return body + self._tag_of(order)

    def _tag_of(self, order: Order) -> bytes:
        return self._tag_field + order.tag.encode() + b"\x01" if order.tag else b""
