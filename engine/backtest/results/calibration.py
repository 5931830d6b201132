"""How well the middle foretold what markets paid, one forecast for each market and horizon, never for each tick.

Units   probabilities 0 to 1; an outcome is 0 or 1.
Source  Brier 1950; Murphy 1973, with the two terms for forecasts that differ within a bin.
"""

from collections.abc import Mapping, Sequence
from math import log, sqrt
from statistics import fmean, pvariance
from typing import NamedTuple

from engine.backtest.results.mids import NO_MID, MidsOfMarket

HORIZONS_NS = {"60min": 3_600_000_000_000, "10min": 600_000_000_000, "1min": 60_000_000_000}
BINS = 10
CLIP = 1e-4
_Z95 = 1.959963984540054


class Forecast(NamedTuple):
    """What was foretold, and what came."""

    said: float
    came: int


class Bin(NamedTuple):
    """Forecasts that stand together: how many, their mean, how many came true, and the 95 % interval by Wilson."""

    forecasts: int
    said: float
    came: float
    low: float
    high: float


class Murphy(NamedTuple):
    """The parts of a Brier score: reliability - resolution + uncertainty + within variance - within covariance."""

    reliability: float
    resolution: float
    uncertainty: float
    variance: float
    covariance: float

    @property
    def total(self) -> float:
        """Return the Brier score."""
        return self.reliability - self.resolution + self.uncertainty + self.variance - self.covariance


def forecasts(
    mids: Mapping[str, MidsOfMarket], values: Mapping[str, int], limits: Mapping[str, int], closes_ns: Mapping[str, int]
) -> dict[str, list[Forecast]]:
    """Return the middles at each horizon before the close of the markets that paid all or nothing."""
    found: dict[str, list[Forecast]] = {name: [] for name in HORIZONS_NS}
    for symbol, value in values.items():
        limit = limits[symbol]
        if value not in (0, limit):
            continue
        for name, before_ns in HORIZONS_NS.items():
            mid = mids[symbol].at(closes_ns[symbol] - before_ns)
            if mid != NO_MID:
                found[name].append(Forecast(mid / (2 * limit), int(value == limit)))
    return found


def brier(rows: Sequence[Forecast]) -> float | None:
    """Return the mean squared error; None without a forecast."""
    return fmean((row.said - row.came) ** 2 for row in rows) if rows else None


def log_loss(rows: Sequence[Forecast]) -> float | None:
    """Return the mean negative log likelihood, forecasts held `CLIP` away from 0 and 1."""
    if not rows:
        return None
    held = ((min(max(row.said, CLIP), 1 - CLIP), row.came) for row in rows)
    return -fmean(log(said) if came else log(1 - said) for said, came in held)


def grouped(rows: Sequence[Forecast], bins: int = BINS) -> list[list[Forecast]]:
    """Return the forecasts in order, in at most `bins` groups of as equal a count as can be."""
    ordered = sorted(rows)
    bins = min(bins, len(ordered))
    return [ordered[len(ordered) * k // bins : len(ordered) * (k + 1) // bins] for k in range(bins)]


def binned(rows: Sequence[Forecast], bins: int = BINS) -> list[Bin]:
    """Return each group's mean forecast and frequency."""
    return [_bin(group) for group in grouped(rows, bins)]


def murphy(rows: Sequence[Forecast], bins: int = BINS) -> Murphy | None:
    """Return the parts of the Brier score; None without a forecast."""
    if not rows:
        return None
    total, base = len(rows), fmean(row.came for row in rows)
    reliability = resolution = variance = covariance = 0.0
    for group in grouped(rows, bins):
        said, came = fmean(row.said for row in group), fmean(row.came for row in group)
        reliability += len(group) * (said - came) ** 2 / total
        resolution += len(group) * (came - base) ** 2 / total
        variance += len(group) * pvariance([row.said for row in group], said) / total
        covariance += 2 * sum((row.said - said) * (row.came - came) for row in group) / total
    return Murphy(reliability, resolution, base * (1 - base), variance, covariance)


def _bin(group: Sequence[Forecast]) -> Bin:
    count, came = len(group), fmean(row.came for row in group)
    square = _Z95**2
    middle = (came + square / (2 * count)) / (1 + square / count)
    width = _Z95 / (1 + square / count) * sqrt(came * (1 - came) / count + square / (4 * count**2))
    return Bin(count, fmean(row.said for row in group), came, max(0.0, middle - width), min(1.0, middle + width))
