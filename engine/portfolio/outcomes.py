"""What an event pays, whichever way it ends: exact sums over its outcomes.

An event is a row of outcomes, and each of its markets pays in some that stand side by side. What is held and what open
orders may still do gives the worst that can happen, exactly: in an outcome each order adds what it loses there by
itself, so the worst fills are those that lose.

Units   prices and money as in `instrument`; `limit` is what a contract that wins is paid; cash is after fees.
Errors  ValueError for strikes that make no cell, and for a market outside of the outcomes.
Cost    O(markets + outcomes) each.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate, pairwise
from typing import NamedTuple, Self

from engine import fix


class PaidSpan(NamedTuple):
    """The outcomes in which a market pays: from `low` to the one before `high`."""

    low: int
    high: int


class StrikeRange(NamedTuple):
    """What a market on one number pays for: from `floor` to `cap`, None where it is open; at the edge itself or not."""

    floor: int | None = None
    cap: int | None = None
    with_floor: bool = True
    with_cap: bool = False


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of an event and where each of its markets pays."""

    count: int
    spans: tuple[PaidSpan, ...]

    @classmethod
    def exclusive(cls, markets: int, *, is_complete: bool = False) -> Self:
        """Of these markets one pays at most; outcome 0 is none of them, unless the list is complete."""
        first = 0 if is_complete else 1
        return cls(first + markets, tuple([PaidSpan(first + each, first + each + 1) for each in range(markets)]))

    @classmethod
    def on_one_number(cls, strikes: Sequence[StrikeRange]) -> Self:
        """Cut the line at every edge of a strike; the pieces are the outcomes, from below."""
        edges = [_edges(strike) for strike in strikes]
        cuts = sorted({edge for pair in edges for edge in pair if edge is not None})
        place = {cut: number + 1 for number, cut in enumerate(cuts)}
        count = len(cuts) + 1
        spans = [
            PaidSpan(0 if low is None else place[low], count if high is None else place[high]) for low, high in edges
        ]
        for strike, span in zip(strikes, spans, strict=True):
            if span.low >= span.high:
                raise ValueError(f"{strike} pays for no number")
        return cls(count, tuple(spans))

    def sums(self, values: Iterable[int]) -> list[int]:
        """Return for each outcome the sum of the values of the markets that pay in it."""
        steps = [0] * (self.count + 1)
        for span, value in zip(self.spans, values, strict=True):
            steps[span.low] += value
            steps[span.high] -= value
        return list(accumulate(steps))[:-1]

    @property
    def are_disjoint(self) -> bool:
        """Whether at most one market pays in each."""
        spans = sorted(self.spans)
        return all(before.high <= after.low for before, after in pairwise(spans))

    @property
    def are_nested(self) -> bool:
        """Whether every market pays for all outcomes above its edge."""
        return all(span.high == self.count for span in self.spans)


Edge = tuple[int, bool]  # a number, and whether it lies below the cut


def _edges(strike: StrikeRange) -> tuple[Edge | None, Edge | None]:
    low = None if strike.floor is None else (strike.floor, not strike.with_floor)
    high = None if strike.cap is None else (strike.cap, strike.with_cap)
    return low, high


class Stake(NamedTuple):
    """What a market adds: the position, the cash of its fills, and what its open orders can lose if it pays or not."""

    net: int = 0
    cash: int = 0
    loss_if_no: int = 0
    loss_if_yes: int = 0

    def with_order(self, no: int, yes: int) -> "Stake":
        """Return it with one more open order that can lose so much."""
        return self._replace(loss_if_no=self.loss_if_no + no, loss_if_yes=self.loss_if_yes + yes)


def order_losses(side: int, price: int, qty: int, fee: int, limit: int) -> tuple[int, int]:
    """Return what an order can lose if its market pays nothing, and if it pays `limit`; `fee` is its worst."""
    paid, rest = qty * price, qty * (limit - price)
    if side == fix.BUY:
        return paid + fee, max(0, fee - rest)
    return max(0, fee - paid), rest + fee


class Payoff(NamedTuple):
    """What an event pays in each outcome.

    `filled` counts what is held, `with_orders` the worst that open orders can make of it. `worst_void` is the worst
    where the venue may give each market a value of its own.
    """

    filled: tuple[int, ...]
    with_orders: tuple[int, ...]
    worst_void: int

    @property
    def worst(self) -> int:
        """The least that can be left, whatever fills and whatever happens."""
        return min(self.with_orders)

    @property
    def best(self) -> int:
        """The most that what is held can bring."""
        return max(self.filled)

    @property
    def locked(self) -> str:
        """In words: a profit or a loss that no outcome changes, else nothing."""
        if self.worst > 0:
            return "profit whatever happens"
        return "loss whatever happens" if self.best < 0 else ""


def payoff(outcomes: Outcomes, stakes: Sequence[Stake], limit: int) -> Payoff:
    """Return what these stakes, one for each market, pay in each outcome."""
    certain = sum([stake.cash for stake in stakes])
    base = certain - sum([stake.loss_if_no for stake in stakes])
    swings = [limit * stake.net + stake.loss_if_no - stake.loss_if_yes for stake in stakes]
    held = outcomes.sums([limit * stake.net for stake in stakes])
    return Payoff(
        tuple([certain + each for each in held]),
        tuple([base + each for each in outcomes.sums(swings)]),
        base + sum([min(0, swing) for swing in swings]),
    )


def worst_after(outcomes: Outcomes, stakes: Sequence[Stake], limit: int, market: int, losses: tuple[int, int]) -> int:
    """Return the worst with one more order in `market` that can lose `losses`."""
    changed = list(stakes)
    changed[market] = stakes[market].with_order(*losses)
    return payoff(outcomes, changed, limit).worst


class NettingRule(Enum):
    """What a venue gives back of the collateral of one event; the names are Kalshi's."""

    NONE = "none"
    MECNET = "MECNET"
    DIRECNET = "DIRECNET"


def collateral(outcomes: Outcomes, nets: Sequence[int], limit: int, netting: NettingRule) -> int:
    """Return what the venue holds against what is sold of an event."""
    short = [max(0, -net) for net in nets]
    if netting is NettingRule.MECNET:
        return limit * max(short, default=0)
    if netting is NettingRule.DIRECNET:
        return max(0, -limit * min(outcomes.sums(nets)))
    return limit * sum(short)
