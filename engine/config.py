"""The configuration file: TOML in, frozen structs out.

Units   limits are written in contracts, dollars and durations as text, and become integers exactly.
Errors  ConfigError that lists everything wrong at once, each problem with the path of its key.
"""

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from engine.errors import ConfigError
from engine.instrument import Instrument, PriceBand
from engine.limits import Duration, Limits, Price, Section
from engine.tables import Tables

if TYPE_CHECKING:
    from engine.strategy import Strategy


class Credentials(Section, frozen=True, kw_only=True):
    """Where an API key is found; the key itself never stands in the configuration."""

    key_id_env: str | None = None
    private_key_file: Path | None = None
    private_key_file_env: str | None = None

    def __post_init__(self) -> None:
        if self.private_key_file and self.private_key_file_env:
            raise ConfigError("private_key_file and private_key_file_env exclude each other")

    def key_id(self, environ: Mapping[str, str] = os.environ) -> str:
        """Return the key's id, "" where none is configured."""
        return _variable(environ, self.key_id_env) if self.key_id_env else ""

    def private_key(self, environ: Mapping[str, str] = os.environ) -> bytes:
        """Return the text of the key file, b"" where none is configured."""
        path = self.private_key_file
        if self.private_key_file_env:
            path = Path(_variable(environ, self.private_key_file_env))
        if path is None:
            return b""
        try:
            return path.read_bytes()
        except OSError as error:
            raise ConfigError(f"key file {path} cannot be read: {error.strerror}") from None


class EngineSection(Section, frozen=True, kw_only=True):
    """How the process runs."""

    mode: Literal["event", "busy"]
    core: Annotated[int, msgspec.Meta(ge=0)] | None
    session: Literal["quickfix", "native"]
    state_dir: Path


class SessionSection(Section, frozen=True, kw_only=True):
    """The FIX session: its QuickFIX settings file and the venue's order dialect."""

    settings: Path
    dialect: str
    credentials: Credentials = Credentials()


class FeedSection(Section, frozen=True, kw_only=True):
    """The market-data connection."""

    url: str
    dialect: str
    watch_depth: Annotated[int, msgspec.Meta(ge=1)]
    heartbeat_timeout_ns: Duration
    stale_after_ns: Duration
    backoff_min_ns: Duration
    backoff_max_ns: Duration
    credentials: Credentials = Credentials()

    def __post_init__(self) -> None:
        if not 0 < self.backoff_min_ns <= self.backoff_max_ns:
            raise ConfigError("backoff_min must be positive and not above backoff_max")


class StrategySection(Section, frozen=True, kw_only=True, rename={"path": "class"}):
    """The strategy as `module:Class`, and the table that its own `Parameters` reads."""

    path: str
    parameters: dict[str, Any] = {}


class MetricsSection(Section, frozen=True, kw_only=True):
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0  # 0 is off


class JournalSection(Section, frozen=True, kw_only=True):
    directory: Path | None = None
    sync: bool = False


class LogSection(Section, frozen=True, kw_only=True):
    level: Literal["debug", "info", "warning", "error"] = "info"
    file: Path | None = None  # None is standard error


class Sections(Section, frozen=True, kw_only=True):
    """The file's tables, the markets aside."""

    engine: EngineSection
    session: SessionSection
    feed: FeedSection
    risk: Limits
    strategy: StrategySection
    metrics: MetricsSection = MetricsSection()
    journal: JournalSection = JournalSection()
    log: LogSection = LogSection()


class EngineConfig(Sections, frozen=True, kw_only=True):
    """The whole configuration."""

    instruments: tuple[Instrument, ...]


class Decimals(Section, frozen=True, kw_only=True):
    """How fine prices and sizes are: one choice for all markets, because limits add up over markets."""

    price_decimals: Annotated[int, msgspec.Meta(ge=0, le=9)] = 4
    size_decimals: Annotated[int, msgspec.Meta(ge=0, le=9)] = 2


class BandSection(Section, frozen=True, kw_only=True):
    start: Price
    end: Price
    step: Price


class MarketSection(Section, frozen=True, kw_only=True):
    """One market; `bands` is None where every positive price is valid."""

    symbol: Annotated[str, msgspec.Meta(min_length=1)]
    event: str = ""
    bands: tuple[BandSection, ...] | None

    def instrument(self, index: int, decimals: Decimals) -> Instrument:
        bands = self.bands
        return Instrument(
            self.symbol,
            index,
            None if bands is None else [PriceBand(band.start, band.end, band.step) for band in bands],
            event=self.event,
            price_decimals=decimals.price_decimals,
            size_decimals=decimals.size_decimals,
        )


