"""What was held over time, from executions as the desk heard them.

Units   sizes as in `instrument`; times in ns since 1970.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from engine import fix
from engine.backtest.recorder import HeardFill


class Inventory(msgspec.Struct, frozen=True):
    """Time-weighted means and the most that was held on either side."""

    mean: float
    mean_abs: float
    most: int


def path_of(fills: Iterable[HeardFill], begin_ns: int) -> list[tuple[int, int]]:
    """Return (ns, position) of one market at the beginning and after each of its fills."""
    points, net = [(begin_ns, 0)], 0
    for fill in fills:
        net += fill.qty if fill.side == fix.BUY else -fill.qty
        points.append((fill.heard_ns, net))
    return points


def inventory(points: Sequence[tuple[int, int]], end_ns: int) -> Inventory:
    """Return the figures of a path that is held until `end_ns`."""
    whole = max(end_ns - points[0][0], 1)
    spans = [(later - now_ns, net) for (now_ns, net), (later, _) in pairwise([*points, (end_ns, 0)])]
    mean = sum(span * net for span, net in spans) / whole
    mean_abs = sum(span * abs(net) for span, net in spans) / whole
    return Inventory(mean, mean_abs, max(abs(net) for _, net in points))


def held_ns(points: Sequence[tuple[int, int]], begin_ns: int, end_ns: int) -> int:
    """Return for how long between two times something was held."""
    total = 0
    for (now_ns, net), (later_ns, _) in pairwise([*points, (max(end_ns, points[-1][0]), 0)]):
        if net:
            total += max(0, min(later_ns, end_ns) - max(now_ns, begin_ns))
    return total
