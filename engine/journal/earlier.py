"""An order that no snapshot has, brought back from the segments before it: a late bust or doubt may still name one.

Errors  JournalError where those segments are damaged and name the order.
Cost    nothing where every report finds its order; else a search through the bytes of those segments for each name, and
        one replay of them, as the run began with them, where a name is found.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from engine.journal.archive import bytes_of
from engine.journal.segments import is_first, run_of
from engine.journal.starts import start_of
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport

MOST_LINES = 10


class EarlierOrders:
    """The orders that the run `run` knew when it wrote the snapshot behind `paths`.

    It knew those of its own segments, and what it had brought back when it started; not what no snapshot had then. What
    it did not know it told as unknown and counted nowhere, and so it stays. `replay` makes the orders of files, from
    the snapshot at a place on.
    """

    def __init__(self, paths: Sequence[Path], run: int, replay: Callable[[Sequence[Path], int], Orders]) -> None:
        self._paths = paths
        self._replay = replay
        begin = next((place for place, path in enumerate(paths) if run_of(path) == run), len(paths))
        self._stages = [(paths, begin)] if begin < len(paths) else []
        self._stages += [(paths[:begin], start_of(paths[:begin]))] if begin else []
        self._orders: dict[int, Orders] = {}  # by stage
        self._is_named: dict[str, bool] = {}
        self._missed: list[str] = []

    def of_report(self, report: ExecutionReport) -> tuple[Order, list[str]] | None:
        """Return the order that a report means, with its ids, or None."""
        return self._find(report.cl_ord_id, report.orig_cl_ord_id, report.order_id)

    def of_id(self, cl_ord_id: str) -> tuple[Order, list[str]] | None:
        """Return the order that has this id, with all that it has, or None."""
        return self._find(cl_ord_id, "", "")

    def missed(self, paths: Sequence[Path]) -> list[str]:
        """Return a line for each of the first names that no order has, where the oldest of all `paths` are gone."""
        if not self._missed or is_first(paths[0]):
            return []
        return [
            f"{paths[-1]}: a report, or a doubt, names {name!r}, which no order has: the segments before"
            f" {paths[0].name} are gone: compare what is held with the venue"
            for name in self._missed
        ]

    def _find(self, *names: str) -> tuple[Order, list[str]] | None:
        if any([self._has(name) for name in names if name]):
            for stage, (paths, place) in enumerate(self._stages):
                if stage not in self._orders:
                    self._orders[stage] = self._replay(paths, place)
                orders = self._orders[stage]
                if (order := orders.find(*names)) is not None:
                    return order, [cl_ord_id for cl_ord_id, each in orders.ids.items() if each is order]
        name = next(filter(None, names), "")
        if len(self._missed) < MOST_LINES and name not in self._missed:
            self._missed.append(name)
        return None

    def _has(self, name: str) -> bool:
        """Return whether any of the files holds these bytes."""
        if name not in self._is_named:
            wanted = name.encode()
            self._is_named[name] = any(wanted in bytes_of(path) for path in self._paths)
        return self._is_named[name]
