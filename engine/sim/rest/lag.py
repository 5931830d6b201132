"""How far what an account reads of itself is behind what it did.

An order that was changed within the lag is shown as it was before, one that was entered within it not at all, and so
are fills, what they made of positions, and their cash.

Units   times in ns.
Shapes  only changes through REST are held back; up to MOST orders are remembered.
Source  Kalshi REST: reconciliation rules, reads after writes.
"""

import copy
from collections import OrderedDict
from collections.abc import Iterable

from engine import fix
from engine.exchange.ledger.records import FillRecord, OrderRecord, PositionRecord

MOST = 10_000


class ReadLag:
    """Knows what was before; with `lag_ns` 0 nothing is behind."""

    def __init__(self, lag_ns: int) -> None:
        self.lag_ns = lag_ns
        self._before: OrderedDict[str, tuple[int, OrderRecord]] = OrderedDict()  # until when, and what is shown

    def remember(self, order: OrderRecord, now_ns: int) -> None:
        """Keep an order as it is, before it is changed."""
        if not self.lag_ns:
            return
        held = self._before.get(order.order_id)
        if held is None or held[0] <= now_ns:  # of several changes the first counts: what was long before them
            self._before[order.order_id] = now_ns + self.lag_ns, copy.copy(order)
            self._before.move_to_end(order.order_id)
        if len(self._before) > MOST:
            self._before.popitem(last=False)

    def order(self, order: OrderRecord, now_ns: int) -> OrderRecord | None:
        """Return an order as it is seen now, None if it is not yet."""
        if not self.lag_ns:
            return order
        if order.created_ns > now_ns - self.lag_ns:
            return None
        held = self._before.get(order.order_id)
        return held[1] if held is not None and now_ns < held[0] else order

    def orders(self, orders: Iterable[OrderRecord], now_ns: int) -> list[OrderRecord]:
        """Return those orders that are seen now, as they are seen."""
        return [seen for order in orders if (seen := self.order(order, now_ns)) is not None]

    def is_seen(self, time_ns: int, now_ns: int) -> bool:
        """Return whether what happened then is seen now."""
        return not self.lag_ns or time_ns <= now_ns - self.lag_ns

    def unseen(self, fills: Iterable[FillRecord], now_ns: int) -> list[FillRecord]:
        """Return the fills that are not seen yet."""
        return [fill for fill in fills if not self.is_seen(fill.time_ns, now_ns)] if self.lag_ns else []

    def position(self, position: PositionRecord, unseen: Iterable[FillRecord]) -> PositionRecord:
        """Return a position without the contracts and fees of fills that are not seen yet."""
        seen = position
        for fill in unseen:
            seen = copy.copy(position) if seen is position else seen
            seen.net -= fill.qty if fill.side == fix.BUY else -fill.qty
            seen.fees -= fill.fee
        return seen
