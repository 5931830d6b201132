"""The configuration file: TOML in, frozen structs out.

Units   as in `sections`.
Errors  ConfigError that lists everything wrong at once, each problem with the path of its key.
"""

import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from engine.config.credentials import Credentials
from engine.config.markets import take_instruments
from engine.config.sections import EngineConfig, Sections
from engine.config.strategies import MOST_STRATEGIES, MemberSection, named_wrong
from engine.config.tables import Tables
from engine.errors import ConfigError
from engine.instrument import Instrument


class Draft(NamedTuple):
    """A configuration as far as it can be read: a section that is wrong or missing is not in `sections`."""

    sections: dict[str, Any]
    instruments: tuple[Instrument, ...]
    problems: list[str]

    def config(self) -> EngineConfig | None:
        """Return the whole configuration, None while anything in it is wrong."""
        return None if self.problems else EngineConfig(**self.sections, instruments=self.instruments)


def load(path: Path, environ: Mapping[str, str] = os.environ) -> EngineConfig:
    """Return the configuration in `path`, or raise one ConfigError that lists all its problems."""
    draft = read_draft(path, environ)
    config, wrong = draft.config(), draft.problems
    if config is None:
        raise ConfigError("\n  ".join([f"{path} has {len(wrong)} problem{'s' if len(wrong) > 1 else ''}:", *wrong]))
    return replace(config, digest=sha256(path.read_bytes()).hexdigest())


def read_draft(path: Path, environ: Mapping[str, str] = os.environ) -> Draft:
    """Judge every key by itself, and what ties keys together where each of them is right."""
    tables = Tables(path.parent)
    table = tables.load(path)
    if table is None:
        return Draft({}, (), tables.problems)
    instruments = take_instruments(tables, table)
    if instruments:
        tables.set_units(instruments[0].price_decimals, instruments[0].size_decimals)
    for name in ("session", "feed", "rest"):
        _check_credentials(tables, name, table.get(name), environ)
    further = table.get("sessions")
    for name, section in further.items() if isinstance(further, dict) else ():
        _check_credentials(tables, f"sessions.{name}", section, environ)
    found = {name: section for name, section in tables.fields(Sections, table, "").items() if section is not None}
    for name, key in (("risk", "restricted"), ("metrics", "markets")):
        if instruments and name in found:
            strangers = set(getattr(found[name], key)).difference(each.symbol for each in instruments)
            if strangers:
                tables.problem(f"{name}.{key}", f"names no market: {', '.join(sorted(strangers))}")
    if instruments and "risk" in found and "universe" not in table:
        known = {name for each in instruments for name in (each.event, each.series)}
        if strangers := set(found["risk"].exclusive_events) - known:
            text = f"names no event and no series of a market: {', '.join(sorted(strangers))}"
            tables.problem("risk.exclusive_events", text)
    judge_strategies(tables, table, found.get("strategies"), instruments)
    over_rest = "rest" in found and found["rest"].carries_orders
    if "session" in found and found["session"].settings is None and not over_rest:
        tables.problem("session.settings", "is missing")
    if "rest" in found and found["rest"].orders != "never" and "session" in found and found["session"].terms:
        tables.problem("session.terms", 'are for FIX: leave them out, or set rest.orders = "never"')
    if "rest" in found and found["rest"].orders != "never" and "feed" in found and found["feed"].is_fix:
        fills = "what happens to orders over REST is told by the channels of a WebSocket"
        tables.problem("rest.orders", f'{fills}: set feed.source = "websocket", or this to "never"')
    if "universe" in found and "rest" not in table:
        tables.problem("universe", "wants [rest]: that is where the venue lists its markets")
    return Draft(found, tuple(instruments), tables.problems)


def judge_strategies(
    tables: Tables, table: Mapping[str, Any], several: Mapping[str, MemberSection] | None, markets: Sequence[Instrument]
) -> None:
    """Note what is wrong with one strategy or several: there is the one, or there are the others, by good names."""
    if "strategy" not in table and not table.get("strategies"):
        tables.problem("strategy", "missing: set it")
    if "strategy" in table and "strategies" in table:
        tables.problem("strategies", "beside [strategy]: name that one too, as [strategies.NAME]")
    if several and len(several) > MOST_STRATEGIES:
        tables.problem("strategies", f"{len(several)} are too many: an engine runs {MOST_STRATEGIES}")
    known = {name for each in markets for name in (each.symbol, each.event, each.series)}
    for name, section in (several or {}).items():
        if wrong := named_wrong(name):
            tables.problem(f"strategies.{name}", wrong)
        for key in ("symbols", "events", "series") if section and known and "universe" not in table else ():
            if strangers := sorted(set(getattr(section, key)) - known):
                tables.problem(f"strategies.{name}.{key}", f"names no market: {', '.join(strangers)}")


def _check_credentials(tables: Tables, name: str, section: object, environ: Mapping[str, str]) -> None:
    """Look for the keys even where the rest of the section is wrong. A wrong table of them is reported elsewhere."""
    if not isinstance(section, dict) or "credentials" not in section:
        return
    credentials = Tables(tables.directory).struct(Credentials, section["credentials"], "")
    if credentials is not None:
        tables.attempt(f"{name}.credentials.key_id_env", credentials.key_id, environ)
        tables.attempt(f"{name}.credentials.private_key_file", credentials.private_key, environ)