def load(path: Path, environ: Mapping[str, str] = os.environ) -> EngineConfig:
    """Return the configuration in `path`, or raise one ConfigError that lists all its problems."""
    config, wrong = _read(path, environ)
    if config is None:
        raise ConfigError("\n  ".join([f"{path} has {len(wrong)} problems:", *wrong]))
    return config


def problems(path: Path, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return what is wrong with the configuration in `path`, one line each."""
    return _read(path, environ)[1]


def build_strategy(section: StrategySection) -> "Strategy":
    """Return the configured strategy, its parameters typed by its own `Parameters`."""
    module_name, _, class_name = section.path.partition(":")
    try:
        kind = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f'strategy.class: "{section.path}" is no module:Class that can be imported: {error}'
        ) from error
    if not hasattr(kind, "Parameters"):
        raise ConfigError(f'strategy.class: "{section.path}" must derive from engine.strategy.Strategy')
    if kind.Parameters is None:
        if section.parameters:
            raise ConfigError(f'strategy.parameters: "{section.path}" takes none')
        return kind()  # type: ignore[no-any-return]
    tables = Tables(Path())
    parameters = tables.struct(kind.Parameters, section.parameters, "strategy.parameters")
    if parameters is None:
        raise ConfigError("\n  ".join(["strategy.parameters are wrong:", *tables.problems]))
    return kind(parameters)  # type: ignore[no-any-return]


def _read(path: Path, environ: Mapping[str, str]) -> tuple[EngineConfig | None, list[str]]:
    """Judge every key by itself first; what ties keys together is judged where each of them is right."""
    tables = Tables(path.parent)
    table = tables.load(path)
    if table is None:
        return None, tables.problems
    instruments = _instruments(tables, table)
    if instruments:
        tables.set_units(instruments[0].price_decimals, instruments[0].size_decimals)
    for name in ("session", "feed"):
        _check_credentials(tables, name, table.get(name), environ)
    sections = tables.struct(Sections, table, "")
    if sections is not None and instruments:
        strangers = set(sections.risk.restricted).difference(each.symbol for each in instruments)
        if strangers:
            tables.problem("risk.restricted", f"names no market: {', '.join(sorted(strangers))}")
    if sections is None or tables.problems:
        return None, tables.problems
    return EngineConfig(**msgspec.structs.asdict(sections), instruments=tuple(instruments)), []


def _instruments(tables: Tables, table: dict[str, Any]) -> list[Instrument]:
    """Take the markets out of `table`: `[[market]]` tables, or the name of a file of them."""
    if ("market" in table) == ("markets" in table):
        tables.problem("markets", 'write [[market]] tables, or name a file of them as in markets = "markets.toml"')
        table.pop("market", None)
    if "markets" not in table:
        return _listed(tables, table) if "market" in table else []
    path = tables.value(Path, table.pop("markets"), "markets")
    if path is None:
        return []
    inside = Tables(tables.directory)
    listing = inside.load(path)
    instruments = [] if listing is None else _listed(inside, listing)
    if listing:
        inside.struct(Section, listing, "")  # what is left is unknown
    tables.problems += [f"{path.name}: {line}" for line in inside.problems]
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
    for place, row in enumerate(rows):
        market = tables.struct(MarketSection, row, f"market[{place}]")
        if market is None:
            continue
        if place_of.setdefault(market.symbol, place) != place:
            tables.problem(f"market[{place}].symbol", f'"{market.symbol}" is market[{place_of[market.symbol]}] already')
        instruments.append(tables.attempt(f"market[{place}].bands", market.instrument, place, decimals))
    return [each for each in instruments if each is not None]


def _check_credentials(tables: Tables, name: str, section: object, environ: Mapping[str, str]) -> None:
    """Look for the keys even where the rest of the section is wrong; a wrong table of them is named elsewhere."""
    if not isinstance(section, dict) or "credentials" not in section:
        return
    credentials = Tables(tables.directory).struct(Credentials, section["credentials"], "")
    if credentials is not None:
        tables.attempt(f"{name}.credentials.key_id_env", credentials.key_id, environ)
        tables.attempt(f"{name}.credentials.private_key_file", credentials.private_key, environ)


def _variable(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise ConfigError(f"environment variable {name} is not set")
    return value
