"""The row of one set over one span: what was tried, and what it came to. The same run gives the same row.

Units   money as integers at `money_decimals`, times in ns since 1970, ratios as fractions; null is not known.
"""

from math import sqrt
from statistics import fmean, pstdev, stdev
from typing import Any

import msgspec

from engine.backtest.results import statistics
from engine.backtest.results.result import Result
from engine.backtest.sweeps.axes import SetOfValues
from engine.backtest.sweeps.folds import Span


class SweepRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row; `values` is the set as JSON, `daily` the return of each day, `sharpe` of days and not annualised."""

    number: int
    configuration: str
    values: str
    span: str
    role: str
    fold: int
    from_ns: int
    to_ns: int
    money_decimals: int
    pnl: int
    settled: int
    marked: int
    fees: int
    notional: int
    orders: int
    requests: int
    refused: int
    fills: int
    open_at_end: int
    fill_ratio: float | None
    maker_share: float | None
    drawdown: int
    trips: int
    win_rate: float | None
    expectancy: float | None
    profit_factor: float | None
    sharpe: float | None
    calmar: float | None
    markout_1s: float | None
    halted: str
    daily: list[float]


class Moments(msgspec.Struct, frozen=True):
    """Of returns: how many, their Sharpe ratio, skewness and kurtosis (3 is normal); None without variation."""

    count: int
    sharpe: float | None
    skew: float
    kurtosis: float


def moments(daily: list[float]) -> Moments:
    """Return the moments of returns, skewness and kurtosis of the sample as it is."""
    spread = stdev(daily) if len(daily) > 1 else 0.0
    if not spread:
        return Moments(len(daily), None, 0.0, 3.0)
    mean, width = fmean(daily), pstdev(daily)
    third = fmean((each - mean) ** 3 for each in daily) / width**3
    fourth = fmean((each - mean) ** 4 for each in daily) / width**4
    return Moments(len(daily), mean / spread, third, fourth)


def row_of(number: int, configuration: str, values: SetOfValues, span: Span, result: Result, capital: int) -> SweepRow:
    """Return the row of a run."""
    told = result.summary
    daily = statistics.returns([capital, *(worth for _, worth in result.days)])
    factor = told["trips"]["profit_factor"]
    same: dict[str, Any] = {name: told[name] for name in _SAME}
    return SweepRow(
        number=number,
        configuration=configuration,
        values=msgspec.json.encode(values).decode(),
        span=span.name,
        role=span.role,
        fold=span.fold,
        **same,
        drawdown=told["drawdown"]["money"] if told["drawdown"] else 0,
        trips=told["trips"]["count"],
        win_rate=told["trips"]["win_rate"],
        expectancy=told["trips"]["expectancy"],
        profit_factor=factor if isinstance(factor, float) else None,
        sharpe=moments(daily).sharpe,
        markout_1s=told["markouts"]["1s"]["mean_price"],
        daily=daily,
    )


def annual(sharpe: float | None) -> float | None:
    """Return a Sharpe ratio of days as one of a year."""
    return None if sharpe is None else sharpe * sqrt(statistics.PERIODS)


_SAME = (
    *("from_ns", "to_ns", "money_decimals", "pnl", "settled", "marked", "fees", "notional", "orders", "requests"),
    *("refused", "fills", "open_at_end", "fill_ratio", "maker_share", "calmar", "halted"),
)
