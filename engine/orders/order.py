"""One order, and what one report changed about it.

Units   price, size and money as in `instrument`; times in ns of the clock that the caller passes in.
Shapes  one `Change` is reused: it is valid until the next report is applied.
Source  FIX 4.4 volume 4: NewOrderSingle(D), ExecutionReport(8).
"""

from collections.abc import Iterable
from typing import Any

from engine import fix
from engine.instrument import Instrument
from engine.orders.options import OrderOptions
from engine.orders.table import TERMINAL, WORKING, Outcome
from engine.runtime.notices import NoticeKind

PENDING_NEW = fix.Status.PENDING_NEW
RESTORED = frozenset((
    "cl_ord_id", "order_id", "instrument", "options", "side", "price", "order_qty", "cum_qty", "leaves_qty", "cum_cost",
    "fee_rest", "ord_type", "time_in_force", "post_only", "expire_time_ns", "ord_status", "sent_ns", "pending",
    "pending_cl_ord_id", "pending_price", "pending_qty", "is_lost",
))  # fmt: skip
UNDOING = -1  # in place of the price of what traded nothing: a bust


class Order:
    """One order from its first request to its last report.

    Every report that counted is kept by its ExecID(17), with the CumQty(14) after it: a venue may use an ExecID again.
    The first one has fields of its own: most orders get no more. Python code reads an order and writes nothing.
    """

    __slots__ = (
        "_cum_qty",
        "_exec_id",
        "_fee",
        "_last_px",
        "_last_qty",
        "_more",
        "_undone",
        "cl_ord_id",
        "cum_cost",
        "cum_qty",
        "expire_time_ns",
        "fee_rest",
        "instrument",
        "is_lost",
        "leaves_qty",
        "options",
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
        self.begin(
            cl_ord_id, instrument, side, price, order_qty, ord_type, time_in_force, post_only, expire_time_ns, sent_ns
        )

    def begin(
        self,
        cl_ord_id: str,
        instrument: Instrument,
        side: int,
        price: int,
        order_qty: int,
        ord_type: str,
        time_in_force: str,
        post_only: bool,
        expire_time_ns: int,
        sent_ns: int,
    ) -> None:
        """Set every field. Compiled code calls this instead of the constructor, which takes Python objects."""
        self.cl_ord_id = cl_ord_id  # of the last request that the venue accepted; of the first one until then
        self.order_id = ""  # the venue's OrderID(37)
        self.instrument = instrument
        self.side = side
        self.price = price  # of a market order the worst price it may trade at
        self.order_qty = order_qty
        self.cum_qty = 0
        self.leaves_qty = order_qty
        self.cum_cost = 0  # sum of LastPx * LastQty
        self.fee_rest = 0  # money that the account's rounding has taken beyond the fees so far
        self.ord_type = ord_type
        self.time_in_force = time_in_force
        self.post_only = post_only
        self.expire_time_ns = expire_time_ns
        self.ord_status = PENDING_NEW
        self.pending = ""  # MsgType of the cancel or replace that is unanswered
        self.pending_cl_ord_id = ""
        self.pending_price = 0  # of a replace whose outcome is open, even where a cancel was sent after it; else 0
        self.pending_qty = 0
        self.is_lost = False  # the answer to `pending` cannot be expected any more
        self.sent_ns = sent_ns  # when the last request left; 0 after recovery
        self.tag = ""  # the strategy's own word for it, as of its options
        self.options: OrderOptions | None = None  # what it asks of its venue beyond the rest
        self._exec_id = ""  # of the first report that counted, and what it traded; a quantity of 0 for nothing
        self._last_qty = 0
        self._last_px = 0
        self._fee = 0
        self._cum_qty = 0
        self._more: dict[str, tuple[int, int, int, int]] | None = None  # the same of every later one
        self._undone: set[str] | None = None  # keys of fills that were busted or corrected

    def take_options(self, options: OrderOptions) -> None:
        """Set what it asks for beyond the rest, once, before it is sent."""
        self.options = options
        self.tag = options.tag

    @property
    def owner(self) -> str:
        """Return the name of the strategy that sent it where an engine has several; empty for nobody's."""
        return self.options.owner if self.options is not None else ""

    @property
    def executions(self) -> dict[str, tuple[int, int, int] | None]:
        """Return what counted, by ExecID(17): (qty, price, fee) of a fill, None where a bust or correction undid it.

        Of an ExecID that came again the later ones have a SOH and a number behind it.
        """
        keys = [self._exec_id, *(self._more or ())] if self._exec_id else []
        counted = {key: self._kept_under(key) for key in keys}
        return {key: kept[:3] if kept[0] and not self.is_undone(key) else None for key, kept in counted.items()}

    def kept(self, exec_id: str) -> list[tuple[str, tuple[int, int, int, int]]]:
        """Return (key, (qty, price, fee, cum_qty)) of each report that counted under an ExecID(17), the first first."""
        found, key = [], exec_id
        while self.has_counted(key):
            found.append((key, self._kept_under(key)))
            key = f"{exec_id}{fix.SOH}{len(found)}"
        return found

    def _kept_under(self, key: str) -> tuple[int, int, int, int]:
        if key == self._exec_id:
            return self._last_qty, self._last_px, self._fee, self._cum_qty
        assert self._more is not None
        return self._more[key]

    def is_undone(self, key: str) -> bool:
        """Return whether a bust or correction took back what is kept under a key."""
        return self._undone is not None and key in self._undone

    def undo_execution(self, key: str) -> None:
        """Note that what is kept under a key does not count any more."""
        if self._undone is None:
            self._undone = set()
        self._undone.add(key)

    def all_kept(self) -> list[tuple[str, int, int, int, int, bool]]:
        """Return (key, qty, price, fee, cum_qty, is undone) of each report that counted, in their order."""
        keys = [self._exec_id, *(self._more or ())] if self._exec_id else []
        return [(key, *self._kept_under(key), self.is_undone(key)) for key in keys]

    def restore_kept(self, kept: Iterable[tuple[str, int, int, int, int, bool]]) -> None:
        """Take what `all_kept` returned."""
        for key, qty, price, fee, cum_qty, is_undone in kept:
            self.keep_execution(key, qty, price, fee, cum_qty)
            if is_undone:
                self.undo_execution(key)

    @property
    def execution_count(self) -> int:
        """Return how many reports are kept."""
        return (self._exec_id != "") + len(self._more or ())

    def has_counted(self, exec_id: str) -> bool:
        """Return whether a report with this ExecID(17) has counted."""
        return exec_id != "" and (exec_id == self._exec_id or (self._more is not None and exec_id in self._more))

    def keep_execution(self, exec_id: str, qty: int, price: int, fee: int, cum_qty: int) -> None:
        """Keep what a report traded, beside what was kept under the same ExecID(17); a `qty` of 0 is nothing."""
        if self._exec_id == "":
            self._exec_id = exec_id
            self._last_qty = qty
            self._last_px = price
            self._fee = fee
            self._cum_qty = cum_qty
        else:
            if self._more is None:
                self._more = {}
            kept = (qty, price, fee, cum_qty)
            if exec_id == self._exec_id or self._more.setdefault(exec_id, kept) is not kept:
                self._more[f"{exec_id}{fix.SOH}{len(self.kept(exec_id))}"] = kept

    @property
    def is_done(self) -> bool:
        """Return whether nothing can trade any more: over, and no replace in flight that could revive it."""
        return self.ord_status in TERMINAL and not self.pending_qty

    @property
    def can_cancel(self) -> bool:
        """Return whether a cancel can be sent: to an unacknowledged order too, and where the last request was lost."""
        return (not self.pending or self.is_lost) and self.ord_status not in TERMINAL

    @property
    def can_replace(self) -> bool:
        """Return whether a replace can be sent: only to an acknowledged order with no request open."""
        return not self.pending and self.ord_status in WORKING

    @property
    def worst_leaves_qty(self) -> int:
        """Return the most that can still trade, whether or not the replace in flight is accepted."""
        return max(self.leaves_qty, self.pending_qty - self.cum_qty)

    def __repr__(self) -> str:
        return (
            f"Order({self.cl_ord_id!r}, {self.instrument.symbol}, {'buy' if self.side == fix.BUY else 'sell'}"
            f" {self.order_qty} at {self.price}, OrdStatus(39) {self.ord_status}, {self.cum_qty} filled)"
        )


def restore_fields(order: Order, **fields: Any) -> None:
    """Give an order other fields than it has, as an earlier run left them: Python writes them nowhere else.

    Raise TypeError or OverflowError for a value of another kind, KeyError for a name that is no such field.
    """
    unknown = fields.keys() - RESTORED
    if unknown:
        raise KeyError(f"no field of an order: {', '.join(sorted(unknown))}")
    is_whole = len(fields) == len(RESTORED)
    _put(order, fields if is_whole else {name: getattr(order, name) for name in RESTORED} | fields)


def _put(order: Order, state: dict[str, Any]) -> None:
    order.cl_ord_id, order.order_id = state["cl_ord_id"], state["order_id"]
    order.instrument = state["instrument"]
    if state["options"] is not None:
        order.take_options(state["options"])
    order.side, order.price, order.order_qty = state["side"], state["price"], state["order_qty"]
    order.cum_qty, order.leaves_qty = state["cum_qty"], state["leaves_qty"]
    order.cum_cost, order.fee_rest = state["cum_cost"], state["fee_rest"]
    order.ord_type, order.time_in_force = state["ord_type"], state["time_in_force"]
    order.post_only, order.expire_time_ns = state["post_only"], state["expire_time_ns"]
    order.ord_status, order.sent_ns = state["ord_status"], state["sent_ns"]
    order.pending, order.pending_cl_ord_id = state["pending"], state["pending_cl_ord_id"]
    order.pending_price, order.pending_qty = state["pending_price"], state["pending_qty"]
    order.is_lost = state["is_lost"]


class Change:
    """What one report changed.

    Book `undo_qty` at `undo_px` for `undo_fee` backwards first, then `last_qty` at `last_px` for `fee`; a quantity of 0
    is nothing to book. A bust only undoes, a correction does both.
    """

    __slots__ = (
        "fee", "is_taker", "is_terminal", "kind", "last_px", "last_qty", "notice", "order", "reason", "symbol", "text",
        "undo_fee", "undo_px", "undo_qty",
    )  # fmt: skip

    def __init__(self) -> None:
        self.kind = Outcome.NOTHING
        self.order: Order | None = None
        self.is_terminal = False  # the order is done
        self.reason = 0  # the report's, of a REJECTED or CANCEL_REJECTED
        self.text = ""  # the report's own; of an UNKNOWN what is wrong
        self.symbol = ""  # the report's own, of an UNKNOWN without an order
        self.notice: tuple[NoticeKind, str] | None = None  # what people should hear of it
        self.is_taker = False
        self.clear_fill()

    def clear_fill(self) -> None:
        """Leave nothing to book."""
        self.last_qty = 0
        self.last_px = 0
        self.fee = 0
        self.undo_qty = 0
        self.undo_px = 0
        self.undo_fee = 0
