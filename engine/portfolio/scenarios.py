"""What all events together may lose: scenarios of their outcomes, drawn alone or by a matrix of correlations.

Each event has one hidden normal number; its outcomes are the stretches of it that are as likely as believed, from the
lowest outcome to the highest. Events whose outcomes have no order of their own stay independent, unless the caller
orders them.

Units   money as in `instrument`; a correlation is of the hidden numbers, from -1 to 1. A seed gives the same draws
        always, so that what is shown stands still while nothing changes.
Errors  ValueError for a matrix that is none, or that must be changed by more than `MOST_REPAIR` to be one.
Cost    10 000 scenarios of 50 events of six outcomes some ms, once more for the draws (numpy, one thread).
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_REPAIR = 0.05
_FLOOR = 1e-8  # of an eigenvalue

Matrix = NDArray[np.float64]


class EventRisk(NamedTuple):
    """An event: what it pays in each outcome, how likely each is (any whole numbers), and what it is worth now."""

    payoffs: tuple[int, ...]
    shares: tuple[int, ...]
    value: int


class TailLoss(NamedTuple):
    """The loss that is passed in a share of 1 - `level` of all scenarios, the mean beyond, and what chance leaves open.

    `low` and `high` hold the first with 95 % confidence.
    """

    level: float
    value_at_risk: float
    expected_shortfall: float
    low: float
    high: float


def correlations(matrix: Sequence[Sequence[float]], *, allow_repair: bool = False) -> tuple[Matrix, float]:
    """Return a matrix that can be drawn from, and the largest change that made it one."""
    given = np.array(matrix, dtype=float)
    if given.ndim != 2 or given.shape[0] != given.shape[1]:
        raise ValueError("correlations must be a square of numbers")
    if not np.array_equal(given, given.T) or not np.array_equal(np.diag(given), np.ones(len(given))):
        raise ValueError("correlations must be symmetric with 1 on the diagonal")
    if np.abs(given).max() > 1 or not np.isfinite(given).all():
        raise ValueError("correlations must be from -1 to 1")
    values, vectors = np.linalg.eigh(given)
    if values.min() >= _FLOOR:
        return given, 0.0
    lifted = (vectors * np.maximum(values, _FLOOR)) @ vectors.T
    scale = np.sqrt(np.diag(lifted))
    repaired = lifted / np.outer(scale, scale)
    change = float(np.abs(repaired - given).max())
    if change > MOST_REPAIR and not allow_repair:
        raise ValueError(f"no events can be correlated so: the nearest matrix differs by {change:.2f}")
    return repaired, change


class Scenarios:
    """The hidden numbers of so many scenarios, drawn once."""

    def __init__(self, events: int, count: int = 10_000, seed: int = 1, matrix: Matrix | None = None) -> None:
        draws = np.random.default_rng(seed).standard_normal((events, count), dtype=np.float32)
        self._hidden = draws if matrix is None else np.linalg.cholesky(matrix).astype(np.float32) @ draws
        self._count = count

    def losses(self, events: Sequence[EventRisk]) -> NDArray[np.float64]:
        """Return the loss of each scenario against what the events are worth now, in any order."""
        total = np.zeros(self._count)
        for hidden, event in zip(self._hidden, events, strict=True):
            total += event.value - event.payoffs[0]
            for threshold, step in _steps(event):
                total -= step * (hidden > threshold)
        return total


def _steps(event: EventRisk) -> list[tuple[float, int]]:
    """Return the thresholds between outcomes, and how much more the upper one pays."""
    whole, below = sum(event.shares), 0
    steps = []
    for place, share in enumerate(event.shares[:-1]):
        below += share
        more = event.payoffs[place + 1] - event.payoffs[place]
        steps.append((_quantile(below, whole), more))
    return steps


def _quantile(below: int, whole: int) -> float:
    if below <= 0:
        return -math.inf
    return math.inf if below >= whole else NormalDist().inv_cdf(below / whole)


def tail_loss(losses: NDArray[np.float64], level: float) -> TailLoss:
    """Return value at risk and expected shortfall at a level such as 0.95, by ranks."""
    count = len(losses)
    ordered = np.sort(losses)
    rank = max(1, math.ceil(level * count))
    at = float(ordered[rank - 1])
    beyond = float(ordered[rank:].sum()) + (rank - level * count) * at
    width = 1.96 * math.sqrt(count * level * (1 - level))
    low, high = max(1, math.floor(level * count - width)), min(count, math.ceil(level * count + width))
    return TailLoss(level, at, beyond / ((1 - level) * count), float(ordered[low - 1]), float(ordered[high - 1]))


def stressed(events: Sequence[EventRisk], against: Sequence[bool]) -> int:
    """Return the loss where the events marked in `against` end at their worst, and the others stay as they are."""
    return sum([event.value - min(event.payoffs) for event, is_hit in zip(events, against, strict=True) if is_hit])
