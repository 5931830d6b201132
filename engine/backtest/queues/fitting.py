"""The queue model `biased:N:A` that fits reported positions best, by least squares.

Of each pair of reports of one order, what the model leaves of the earlier position after all that happened between is
held against the later one. Every N that the model takes is tried, with A from -5 to 5. Each market-day is left out
once and judged by the fit of the others: that is what the fit is worth.

Units   squared errors in lots; means in contracts.
Errors  none: with fewer than `FEWEST` pairs there is no fit, and `risk-averse` stays.
Cost    about 1 us for each change between two reports, model and pair.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import TypeAlias

import msgspec

from engine.backtest.core.settings import QueueModel
from engine.backtest.queues.following import Increment
from engine.backtest.queues.standing import after

FEWEST = 200  # pairs of reports with a cancel between them
CAREFUL = "risk-averse"
_EXPONENTS = ("0", "0.5", "1", "2", "3")
_STEPS = 4  # of A to 1
_MOST = 5
_LOTS = 100  # in a contract
_DAY_NS = 86_400 * 10**9
_Fold: TypeAlias = tuple[str, int]  # market and day


class QueueFit(msgspec.Struct, frozen=True):
    """What `increments` of `market_days` gave: the model to take, and by how much it is off, root mean square.

    `within` is of what it was fitted to, `beyond` of market-days that were left out; `careful` is that of risk-averse.
    They are None without a fit. `model` is risk-averse too where the fit is not better beyond what it was fitted to.
    """

    model: str
    increments: int
    market_days: int
    why: str
    fitted: str | None = None
    within: float | None = None
    beyond: float | None = None
    careful: float | None = None


def fit_queue(increments: Sequence[Increment]) -> QueueFit:
    """Return the model to take."""
    folds = Counter(_fold(each) for each in increments)
    count, days = len(increments), len(folds)
    if count < FEWEST:
        return QueueFit(
            CAREFUL, count, days, f"{count} pairs of reports with a cancel between them; a fit wants {FEWEST}"
        )
    squares = {name: _squares(QueueModel.parse(name), increments) for name in _candidates()}
    careful = _root(sum(_squares(QueueModel.parse(CAREFUL), increments).values()), count)
    best, total = _best(squares, folds)
    within = _root(total, count)
    if days < 2:
        why = "all pairs are of one market-day: nothing says what the fit is worth on another"
        return QueueFit(CAREFUL, count, days, why, best, within, None, careful)
    beyond = _root(sum(_left_out(squares, folds, fold) for fold in folds), count)
    is_better = beyond < careful
    why = "better than risk-averse on market-days that were left out" if is_better else "no better than risk-averse"
    return QueueFit(best if is_better else CAREFUL, count, days, why, best, within, beyond, careful)


def _candidates() -> Iterable[str]:
    for exponent in _EXPONENTS:
        for quarter in range(-_MOST * _STEPS, _MOST * _STEPS + 1):
            yield f"biased:{exponent}:{quarter / _STEPS:g}"


def _squares(model: QueueModel, increments: Iterable[Increment]) -> dict[_Fold, int]:
    """Return the squared errors of a model by market-day."""
    found: Counter[_Fold] = Counter()
    for each in increments:
        ahead = each.ahead
        for step in each.steps:
            ahead = after(model, ahead, step)
        found[_fold(each)] += (ahead - each.left) ** 2
    return found


def _best(squares: Mapping[str, Mapping[_Fold, int]], folds: Iterable[_Fold]) -> tuple[str, int]:
    """Return the candidate with the least squares on these market-days, and their sum; of equals the first."""
    folds = list(folds)
    sums = {name: sum(each[fold] for fold in folds) for name, each in squares.items()}
    best = min(sums, key=sums.__getitem__)
    return best, sums[best]


def _left_out(squares: Mapping[str, Mapping[_Fold, int]], folds: Iterable[_Fold], fold: _Fold) -> int:
    """Return the squared errors on one market-day of what fits all others."""
    best, _ = _best(squares, [each for each in folds if each != fold])
    return squares[best][fold]


def _fold(increment: Increment) -> _Fold:
    return increment.reported.symbol, increment.reported.asked_ns // _DAY_NS


def _root(squares: int, count: int) -> float:
    return sqrt(squares / count) / _LOTS
