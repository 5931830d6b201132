"""How much of a sweep's best result to believe: it is the best of many, and what it was chosen on is not evidence.

Units   Sharpe ratios of days, not annualised, unless a name says so; money as integers of the rows.
Source  Bailey and Lopez de Prado 2014, The Deflated Sharpe Ratio.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import StatisticsError, correlation, stdev

import msgspec

from engine.backtest.results.result import FEWEST_DAYS
from engine.backtest.results.statistics import deflated_sharpe
from engine.backtest.sweeps.folds import TEST, TRAIN
from engine.backtest.sweeps.ledger import Tried
from engine.backtest.sweeps.rows import SweepRow, annual, moments
from engine.backtest.sweeps.sweep import score


class OverfitGuard(msgspec.Struct, frozen=True, kw_only=True):
    """The best set's Sharpe ratio beside what the best of so many sets without skill would show.

    `deflated` is how likely the ratio is more than that; null with a `note` that says why it is not said.
    """

    trials: int
    days: int
    sharpe: float | None
    sharpe_of_year: float | None
    expected_best: float | None
    deflated: float | None
    note: str


class FoldChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What a fold chose and how it did after: `rank` of so many sets in the test, 1 the best."""

    fold: int
    number: int
    values: str
    train_score: float
    test_score: float | None
    train_pnl: int
    test_pnl: int
    rank: int
    of: int
    rank_correlation: float | None


class WalkForward(msgspec.Struct, frozen=True, kw_only=True):
    """The folds together: the profit of the chosen where they were chosen, and after."""

    folds: list[FoldChoice]
    in_sample: int
    out_of_sample: int
    daily: list[float]


def guard(daily: list[float], tried: Tried) -> OverfitGuard:
    """Return the guard of returns that were the best of what was tried."""
    found = moments(daily)
    expected = deflated = None
    note = ""
    if found.sharpe is None or found.count < FEWEST_DAYS:
        note = f"{found.count} days: not said of fewer than {FEWEST_DAYS}"
    elif tried.count > 1 and len(tried.sharpes) < 2:
        note = f"{tried.count} trials, and the Sharpe ratio of {len(tried.sharpes)} is known: how they vary is not"
    else:
        variance = stdev(tried.sharpes) ** 2 if tried.count > 1 else 0.0
        expected, deflated = deflated_sharpe(
            found.sharpe, found.count, found.skew, found.kurtosis, tried.count, variance
        )
    return OverfitGuard(
        trials=tried.count,
        days=found.count,
        sharpe=found.sharpe,
        sharpe_of_year=annual(found.sharpe) if found.count >= FEWEST_DAYS else None,
        expected_best=expected,
        deflated=deflated,
        note=note,
    )


def walk_forward(rows: Sequence[SweepRow], objective: str) -> WalkForward | None:
    """Return what each fold chose, by the objective and then the lower number; None without folds."""
    folds = sorted({row.fold for row in rows if row.role == TRAIN})
    choices = [choice for fold in folds if (choice := _choice(fold, rows, objective)) is not None]
    if not choices:
        return None
    tests = {(row.fold, row.number): row for row in rows if row.role == TEST}
    return WalkForward(
        folds=choices,
        in_sample=sum(each.train_pnl for each in choices),
        out_of_sample=sum(each.test_pnl for each in choices),
        daily=[value for each in choices for value in tests[each.fold, each.number].daily],
    )


def best_of(scores: dict[int, float | None], count: int) -> list[tuple[int, float]]:
    """Return the numbers and scores of the best sets, ties by number."""
    known = [(number, value) for number, value in scores.items() if value is not None]
    return sorted(known, key=lambda each: (-each[1], each[0]))[:count]


def _choice(fold: int, rows: Sequence[SweepRow], objective: str) -> FoldChoice | None:
    trained = {row.number: row for row in rows if (row.role, row.fold) == (TRAIN, fold)}
    tested = {row.number: row for row in rows if (row.role, row.fold) == (TEST, fold)}
    train = {number: score([row], objective) for number, row in trained.items()}
    test = {number: score([row], objective) for number, row in tested.items()}
    best = best_of(train, 1)
    if not best:
        return None
    (number, train_score) = best[0]
    mine = test[number]
    better = sum(value is not None and (mine is None or value > mine) for value in test.values())
    return FoldChoice(
        fold=fold,
        number=number,
        values=trained[number].values,
        train_score=train_score,
        test_score=mine,
        train_pnl=trained[number].pnl,
        test_pnl=tested[number].pnl,
        rank=better + 1,
        of=len(test),
        rank_correlation=_rank_correlation(train, test),
    )


def _rank_correlation(one: dict[int, float | None], other: dict[int, float | None]) -> float | None:
    pairs = [(a, b) for number, a in one.items() if a is not None and (b := other[number]) is not None]
    try:
        return correlation(_ranks([a for a, _ in pairs]), _ranks([b for _, b in pairs]))
    except StatisticsError:  # nothing varies, or too few to say
        return None


def _ranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each value, equal ones sharing theirs."""
    ordered = sorted(values)
    return [(bisect_left(ordered, value) + bisect_right(ordered, value)) / 2 for value in values]
