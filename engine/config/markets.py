"""The markets of a configuration: `[[market]]` tables to instruments.

Units   bands in dollars as text, which become integers of `price_decimals` exactly.
Errors  collected in the `Tables` that read them; ConfigError from `load_instruments`.
"""

from pathlib import Path
from typing import Annotated, Any

import msgspec

from engine.config.tables import Tables
from engine.errors import ConfigError
from engine.instrument import Instrument, PriceBand
from engine.units import Price, Section

_FINEST_GRID = 6  # decimals of a price: a grid of more has too many places for a book


class Decimals(Section, frozen=True, kw_only=True):
    """How fine prices and sizes are: the same for all markets, because limits add up over them."""

    price_decimals: Annotated[int, msgspec.Meta(ge=0, le=9)] = 4
    size_decimals: Annotated[int, msgspec.Meta(ge=0, le=9)] = 2


class BandSection(Section, frozen=True, kw_only=True):
    """Prices from `start` to `end`, both included, every `step`."""

    start: Price
    end: Price
    step: Price


class MarketSection(Section, frozen=True, kw_only=True):
    """One market; `bands` is None where every positive price is valid."""

    symbol: Annotated[str, msgspec.Meta(min_length=1)]
    event: str = ""
    bands: tuple[BandSection, ...] | None

    def __post_init__(self) -> None:
        for key, text in (("symbol", self.symbol), ("event", self.event)):
            if text != text.strip() or not (text.isascii() and text.isprintable()):
                raise ConfigError(
                    f"{key}: {text!r} must be printable ASCII without blanks around it, as the venue has it"
                )

    def instrument(self, index: int, decimals: Decimals) -> Instrument:
        """Return the market at its place in the engine; ConfigError for bands that make no grid."""
        bands = self.bands
        return Instrument(
            self.symbol,
            index,
            None if bands is None else [PriceBand(band.start, band.end, band.step) for band in bands],
            event=self.event,
            price_decimals=decimals.price_decimals,
            size_decimals=decimals.size_decimals,
        )


def load_instruments(path: Path) -> tuple[Instrument, ...]:
    """Return the markets of a file that holds nothing else, or raise one ConfigError that lists all its problems."""
    tables = Tables(path.parent)
    instruments = _load(tables, path)
    if tables.problems:
        raise ConfigError("\n  ".join([f"{path}:", *tables.problems]))
    return tuple(instruments)


def take_instruments(tables: Tables, table: dict[str, Any]) -> list[Instrument]:
    """Take the markets out of `table`: `[[market]]` tables, or the name of a file of them; none beside a universe."""
    if "universe" in table and "market" not in table and "markets" not in table:
        return []
    if ("market" in table) == ("markets" in table):
        tables.problem("markets", 'write [[market]] tables, or name a file of them as in markets = "markets.toml"')
        table.pop("market", None)
    if "markets" not in table:
        return _listed(tables, table) if "market" in table else []
    path = tables.value(Path, table.pop("markets"), "markets")
    if path is None:
        return []
    inside = Tables(tables.directory)
    instruments = _load(inside, path)
    tables.problems += [f"{path.name}: {line}" for line in inside.problems]
    return instruments


def _load(tables: Tables, path: Path) -> list[Instrument]:
    table = tables.load(path)
    if table is None:
        return []
    instruments = _listed(tables, table)
    tables.struct(Section, table, "")  # what is left is unknown
    return instruments


def _listed(tables: Tables, table: dict[str, Any]) -> list[Instrument]:
    """Take the `[[market]]` tables and their decimals out of `table`; the decimals hold for `tables` from here on."""
    given = {key: table.pop(key) for key in ("price_decimals", "size_decimals") if key in table}
    decimals = tables.struct(Decimals, given, "") or Decimals()
    tables.set_units(decimals.price_decimals, decimals.size_decimals)
    rows = table.pop("market", None)
    if not isinstance(rows, list) or not rows:
        tables.problem("market", "there is no [[market]] table: nothing to trade")
        return []
    instruments = []
    place_of: dict[str, int] = {}
    if decimals.price_decimals > _FINEST_GRID and any(
        isinstance(row, dict) and row.get("bands") != "none" for row in rows
    ):
        tables.problem("price_decimals", f"must be at most {_FINEST_GRID} where a market has bands")
        return []
    for place, row in enumerate(rows):
        market = tables.struct(MarketSection, row, f"market[{place}]")
        if market is None:
            continue
        if place_of.setdefault(market.symbol, place) != place:
            tables.problem(f"market[{place}].symbol", f'"{market.symbol}" is market[{place_of[market.symbol]}] already')
        instruments.append(tables.attempt(f"market[{place}].bands", market.instrument, place, decimals))
    return [each for each in instruments if each is not None]
