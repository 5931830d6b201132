"""How reports of the exchange say that orders of a desk moved levels.

Units   prices and sizes as in `instrument`.
"""

from collections.abc import Iterable
from typing import NamedTuple

from engine.exchange.events import Event, Report
from engine.exchange.market import LIVE


class Resting(NamedTuple):
    """Where an order rests, and how much of it."""

    symbol: str
    side: int
    price: int
    leaves: int


class Moved(NamedTuple):
    """An order that was at `before` and is at `after`; None is nowhere. `cl_ord_id` is its last."""

    order_id: str
    cl_ord_id: str
    before: Resting | None
    after: Resting | None

    @property
    def is_behind(self) -> bool:
        """Return whether the order went to the back of a queue."""
        was, now = self.before, self.after
        return now is not None and (was is None or was.price != now.price or now.leaves > was.leaves)


class RestingOrders:
    """What rests of a desk, as the reports of the exchange leave it."""

    def __init__(self) -> None:
        self._orders: dict[str, Resting] = {}

    def take(self, events: Iterable[Event]) -> list[Moved]:
        """Return the orders that a step of the exchange left elsewhere than they were."""
        last = {event.order_id: event for event in events if isinstance(event, Report) and event.order_id}
        found = []
        for order_id, report in last.items():
            before = self._orders.pop(order_id, None)
            is_live = report.ord_status in LIVE and report.leaves_qty > 0
            after = Resting(report.symbol, report.side, report.price, report.leaves_qty) if is_live else None
            if after is not None:
                self._orders[order_id] = after
            if before != after:
                found.append(Moved(order_id, report.cl_ord_id, before, after))
        return found
