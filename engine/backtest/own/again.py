"""The fills of a run that was live, and those of the same strategy run again on its recording, one by one.

Fills belong together that are of the same market, side, price and quantity, in their order, not further apart than the
clocks allow. What is left over has a cause, as far as both runs can tell.

Units   prices and sizes as in `instrument`; times in ns since 1970.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

ELSEWHERE = "own timing: no order stood there"
QUEUE = "queue: an order stood there, others were served first"
SPLIT = "size: the same price at the same time, in other parts"
CAUSES = (ELSEWHERE, QUEUE, SPLIT)


class OwnFill(NamedTuple):
    """One execution of ours, when the venue made it."""

    at_ns: int
    symbol: str
    side: int
    price: int
    qty: int


class Stood(NamedTuple):
    """An own order stood at a price from one time to another."""

    symbol: str
    side: int
    price: int
    from_ns: int
    to_ns: int


class FillsAgain(msgspec.Struct, frozen=True):
    """What was found: `equal` of `live` fills; causes of the fills that only one of both has."""

    live: int
    again: int
    equal: int
    only_live: dict[str, int]
    only_again: dict[str, int]

    @property
    def union(self) -> int:
        """Return how many fills there are, those that are in both once."""
        return self.live + self.again - self.equal

    @property
    def share(self) -> float:
        """Return which share of all fills of both runs is in both."""
        return self.equal / self.union if self.union else 1.0


def fill_for_fill(
    live: Sequence[OwnFill],
    again: Sequence[OwnFill],
    within_ns: int,
    live_stood: Iterable[Stood] = (),
    again_stood: Iterable[Stood] = (),
) -> FillsAgain:
    """Return which fills both have, and why the others differ."""
    only_live, only_again = _unpaired(live, again, within_ns)
    return FillsAgain(
        len(live),
        len(again),
        len(live) - len(only_live),
        _causes(only_live, only_again, list(again_stood), within_ns),
        _causes(only_again, only_live, list(live_stood), within_ns),
    )


def _unpaired(live: Sequence[OwnFill], again: Sequence[OwnFill], within_ns: int) -> tuple[list[OwnFill], list[OwnFill]]:
    waiting: defaultdict[tuple[str, int, int, int], list[OwnFill]] = defaultdict(list)
    for each in sorted(again):
        waiting[each[1:]].append(each)
    only_live = []
    for each in sorted(live):
        found = next((other for other in waiting[each[1:]] if abs(other.at_ns - each.at_ns) <= within_ns), None)
        if found is None:
            only_live.append(each)
        else:
            waiting[each[1:]].remove(found)
    return only_live, sorted(each for rest in waiting.values() for each in rest)


def _causes(
    fills: Iterable[OwnFill], others: Sequence[OwnFill], stood: Sequence[Stood], within_ns: int
) -> dict[str, int]:
    found: Counter[str] = Counter()
    for each in fills:
        if any(other[1:4] == each[1:4] and abs(other.at_ns - each.at_ns) <= within_ns for other in others):
            found[SPLIT] += 1
        elif any(_covers(order, each, within_ns) for order in stood):
            found[QUEUE] += 1
        else:
            found[ELSEWHERE] += 1
    return dict(found)


def _covers(order: Stood, fill: OwnFill, within_ns: int) -> bool:
    is_there = (order.symbol, order.side, order.price) == (fill.symbol, fill.side, fill.price)
    return is_there and order.from_ns - within_ns <= fill.at_ns <= order.to_ns + within_ns
