"""An order that no snapshot has, brought back from the segments before it: a late bust or doubt may still name one.

Errors  JournalError where those segments are damaged and name the order.
Cost    nothing where every report finds its order; else a search through the bytes of those segments for each name, and
        one replay of them where a name is found.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from engine.journal.segments import is_first
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport

MOST_LINES = 10


class EarlierOrders:
    """The orders of `paths`, all before the snapshot that a replay began with; `replay` makes them of the files."""

    def __init__(self, paths: Sequence[Path], replay: Callable[[Sequence[Path]], Orders]) -> None:
        self._paths = paths
        self._replay = replay
        self._orders: Orders | None = None
        self._is_named: dict[str, bool] = {}
        self._missed: list[str] = []

    def of_report(self, report: ExecutionReport) -> tuple[Order, list[str]] | None:
        """Return the order that a report means, with its ids, or None."""
        return self._find(report.cl_ord_id, report.orig_cl_ord_id, report.order_id)

    def of_id(self, cl_ord_id: str) -> tuple[Order, list[str]] | None:
        """Return the order that has this id, with all that it has, or None."""
        return self._find(cl_ord_id, "", "")

    def missed(self, following: Path) -> list[str]:
        """Return a line for each of the first names that no order has, where segments before these are gone."""
        first = self._paths[0] if self._paths else following
        if is_first(first):
            return []
        return [
            f"{following}: a report or doubt of it names {name!r}, which no order has: the segments before"
            f" {first.name} are gone: compare what is held with the venue"
            for name in self._missed
        ]

    def _find(self, *names: str) -> tuple[Order, list[str]] | None:
        if any([self._has(name) for name in names if name]):
            if self._orders is None:
                self._orders = self._replay(self._paths)
            order = self._orders.find(*names)
            if order is not None:
                return order, [cl_ord_id for cl_ord_id, each in self._orders.ids.items() if each is order]
        name = next(filter(None, names), "")
        if len(self._missed) < MOST_LINES and name not in self._missed:
            self._missed.append(name)
        return None

    def _has(self, name: str) -> bool:
        """Return whether any of the files holds these bytes."""
        if name not in self._is_named:
            wanted = name.encode()
            self._is_named[name] = any(wanted in path.read_bytes() for path in self._paths)
        return self._is_named[name]
