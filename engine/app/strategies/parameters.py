"""A strategy's parameters: text of the configuration made into its own `Parameters`, in the units of the markets.

Errors  ConfigError that names every key that is missing, unknown or wrong.
"""

from pathlib import Path
from typing import Any

import msgspec

from engine.config.tables import Tables
from engine.errors import ConfigError
from engine.strategy import Strategy


def parameters_of(
    kind: type[Strategy], path: str, given: dict[str, Any], decimals: tuple[int, int] | None, place: str = "strategy"
) -> object:
    """Return the parameters of a strategy's class, None where it takes none; `decimals` are of a price and a size.

    `place` is where it stands in the configuration.
    """
    if kind.Parameters is None:
        if given:
            raise ConfigError(f'{place}.parameters: "{path}" takes none')
        return None
    tables = Tables(Path())
    if decimals is not None:
        tables.set_units(*decimals)
    parameters: object = tables.struct(kind.Parameters, given, f"{place}.parameters")
    if parameters is None:
        raise ConfigError("\n  ".join([f"{place}.parameters are wrong:", *tables.problems]))
    return parameters


def read_again(file: Path, kind: type[Strategy], decimals: tuple[int, int], owner: str = "") -> object:
    """Return the parameters that a configuration file has now for the strategy that runs, by its name if it has one.

    Nothing else of the file has to be right. ConfigError for another strategy, and for one that takes none.
    """
    try:
        tables = msgspec.toml.decode(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{file}: is no TOML: {error}") from None
    place = f"strategies.{owner}" if owner else "strategy"
    several = tables.get("strategies", {})
    section = several.get(owner, {}) if owner and isinstance(several, dict) else tables.get("strategy", {})
    path = section.get("class") if isinstance(section, dict) else None
    name = f"{kind.__module__}:{kind.__qualname__}"
    if path != name:
        raise ConfigError(f"{file}: {place}.class is {path!r}, and {name!r} runs: start the engine anew")
    given = section.get("parameters", {})
    if kind.Parameters is None or not isinstance(given, dict):
        raise ConfigError(f"{file}: {name!r} takes no parameters, or {place}.parameters is no table")
    return parameters_of(kind, name, given, decimals, place)


def changed(before: object, after: object) -> list[str]:
    """Return the names of the parameters that differ."""
    names = msgspec.structs.fields(type(after)) if isinstance(after, msgspec.Struct) else ()
    return [each.name for each in names if getattr(before, each.name, None) != getattr(after, each.name)]
