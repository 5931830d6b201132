"""What an account did: its orders that ended, fills, settlements, positions that were paid and transfers.

Units   as in `records`.
"""

from typing import NamedTuple

from engine.exchange.ledger.archive import Shelf
from engine.exchange.ledger.records import FillRecord, OrderRecord, PositionRecord, SettlementRecord, TransferRecord

DAY_NS = 86_400 * 1_000_000_000


class History:
    """The records of one account."""

    def __init__(self) -> None:
        self.orders: Shelf[OrderRecord] = Shelf()
        self.fills: Shelf[FillRecord] = Shelf()
        self.settlements: Shelf[SettlementRecord] = Shelf()
        self.positions: Shelf[PositionRecord] = Shelf()
        self.transfers: Shelf[TransferRecord] = Shelf()

    @property
    def dropped(self) -> int:
        """Return how many records nobody can read any more, for want of room."""
        shelves = (self.orders, self.fills, self.settlements, self.positions, self.transfers)
        return sum(shelf.dropped for shelf in shelves)


class Retention(NamedTuple):
    """How long what is over stays out of the archive: two weeks for orders, 75 days for the rest, unless told."""

    orders_ns: int = 14 * DAY_NS
    others_ns: int = 75 * DAY_NS

    def cutoffs(self, now_ns: int) -> "Cutoffs":
        """Return where the archive ends now."""
        others_ns = now_ns - self.others_ns
        return Cutoffs(now_ns - self.orders_ns, others_ns, others_ns, others_ns)


class Cutoffs(NamedTuple):
    """Where the archive ends: what was over before these times is in it."""

    orders_ns: int = 0
    trades_ns: int = 0
    settled_ns: int = 0
    positions_ns: int = 0
