"""Orders: their states, their ids, and the one table that moves them.

Units   price, size and money as in `instrument`; times in ns of the clock that the caller passes in.
Errors  OrderError for a request that contradicts its order; a report that fits no row is a value, not an error.
Source  FIX 4.4 volume 4, appendix D: order state change matrices.
"""

from engine import fix
from engine.instrument import Instrument


class Order:
    """One order from its first request to its last report."""

    __slots__ = (
        "cl_ord_id",
        "cum_cost",
        "cum_qty",
        "expire_time_ns",
        "instrument",
        "leaves_qty",
        "ord_status",
        "ord_type",
        "order_id",
        "order_qty",
        "pending",
        "pending_cl_ord_id",
        "pending_price",
        "pending_qty",
        "post_only",
        "price",
        "sent_ns",
        "side",
        "tag",
        "time_in_force",
    )

    def __init__(
        self,
        cl_ord_id: str,
        instrument: Instrument,
        side: int,
        price: int,
        order_qty: int,
        ord_type: str = fix.Type.LIMIT,
        time_in_force: str = fix.Tif.GTC,
        post_only: bool = False,
        expire_time_ns: int = 0,
        sent_ns: int = 0,
    ) -> None:
        self.cl_ord_id = cl_ord_id  # of the last request that the venue accepted; of the first one until then
        self.order_id = ""  # the venue's OrderID(37)
        self.instrument = instrument
        self.side = side
        self.price = price  # of a market order the worst price it may trade at
        self.order_qty = order_qty
        self.cum_qty = 0
        self.leaves_qty = order_qty
        self.cum_cost = 0  # sum of LastPx * LastQty
        self.ord_type = ord_type
        self.time_in_force = time_in_force
        self.post_only = post_only
        self.expire_time_ns = expire_time_ns
        self.ord_status = fix.Status.PENDING_NEW
        self.pending = ""  # MsgType of the cancel or replace in flight
        self.pending_cl_ord_id = ""
        self.pending_price = 0
        self.pending_qty = 0
        self.sent_ns = sent_ns  # when the last request left
        self.tag: object = None  # the strategy's own
