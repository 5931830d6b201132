"""Figures of returns and of money over time, each as its page defines it.

Units   returns are fractions of a day's first equity; money is whatever integer it came in.
Errors  none: what cannot be said is None, never infinity and never nan.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import e, sqrt
from statistics import NormalDist, fmean, stdev
from typing import NamedTuple

PERIODS = 365  # days of a year: these markets trade on each
_EULER = 0.5772156649015329
_NORMAL = NormalDist()


class Drawdown(NamedTuple):
    """The deepest fall of equity; `recovered_ns` is 0 where it has not come back."""

    money: int
    share: float
    peak_ns: int
    trough_ns: int
    recovered_ns: int


def returns(equity: Sequence[float]) -> list[float]:
    """Return the return of each day after the first; a day that began with nothing is 0."""
    return [after / before - 1 if before > 0 else 0.0 for before, after in pairwise(equity)]


def sharpe(daily: Sequence[float], periods: int = PERIODS) -> float | None:
    """Return mean over standard deviation (n - 1), annualised; None without variation."""
    spread = stdev(daily) if len(daily) > 1 else 0.0
    return fmean(daily) / spread * sqrt(periods) if spread else None


def sortino(daily: Sequence[float], periods: int = PERIODS) -> float | None:
    """Return mean over the root of the mean square of losses, annualised; None without a loss."""
    losses = fmean(min(each, 0.0) ** 2 for each in daily) if daily else 0.0
    return fmean(daily) / sqrt(losses) * sqrt(periods) if losses else None


def growth(daily: Sequence[float], periods: int = PERIODS) -> float | None:
    """Return the compound yearly growth; None without days, or where everything was lost."""
    total = 1.0
    for each in daily:
        total *= 1 + each
    return float(total ** (periods / len(daily)) - 1) if daily and total > 0 else None


def fall(daily: Sequence[float]) -> float:
    """Return the largest fall of the compounded returns from a peak, as a fraction of it: 0 or less."""
    worth = peak = 1.0
    deepest = 0.0
    for each in daily:
        worth *= 1 + each
        peak = max(peak, worth)
        deepest = min(deepest, worth / peak - 1)
    return deepest


def calmar(daily: Sequence[float], periods: int = PERIODS) -> float | None:
    """Return yearly growth over the largest fall; None without a fall."""
    yearly, deepest = growth(daily, periods), fall(daily)
    return yearly / -deepest if deepest and yearly is not None else None


def drawdown(points: Sequence[tuple[int, int]]) -> Drawdown | None:
    """Return the deepest fall of (ns, equity) points in money; None where equity never fell."""
    deepest: Drawdown | None = None
    if not points:
        return None
    peak_ns, peak = points[0]
    for now_ns, equity in points:
        if equity >= peak:
            if deepest is not None and deepest.peak_ns == peak_ns and not deepest.recovered_ns:
                deepest = deepest._replace(recovered_ns=now_ns)
            peak_ns, peak = now_ns, equity
        elif deepest is None or peak - equity > deepest.money:
            deepest = Drawdown(peak - equity, (peak - equity) / peak if peak > 0 else 0.0, peak_ns, now_ns, 0)
    return deepest


def deflated_sharpe(
    sharpe_of_day: float, days: int, skew: float, kurtosis: float, trials: int, variance_of_trials: float
) -> tuple[float, float]:
    """Return the best Sharpe that so many trials without skill would show, and how likely ours is more than that."""
    normal = _NORMAL.inv_cdf
    expected = 0.0
    if trials > 1:
        best = (1 - _EULER) * normal(1 - 1 / trials) + _EULER * normal(1 - 1 / (trials * e))
        expected = sqrt(variance_of_trials) * best
    width = sqrt(1 - skew * sharpe_of_day + (kurtosis - 1) / 4 * sharpe_of_day**2)
    return expected, _NORMAL.cdf((sharpe_of_day - expected) * sqrt(days - 1) / width)
