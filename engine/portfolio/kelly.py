"""How much of each exclusive outcome to hold for the fastest growth, by beliefs and prices: a helper for strategies.

Of outcomes of which one comes true, what grows wealth fastest (the logarithm) has one price of its own: an outcome
whose ask is below it is bought, one whose bid is above it is sold, the others are left alone.

Units   beliefs, costs and wealth as fractions; sizes in contracts that pay 1, per unit of wealth.
Errors  ValueError for beliefs that do not add up to 1, for crossed prices, and for an arbitrage, whose size is depth.
Cost    O(n log n) without holdings; with them two bisections, some 0.1 ms for ten outcomes.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

_STEPS = 200  # halvings: beyond what a float can tell apart


class Odds(NamedTuple):
    """An outcome: how likely it is believed to be, what a contract costs and what selling one brings, fees counted.

    Where nothing trades it costs infinity and brings 0.
    """

    belief: float
    cost: float = math.inf
    proceeds: float = 0.0


def growth_sizes(odds: Sequence[Odds]) -> list[float]:
    """Return the contracts to buy (above 0) or sell of each outcome, per unit of wealth, holding none."""
    _checked(odds)
    scale = _scale(odds)
    return [_traded(each, 1.0, scale) for each in odds]


def growth_sizes_with(odds: Sequence[Odds], wealth: Sequence[float]) -> list[float]:
    """Return the same where `wealth` is what one has in each outcome by now; its unit is that of the result."""
    _checked(odds)
    low, high = _cash_bounds(odds, wealth)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _unpaid(odds, wealth, middle) < 0:
            low = middle
        else:
            high = middle
    return _trades_at(odds, wealth, (low + high) / 2)


def _checked(odds: Sequence[Odds]) -> None:
    if abs(sum(each.belief for each in odds) - 1) > 1e-9 or min(each.belief for each in odds) < 0:
        raise ValueError("the beliefs must be from 0 to 1 and add up to 1")
    if any(each.proceeds > each.cost for each in odds):
        raise ValueError("an outcome's proceeds are above its cost: the prices are crossed")
    if sum(each.proceeds for each in odds) >= 1 or sum(each.cost for each in odds) <= 1:
        raise ValueError("the prices are an arbitrage: its size is the depth of the books")


def _cash_bounds(odds: Sequence[Odds], wealth: Sequence[float]) -> tuple[float, float]:
    """Return the least and most cash that trades may take in: what cannot be bought keeps some wealth of its own."""
    unlisted = [have for each, have in zip(odds, wealth, strict=True) if each.cost == math.inf]
    sold = sum(each.proceeds * have for each, have in zip(odds, wealth, strict=True))
    return -min([max(wealth), *unlisted]), sold / (1 - sum(each.proceeds for each in odds))


def _clipped(each: Odds, price: float) -> float:
    return min(max(price, each.proceeds), each.cost)


def _scale(odds: Sequence[Odds]) -> float:
    """Find c where the sum of belief / c, each within its prices, is 1: it falls as c rises."""
    edges = sorted(
        {each.belief / price for each in odds for price in (each.cost, each.proceeds) if 0 < price < math.inf}
    )
    for edge in edges:
        if sum(_clipped(each, each.belief / edge) for each in odds) <= 1:
            upper = edge
            break
    else:
        upper = 2 * edges[-1] if edges else 1.0
    just_below = upper * (1 - 1e-12)
    free, fixed = 0.0, 0.0
    for each in odds:
        price = each.belief / just_below
        if each.proceeds < price < each.cost:
            free += each.belief
        else:
            fixed += _clipped(each, price)
    return free / (1 - fixed) if free > 0 and fixed < 1 else upper


def _traded(each: Odds, scale: float, have: float) -> float:
    """Return the trade after which a state with `have` is worth as much as its price says."""
    price = _price(each, scale, have)
    if each.proceeds < price < each.cost or not price:
        return 0.0
    return each.belief / (scale * price) - have


def _price(each: Odds, scale: float, have: float) -> float:
    return _clipped(each, each.belief / (scale * have)) if have > 0 else each.cost


def _trades_at(odds: Sequence[Odds], wealth: Sequence[float], cash: float) -> list[float]:
    """Return the trades after which the prices of all outcomes add up to 1, with so much cash taken in."""
    left = [each + cash for each in wealth]
    low, high = 1e-12, 1e12
    for _ in range(_STEPS):
        middle = math.sqrt(low * high)
        if sum(_price(each, middle, have) for each, have in zip(odds, left, strict=True)) > 1:
            low = middle
        else:
            high = middle
    return [_traded(each, low, have) for each, have in zip(odds, left, strict=True)]


def _unpaid(odds: Sequence[Odds], wealth: Sequence[float], cash: float) -> float:
    """Return the cash taken in beyond what the trades that it leads to bring."""
    trades = _trades_at(odds, wealth, cash)
    return cash + sum(
        size * (each.cost if size > 0 else each.proceeds) for each, size in zip(odds, trades, strict=True) if size
    )


class Sized(NamedTuple):
    """How many contracts to trade, signed, and which bound decided it: `target` where none did."""

    qty: int
    bound: str


def capped(target: float, held: int, edge: float, half_tick: float, caps: dict[str, int]) -> Sized:
    """Return whole contracts towards a target, at most each cap; nothing where the edge is below half a tick."""
    if edge < half_tick:
        return Sized(0, "edge")
    wanted = math.trunc(target) - held
    bound = min(caps, key=caps.__getitem__, default="target")
    if not caps or abs(wanted) <= caps[bound]:
        return Sized(wanted, "target")
    return Sized(int(math.copysign(max(0, caps[bound]), wanted)), bound)
