"""Records that cannot be replayed: set aside by name, their orders in doubt, and the rest of the journal goes on.

What is about one order only is set aside: the venue can be asked about an order. A record about markets or money that
cannot be replayed is the end: nobody could be asked.

Errors  none.
"""

import contextlib

import msgspec

from engine.errors import OrderError
from engine.fix import SOH
from engine.journal.framing import Record
from engine.journal.segments import RecordKind
from engine.orders.order import Order
from engine.orders.orders import Orders

FAULTS = OrderError, ValueError, TypeError, LookupError, OverflowError
TOLD_KINDS = (
    RecordKind.NOTE, RecordKind.LINK, RecordKind.END, RecordKind.OPERATOR, RecordKind.DENIAL, RecordKind.CONFIG,
    RecordKind.SESSION, RecordKind.RECONCILE, RecordKind.SAVED, RecordKind.STANDING,
)  # fmt: skip
MOST_LINES = 10
_OTHERS = (
    RecordKind.SETTLE, RecordKind.MARK, RecordKind.DAY, RecordKind.LIST, RecordKind.RETIRE, RecordKind.STATE,
    RecordKind.HOLDING, RecordKind.ORDER, RecordKind.KEPT, RecordKind.PAST, RecordKind.RESTATE,
    RecordKind.SHARE, RecordKind.SHARE_DAY,
    RecordKind.CUT,
)  # fmt: skip
_IDS = 4  # texts at the beginning that may name an order, or be a ClOrdID that is used up
_SENT = RecordKind.NEW, RecordKind.CANCEL, RecordKind.REPLACE, RecordKind.REQUEST


class Aside:
    """What a replay set aside; the orders that it names are in doubt from then on."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._lines: list[str] = []
        self._count = 0
        self._cuts: list[str] = []

    def takes(self, record: Record) -> bool:
        """Return whether a record may be set aside."""
        return record.kind not in _OTHERS

    def take(self, record: Record, error: Exception) -> None:
        """Set a record aside that could not be replayed because of `error`."""
        self._count += 1
        named = self._named(record)
        for order in named:
            self._orders.doubt(order)
        if len(self._lines) < MOST_LINES:
            whose = ", ".join(f"ClOrdID(11) {order.cl_ord_id}" for order in named) or "no order that is known"
            where = f"{record.path} offset {record.offset}"
            self._lines.append(f"{where}: cannot be replayed: {error}: set aside, in doubt: {whose}")

    def distrust(self, record: Record) -> None:
        """Take every order that may live for unknown: what was damaged behind them was cut off."""
        for order in self._orders.live():
            self._orders.doubt(order)
        cut = msgspec.json.decode(record.text, type=dict[str, str])
        self._cuts.append(f"{record.path}: the journal was cut {cut['where']} by {cut['by']}: {cut['reason']}")

    def lines(self) -> list[str]:
        """Return a line for each cut and each of the first records, and one for the others."""
        more = self._count - len(self._lines)
        return (
            self._cuts + self._lines + ([f"{more} more records cannot be replayed, and are set aside"] if more else [])
        )

    def _named(self, record: Record) -> list[Order]:
        found: dict[Order, None] = {}
        for text in record.text.split(SOH)[:_IDS]:
            if record.kind in _SENT:
                with contextlib.suppress(*FAULTS):  # no id of ours: nothing that could be given out again
                    self._orders.restore_cl_ord_id(text)
            if text and (order := self._orders.by_id(text)) is not None:
                found[order] = None
        return list(found)
