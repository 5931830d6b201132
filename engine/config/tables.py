"""Tables of a TOML file to frozen structs, key by key, so that every problem is found and named with its path.

Units   a field's annotation says what its text counts; it becomes an integer exactly, "none" becomes no limit.
Shapes  the keys of a table are the field names of a `units.Section`; a nested section is a nested table.
Errors  none raised: `problems` collects them, one line each.
"""

import difflib
import re
import types
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from engine._decimal import parse_decimal
from engine.errors import ConfigError, DecodeError
from engine.units import NO_LIMIT, Unit

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")

SECOND_DECIMALS = {"ns": 0, "us": 3, "ms": 6, "s": 9}
LONG_SECONDS = {"min": 60, "h": 3_600}
MOVED = {"rest.balance": "reconcile.balance"}  # a key that had another place before


class Tables:
    """One reading of a configuration: where its relative paths begin, its units, and what is wrong with it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.problems: list[str] = []
        self.set_units(price_decimals=4, size_decimals=2)

    def set_units(self, price_decimals: int, size_decimals: int) -> None:
        """Convert prices, sizes and money with these decimals from here on."""
        self._decimals = {
            Unit.PRICE: price_decimals,
            Unit.SIZE: size_decimals,
            Unit.MONEY: price_decimals + size_decimals,
        }

    def load(self, path: Path) -> dict[str, Any] | None:
        """Return the tables of a file, None if it cannot be read."""
        try:
            table: dict[str, Any] = msgspec.toml.decode(path.read_bytes())
            return table
        except OSError as error:
            self.problem(str(path), f"cannot be read: {error.strerror}")
        except (msgspec.DecodeError, ValueError) as error:  # UnicodeDecodeError and TOMLDecodeError are ValueErrors
            self.problem(str(path), f"is not TOML: {error}")
        return None

    def problem(self, path: str, text: str) -> None:
        """Note what is wrong with the key at `path`."""
        self.problems.append(f"{path}: {text}" if path else text)

    def struct(self, kind: type[S], table: object, path: str) -> S | None:
        """Return `table` as a `kind`, None if anything in it is wrong."""
        if not isinstance(table, dict):
            self.problem(path, f"must be a table, not {_shown(table)}")
            return None
        before = len(self.problems)
        values = self.fields(kind, table, path)
        if len(self.problems) > before:
            return None
        return self.attempt(path, kind, **values)

    def fields(self, kind: type[S], table: dict[str, Any], path: str) -> dict[str, Any]:
        """Return the value of each key of a `kind`, by its field; None for one that is wrong, missing ones left out."""
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for key in sorted(table.keys() - fields.keys()):
            self.problem(_join(path, key), _unknown(_join(path, key), key, fields.keys() - table.keys()))
        values = {}
        for key, field in fields.items():
            if key in table:
                values[field.name] = self.value(field.type, table[key], _join(path, key))
            elif field.required:
                self.problem(_join(path, key), f"missing: {_wanted(field.type)}")
        return values

    def value(self, kind: Any, value: object, path: str) -> Any:
        """Return `value` converted as the annotation `kind` says, None after a problem."""
        if get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind):
            (kind,) = [each for each in get_args(kind) if each is not type(None)]
            if value == "none":
                return None
        if unit := _unit(kind):
            if value == "none" and NO_LIMIT in get_args(kind):
                return NO_LIMIT
            return self.attempt(path, self._quantity, unit, value)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self.struct(kind, value, path)
        if get_origin(kind) is tuple and isinstance(value, list):
            each = get_args(kind)[0]
            return tuple([self.value(each, item, f"{path}[{place}]") for place, item in enumerate(value)])
        if get_origin(kind) is dict and isinstance(value, dict) and isinstance(get_args(kind)[1], type(msgspec.Struct)):
            each = get_args(kind)[1]
            return {name: self.struct(each, table, _join(path, name)) for name, table in value.items()}
        if get_origin(kind) is Literal and value not in get_args(kind):
            return self.problem(path, f"must be {_choice(kind)}, not {_shown(value)}")
        if kind is Path:
            return self.attempt(path, self._path, value)
        return self.attempt(path, msgspec.convert, value, kind)

    def attempt(self, path: str, make: Callable[..., T], /, *args: object, **fields: object) -> T | None:
        """Return what `make` returns for these arguments; note the error that a wrong value raises, and return None."""
        try:
            return make(*args, **fields)
        except (ConfigError, DecodeError, ValueError, msgspec.ValidationError) as error:
            self.problem(path, str(error))
            return None

    def _path(self, value: object) -> Path:
        text = msgspec.convert(value, str)
        if not text or not all(each == " " or each.isprintable() for each in text):
            raise ConfigError(f"must be a path without control characters, not {text!r}")
        return self.directory / text

    def _quantity(self, unit: Unit, value: object) -> int:
        if unit is Unit.COUNT and type(value) is int:
            number = value
        elif unit is Unit.DURATION and isinstance(value, str):
            number = parse_duration(value)
        elif unit is Unit.TIME_OF_DAY and isinstance(value, str):
            number = parse_time_of_day(value)
        elif unit in self._decimals and isinstance(value, str):
            number = parse_decimal(value, self._decimals[unit])
        else:
            raise ConfigError(f"must be {unit.value}, not {_shown(value)}")
        if not 0 <= number < NO_LIMIT:
            raise ConfigError(f"must not be negative nor astronomic: {_shown(value)}")
        return number


def parse_duration(text: str) -> int:
    """Return the nanoseconds of a text such as `250us`, `1.5s`, `40ms`, `15min` or `2h`."""
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text[len(number) :]
    if unit in LONG_SECONDS:
        return parse_decimal(number, SECOND_DECIMALS["s"]) * LONG_SECONDS[unit]
    decimals = SECOND_DECIMALS.get(unit)
    if decimals is None:
        raise ConfigError(f"must be {Unit.DURATION.value}, not {_shown(text)}")
    return parse_decimal(number, decimals)


def parse_time_of_day(text: str) -> int:
    """Return the nanoseconds after midnight of a text such as `00:00` or `16:30:15`."""
    try:
        at = time.fromisoformat(text if re.fullmatch(r"\d\d:\d\d(:\d\d)?", text) else "")
    except ValueError:
        raise ConfigError(f"must be {Unit.TIME_OF_DAY.value}, not {_shown(text)}") from None
    return (at.hour * 3600 + at.minute * 60 + at.second) * 10**9


def _wanted(kind: Any) -> str:
    """Say what a missing key wants."""
    wanted = "set it"
    if unit := _unit(kind):
        wanted = f"set {unit.value}"
    elif get_origin(kind) is Literal:
        wanted = f"set {_choice(kind)}"
    elif kind is bool:
        wanted = "set true or false"
    may_be_none = NO_LIMIT in get_args(kind) or type(None) in get_args(kind)
    return f'{wanted}, or "none"' if may_be_none else wanted


def _unit(kind: Any) -> Unit | None:
    return next((each for each in get_args(kind) if isinstance(each, Unit)), None)


def _choice(kind: Any) -> str:
    return " or ".join(map(_shown, get_args(kind)))


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _unknown(place: str, key: str, known: set[str]) -> str:
    if place in MOVED:
        section, _, name = MOVED[place].rpartition(".")
        return f"moved: write {name} under [{section}]"
    return f"unknown key{_suggestion(key, known)}"


def _suggestion(key: str, known: set[str]) -> str:
    close = difflib.get_close_matches(key, known, 1)
    return f", did you mean {close[0]}?" if close else ""


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
