"""What a sweep varies: axes of values, and the sets of settings that they span.

Units   values as the configuration has them: text that becomes integers exactly, numbers, true and false.
Shapes  a set is a mapping from the axis's path, such as `parameters.half_spread`, to one of its values; set number n
        is the n-th of the product, the last axis moving fastest.
Errors  ConfigError says which axis, and what it takes.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from math import prod
from typing import Any, NamedTuple

from engine.errors import ConfigError

AxisValue = str | int | float | bool
SetOfValues = dict[str, AxisValue]

MOST_VALUES = 10_000
MOST_SETS = 100_000
_RANGE = {"from", "to", "step"}


class Axis(NamedTuple):
    """One thing that is varied, and every value that it takes."""

    path: str
    values: tuple[AxisValue, ...]

    @property
    def numbers(self) -> list[float] | None:
        """Return the values as numbers, for pictures; None where one is none."""
        try:
            return [float(value) for value in self.values]
        except ValueError:
            return None


def axis(path: str, told: object) -> Axis:
    """Return the axis of a list of values, of one value, or of a range with its ends and step."""
    if isinstance(told, Mapping):
        return Axis(path, _range(path, told))
    values: list[Any] = told if isinstance(told, list) else [told]
    if not 1 <= len(values) <= MOST_VALUES:
        raise ConfigError(f"{path}: has {len(values)} values: give 1 to {MOST_VALUES}")
    if wrong := [value for value in values if not isinstance(value, str | int | float | bool)]:
        raise ConfigError(f"{path}: {wrong[0]!r} is no value: give text, numbers, true or false")
    if len({(type(value), value) for value in values}) < len(values):
        raise ConfigError(f"{path}: names a value twice")
    return Axis(path, tuple(values))


def total(axes: Sequence[Axis]) -> int:
    """Return how many sets the axes span."""
    return prod(len(each.values) for each in axes)


def places(axes: Sequence[Axis], number: int) -> list[int]:
    """Return the place of each axis's value in set `number`."""
    found = []
    for each in reversed(axes):
        number, place = divmod(number, len(each.values))
        found.append(place)
    return found[::-1]


def number_of(axes: Sequence[Axis], chosen: Sequence[int]) -> int:
    """Return the number of the set with these places."""
    number = 0
    for each, place in zip(axes, chosen, strict=True):
        number = number * len(each.values) + place
    return number


def values_of(axes: Sequence[Axis], number: int) -> SetOfValues:
    """Return set `number`."""
    return {each.path: each.values[place] for each, place in zip(axes, places(axes, number), strict=True)}


def _range(path: str, told: Mapping[str, object]) -> tuple[AxisValue, ...]:
    if told.keys() != _RANGE:
        raise ConfigError(f"{path}: a range has from, to and step, not {', '.join(sorted(told)) or 'nothing'}")
    first, last, step = (_number(f"{path}.{name}", told[name]) for name in ("from", "to", "step"))
    if step <= 0 or last < first:
        raise ConfigError(f"{path}: goes from {first} to {last} by {step}: let step be more than 0, and to not below")
    count = int((last - first) / step) + 1
    if count > MOST_VALUES:
        raise ConfigError(f"{path}: has {count} values: give {MOST_VALUES} at most")
    whole = all(type(told[name]) is int for name in _RANGE)
    steps = (first + place * step for place in range(count))
    return tuple(int(value) if whole else f"{value:f}" for value in steps)


def _number(path: str, value: object) -> Decimal:
    """Return a whole number, or a decimal that is written as text, exactly."""
    if type(value) is int or isinstance(value, str):
        try:
            number = Decimal(value)
            if number.is_finite():
                return number
        except InvalidOperation:
            pass
    raise ConfigError(f'{path}: {value!r} must be a whole number, or a decimal as text, such as "0.5"')
