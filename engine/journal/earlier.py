"""An order that no snapshot has, brought back from the segments before it: a late bust or doubt may still name one.

Errors  JournalError where those segments are damaged and name the order.
Cost    nothing where every report finds its order; else as of `RunOrders`, and for the runs before one replay of what
        the start of this one read, whatever was before that.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from engine.journal.archive import bytes_of
from engine.journal.index.run_orders import RunOrders
from engine.journal.segments import is_first, run_of
from engine.journal.starts import start_of
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport

MOST_LINES = 10
Found = tuple[Order, list[str]]


class EarlierOrders:
    """The orders that the run `run` knew when it wrote the snapshot behind `paths`.

    It knew those of its own segments, `own`, and what it had brought back when it started; not what no snapshot had
    then. What it did not know it told as unknown and counted nowhere, and so it stays. `replay` makes the orders of
    files, from the snapshot at a place on.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        run: int,
        replay: Callable[[Sequence[Path], int], Orders],
        own: Callable[[Sequence[Path], int], RunOrders],
    ) -> None:
        begin = next((place for place, path in enumerate(paths) if run_of(path) == run), len(paths))
        self._own = own(paths, begin) if begin < len(paths) else None
        self._before = _BeforeRun(paths[:begin], replay)
        self._missed: list[str] = []

    def of_report(self, report: ExecutionReport) -> Found | None:
        """Return the order that a report means, with its ids, or None."""
        return self._find(report.cl_ord_id, report.orig_cl_ord_id, report.order_id)

    def of_id(self, cl_ord_id: str) -> Found | None:
        """Return the order that has this id, with all that it has, or None."""
        return self._find(cl_ord_id, "", "")

    def missed(self, paths: Sequence[Path]) -> list[str]:
        """Return a line for each of the first names that no order has, where the oldest of all `paths` are gone.

        Files of keys that are damaged have a line as well.
        """
        told = self._own.told if self._own is not None else []
        if not self._missed or is_first(paths[0]):
            return told
        return told + [
            f"{paths[-1]}: a report, or a doubt, names {name!r}, which no order has: the segments before"
            f" {paths[0].name} are gone: compare what is held with the venue"
            for name in self._missed
        ]

    def _find(self, *names: str) -> Found | None:
        found = (self._own and self._own.find(*names)) or self._before.find(*names)
        name = next(filter(None, names), "")
        if found is None and len(self._missed) < MOST_LINES and name not in self._missed:
            self._missed.append(name)
        return found


class _BeforeRun:
    """The orders that a start brought back, `paths` being all that was there then."""

    def __init__(self, paths: Sequence[Path], replay: Callable[[Sequence[Path], int], Orders]) -> None:
        self._paths = paths
        self._replay = replay
        self._place = -1  # where that start read from
        self._orders: Orders | None = None
        self._data: list[bytes] = []

    def find(self, *names: str) -> Found | None:
        """Return the order of these names, with its ids; None if there is none."""
        if not self._paths or not any([self._has(name) for name in names if name]):
            return None
        if self._orders is None:
            self._orders = self._replay(self._paths, self._place)
        orders = self._orders
        if (order := orders.find(*names)) is None:
            return None
        return order, [cl_ord_id for cl_ord_id, each in orders.ids.items() if each is order]

    def _has(self, name: str) -> bool:
        """Return whether what that start read holds these bytes."""
        if self._place < 0:
            self._place = start_of(self._paths)
            self._data = [bytes_of(path) for path in self._paths[self._place :]]
        return any(name.encode() in data for data in self._data)
