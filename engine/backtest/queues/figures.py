"""How far queue models were off, by the age of the order, by series and by price.

An error is what the model had ahead of an order, less what the venue said. More than 0 is too careful.

Units   in contracts, and as a share of what the level showed beside our own; a report at an empty level has no share.
Errors  none.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean

import msgspec

from engine.backtest.queues.following import Judged

_LOTS = 100  # in a contract
_S = 10**9
_AGES = ((10, "under 10 s"), (60, "10 s to 60 s"), (600, "60 s to 600 s"))
_OLD = "600 s or more"
_BAND = 1_000  # ten cents


class ErrorSpread(msgspec.Struct, frozen=True):
    """The mean error, and of its absolute value the mean, the median, and what 95 of a hundred do not exceed."""

    mean: float
    absolute: float
    median: float
    p95: float


class PlaceErrors(msgspec.Struct, frozen=True):
    """The errors of `count` reports; `share` is None where no level showed anything."""

    count: int
    contracts: ErrorSpread
    share: ErrorSpread | None


class ModelErrors(msgspec.Struct, frozen=True):
    """The errors of one model."""

    all: PlaceErrors
    by_age: dict[str, PlaceErrors]
    by_series: dict[str, PlaceErrors]
    by_price: dict[str, PlaceErrors]


def errors_of(model: int, judged: Sequence[Judged]) -> ModelErrors:
    """Return the errors of the model with this number, of at least one report."""
    groups: tuple[defaultdict[str, list[Judged]], ...] = (defaultdict(list), defaultdict(list), defaultdict(list))
    for each in judged:
        for group, key in zip(groups, (_age(each), each.reported.symbol.partition("-")[0], _band(each)), strict=True):
            group[key].append(each)
    by = [{key: _errors(model, group[key]) for key in sorted(group, key=_order)} for group in groups]
    return ModelErrors(_errors(model, judged), *by)


def _errors(model: int, judged: Sequence[Judged]) -> PlaceErrors:
    lots = [each.believed[model] - each.ahead for each in judged]
    shares = [error / each.shown for error, each in zip(lots, judged, strict=True) if each.shown]
    return PlaceErrors(len(lots), spread([each / _LOTS for each in lots]), spread(shares) if shares else None)


def spread(errors: Iterable[float]) -> ErrorSpread:
    """Return what errors, at least one of them, come to."""
    errors = list(errors)
    ordered = sorted(map(abs, errors))
    return ErrorSpread(fmean(errors), fmean(ordered), _percentile(ordered, 50), _percentile(ordered, 95))


def _percentile(ordered: Sequence[float], share: int) -> float:
    """Return the smallest value that so many of a hundred do not exceed."""
    return ordered[max(-(-len(ordered) * share // 100) - 1, 0)]


def _age(judged: Judged) -> str:
    return next((name for seconds, name in _AGES if judged.age_ns < seconds * _S), _OLD)


def _band(judged: Judged) -> str:
    low = judged.price // _BAND * 10
    return f"{low} to {low + 10} cents"


def _order(key: str) -> tuple[int, str]:
    """Return what sorts ages and prices by their numbers, and series by name."""
    first = key.partition(" ")[0]
    return (int(first), key) if first.isdigit() else (-1, key)
