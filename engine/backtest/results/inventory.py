"""What was held over time and what was at stake with it, from executions as the desk heard them.

Units   sizes and money as in `instrument`; times in ns since 1970.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from engine import fix
from engine.backtest.recorder import HeardFill
from engine.instrument import Instrument
from engine.portfolio import Portfolio


class Inventory(msgspec.Struct, frozen=True):
    """Time-weighted means and the most that was held on either side."""

    mean: float
    mean_abs: float
    most: int


class StakeFrom(NamedTuple):
    """What the position of one market can lose from `now_ns` on, by what it cost."""

    now_ns: int
    money: int


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


def stakes_of(fills: Iterable[HeardFill], account: Portfolio, market: Instrument) -> list[StakeFrom]:
    """Book the fills of one market in `account`; return what its position could lose after each of them.

    A long one can lose what it cost, a short one what the limit is above what it brought.
    """
    found = []
    for fill in fills:
        account.fill(market, fill.side, fill.qty, fill.price, fill.fee)
        held = account[market]
        found.append(StakeFrom(fill.heard_ns, held.cost if held.net >= 0 else held.cost - market.limit * held.net))
    return found


def collateral_ns(stakes: Sequence[StakeFrom], begin_ns: int, end_ns: int) -> int:
    """Return what was at stake times for how long, from `begin_ns` to `end_ns`."""
    pairs = pairwise([*stakes, StakeFrom(end_ns, 0)])
    spans = ((each.money, max(each.now_ns, begin_ns), after.now_ns) for each, after in pairs)
    return sum(money * max(0, until - since) for money, since, until in spans)


def held_ns(points: Sequence[tuple[int, int]], begin_ns: int, end_ns: int) -> int:
    """Return for how long between two times something was held."""
    total = 0
    for (now_ns, net), (later_ns, _) in pairwise([*points, (max(end_ns, points[-1][0]), 0)]):
        if net:
            total += max(0, min(later_ns, end_ns) - max(now_ns, begin_ns))
    return total
