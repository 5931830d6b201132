"""What the market believes of each outcome, from its quotes: for expectations, never for a limit.

Mids of an event seldom add up. Where the list of markets leaves room, the rest is "none of them"; else each price gives
way within its own spread, the wide ones most; prices that cannot be a belief at all are an arbitrage, and said to be.

Units   prices as in `instrument`; beliefs count in half price steps, so that mids are whole: `2 * limit` is certain.
Cost    O(markets log markets).
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from engine.portfolio.outcomes import Outcomes


class Quote(NamedTuple):
    """The best prices of a market: no bid is 0, no ask the limit."""

    bid: int
    ask: int


class Beliefs(NamedTuple):
    """A share of `2 * limit` for each outcome, which add up to it, and how they were come by."""

    shares: tuple[int, ...]
    how: str

    def expected(self, payoffs: Sequence[int]) -> Fraction:
        """Return the mean of what the outcomes pay."""
        return Fraction(sum([share * each for share, each in zip(self.shares, payoffs, strict=True)]), sum(self.shares))

    def variance(self, payoffs: Sequence[int]) -> Fraction:
        """Return the variance of what the outcomes pay."""
        mean = self.expected(payoffs)
        squares = sum([share * each * each for share, each in zip(self.shares, payoffs, strict=True)])
        return Fraction(squares, sum(self.shares)) - mean * mean


def beliefs(outcomes: Outcomes, quotes: Sequence[Quote], limit: int) -> Beliefs | None:
    """Return what the quotes, one for each market, say of the outcomes; None where markets overlap in other ways."""
    whole = 2 * limit
    if outcomes.are_disjoint:
        return _of_disjoint(outcomes, quotes, whole)
    if outcomes.are_nested:
        return _of_nested(outcomes, quotes, whole)
    return None


def _of_disjoint(outcomes: Outcomes, quotes: Sequence[Quote], whole: int) -> Beliefs:
    mids, how = _adding_up(quotes, whole, is_complete=not _uncovered(outcomes))
    shares = [Fraction(0)] * outcomes.count
    for span, mid in zip(outcomes.spans, mids, strict=True):
        for place in range(span.low, span.high):
            shares[place] = mid / (span.high - span.low)
    if free := _uncovered(outcomes):
        rest = (whole - sum(mids, Fraction(0))) / len(free)
        for place in free:
            shares[place] = rest
    return Beliefs(rounded(shares, whole), how)


def _uncovered(outcomes: Outcomes) -> list[int]:
    covered = {place for span in outcomes.spans for place in range(span.low, span.high)}
    return [place for place in range(outcomes.count) if place not in covered]


def _adding_up(quotes: Sequence[Quote], whole: int, *, is_complete: bool) -> tuple[list[Fraction], str]:
    """Return a belief for each market, at most `whole` together."""
    mids = [Fraction(quote.bid + quote.ask) for quote in quotes]
    total, room = sum(mids), sum([quote.ask - quote.bid for quote in quotes])
    if total == whole or (total < whole and not is_complete):
        return mids, "mids"
    if room > 0 and abs(part := Fraction(whole - total, room)) <= 1:
        return [mid + part * (quote.ask - quote.bid) for mid, quote in zip(mids, quotes, strict=True)], "within spreads"
    if not total:
        return [Fraction(whole, len(quotes))] * len(quotes), "no prices: equal shares"
    return [mid * whole / total for mid in mids], "arbitrage: shares of mids"


def _of_nested(outcomes: Outcomes, quotes: Sequence[Quote], whole: int) -> Beliefs:
    """A higher edge is never more likely: the nearest such row to the mids, a wide quote counting less."""
    order = sorted(range(len(quotes)), key=lambda market: outcomes.spans[market].low)
    falling = isotonic(
        [Fraction(-(quotes[market].bid + quotes[market].ask)) for market in order],
        [Fraction(1, max(1, quotes[market].ask - quotes[market].bid)) for market in order],
    )
    above = [Fraction(whole)] * outcomes.count  # the belief in each outcome or a higher one
    for market, value in zip(order, falling, strict=True):
        for place in range(outcomes.spans[market].low, outcomes.count):
            above[place] = min(above[place], -value)
    shares = [here - there for here, there in zip(above, [*above[1:], Fraction(0)], strict=True)]
    return Beliefs(rounded(shares, whole), "rising thresholds")


def isotonic(values: Sequence[Fraction], weights: Sequence[Fraction]) -> list[Fraction]:
    """Return the nearest row that never falls, by least squares: neighbours that fall are pooled."""
    pools: list[tuple[Fraction, Fraction, int]] = []  # mean, weight, how many
    for value, weight in zip(values, weights, strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (mean, much, many), (before, more, count) = pools.pop(), pools.pop()
            pools.append(((mean * much + before * more) / (much + more), much + more, many + count))
    return [mean for mean, _, count in pools for _ in range(count)]


def rounded(shares: Sequence[Fraction], whole: int) -> tuple[int, ...]:
    """Return whole numbers that add up to `whole`: the largest remainders are rounded up."""
    down = [int(share) for share in shares]
    rest = whole - sum(down)
    by_remainder = sorted(range(len(shares)), key=lambda place: (down[place] - shares[place], place))
    for place in by_remainder[:rest]:
        down[place] += 1
    return tuple(down)
