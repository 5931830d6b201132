"""The configuration file: TOML in, frozen structs out.

Units   limits are written in contracts, dollars and durations as text, and become integers exactly.
Errors  ConfigError that lists everything wrong at once, each problem with the path of its key.
"""

import grp
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from engine.config.markets import take_instruments
from engine.config.tables import Tables
from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.risk.fee_terms import FeeTerms
from engine.risk.limits import Limits
from engine.runtime import private_keys
from engine.trading.feed_watch import FeedLimits
from engine.units import Duration, DurationLimit, Section


class Credentials(Section, frozen=True, kw_only=True):
    """Where an API key is found; the key itself never stands in the configuration."""

    key_id_env: str | None = None
    private_key_file: Path | None = None
    private_key_file_env: str | None = None
    private_key_passphrase_env: str | None = None
    private_key_passphrase_file: Path | None = None

    def __post_init__(self) -> None:
        if self.private_key_file and self.private_key_file_env:
            raise ConfigError("private_key_file and private_key_file_env exclude each other")
        if self.private_key_passphrase_env and self.private_key_passphrase_file:
            raise ConfigError("private_key_passphrase_env and private_key_passphrase_file exclude each other")

    def key_id(self, environ: Mapping[str, str] = os.environ) -> str:
        """Return the key's id, "" where none is configured."""
        if not self.key_id_env:
            return ""
        try:
            return private_keys.checked_key_id(_variable(environ, self.key_id_env))
        except private_keys.KeyFileError as error:
            raise ConfigError(f"environment variable {self.key_id_env}: {error}") from None

    def key_file(self, environ: Mapping[str, str] = os.environ) -> Path | None:
        """Return the path of the key file, None where none is configured."""
        if self.private_key_file_env:
            return Path(_variable(environ, self.private_key_file_env))
        return self.private_key_file

    def private_key(self, environ: Mapping[str, str] = os.environ) -> bytes:
        """Return what the key file holds, opened by its passphrase if there is one; b"" where no key is configured."""
        path = self.key_file(environ)
        passphrase = private_keys.read_passphrase(
            self.private_key_passphrase_env or "", self.private_key_passphrase_file, environ
        )
        if path is None:
            if passphrase is not None:
                raise ConfigError("there is a passphrase and no key file; set private_key_file")
            return b""
        try:
            content = path.read_bytes()
            return content if passphrase is None else private_keys.without_passphrase(content, passphrase)
        except OSError as error:
            raise ConfigError(f"key file {path} cannot be read: {error.strerror}") from None
        except private_keys.KeyFileError as error:
            raise ConfigError(f"key file {path} {error}") from None

    def exposed(self, environ: Mapping[str, str] = os.environ) -> list[str]:
        """Return a warning for each file of a secret that others may read."""
        named = environ.get(self.private_key_file_env or "", "").strip()  # one that is not set is told elsewhere
        files = (Path(named) if named else self.private_key_file, self.private_key_passphrase_file)
        return [f"{file} {text}" for file in files if file is not None and (text := private_keys.exposure(file))]


class EngineSection(Section, frozen=True, kw_only=True):
    """How the process runs."""

    mode: Literal["event", "busy"]
    core: Annotated[int, msgspec.Meta(ge=0)] | None
    session: Literal["quickfix", "native"]
    state_dir: Path
    control_group: str | None = None  # its members may halt and resume, and look

    def __post_init__(self) -> None:
        if self.control_group is not None and self.group_id is None:
            raise ConfigError(f'control_group: "{self.control_group}" is no group of this system')

    @property
    def group_id(self) -> int | None:
        """Return the number of the control group, None without one."""
        try:
            return None if self.control_group is None else grp.getgrnam(self.control_group).gr_gid
        except KeyError:
            return None


class SessionSection(Section, frozen=True, kw_only=True):
    """The FIX session: its QuickFIX settings file and the venue's order dialect."""

    settings: Path
    dialect: str
    credentials: Credentials = Credentials()


class FeedSection(Section, frozen=True, kw_only=True):
    """The market-data connection."""

    url: str
    dialect: str
    watch_depth: Annotated[int, msgspec.Meta(ge=1, le=32_767)]
    heartbeat_timeout_ns: Duration
    backoff_min_ns: Duration
    backoff_max_ns: Duration
    max_lag_ns: DurationLimit = FeedLimits().max_lag_ns
    max_gap_ns: DurationLimit = FeedLimits().max_gap_ns
    max_crossed_ns: DurationLimit = FeedLimits().max_crossed_ns
    channels: tuple[str, ...] = ()
    use_yes_price: bool = False
    credentials: Credentials = Credentials()

    def __post_init__(self) -> None:
        if fault := _fault_of_address(self.url):
            shown = re.sub("//[^/]*@", "//...@", self.url).partition("?")[0]  # no password in an error
            raise ConfigError(f'url: "{shown}" {fault}')
        if not 0 < self.backoff_min_ns <= self.backoff_max_ns:
            raise ConfigError("backoff_min must be positive and not above backoff_max")
        if not self.heartbeat_timeout_ns:
            raise ConfigError("heartbeat_timeout must be positive: every connection would be given up at once")

    def limits(self) -> FeedLimits:
        """Return how long what is wrong with market data is borne."""
        return FeedLimits(self.max_lag_ns, self.max_gap_ns, self.max_crossed_ns)


class StrategySection(Section, frozen=True, kw_only=True, rename={"path": "class"}):
    """The strategy as `module:Class`, and the table that its own `Parameters` reads."""

    path: str
    parameters: dict[str, Any] = {}


class MetricsSection(Section, frozen=True, kw_only=True):
    """The Prometheus exporter on 127.0.0.1, a process of its own."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0  # 0 is off
    markets: tuple[str, ...] = ()  # shown whether they are held or not


class JournalSection(Section, frozen=True, kw_only=True):
    """Where the journal is written, and whether each record waits for the disk."""

    directory: Path | None = None
    sync: bool = False


class LogSection(Section, frozen=True, kw_only=True):
    """What is logged, and where to."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    file: Path | None = None  # None is standard error


class WatchdogSection(Section, frozen=True, kw_only=True):
    """What happens where a hook, or anything else, holds the loop; "0s" is off."""

    warn_after_ns: Duration = 250_000_000
    end_after_ns: Duration = 5_000_000_000
    action: Literal["end", "disconnect"] = "end"

    def __post_init__(self) -> None:
        if 0 < self.end_after_ns <= self.warn_after_ns:
            raise ConfigError("end_after must be longer than warn_after")


class Sections(Section, frozen=True, kw_only=True):
    """The file's tables, the markets aside."""

    engine: EngineSection
    session: SessionSection
    feed: FeedSection
    risk: Limits
    strategy: StrategySection
    fees: FeeTerms = FeeTerms()
    metrics: MetricsSection = MetricsSection()
    journal: JournalSection = JournalSection()
    log: LogSection = LogSection()
    watchdog: WatchdogSection = WatchdogSection()


class EngineConfig(Sections, frozen=True, kw_only=True):
    """The whole configuration."""

    instruments: tuple[Instrument, ...]


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
    return config


def read_draft(path: Path, environ: Mapping[str, str] = os.environ) -> Draft:
    """Judge every key by itself, and what ties keys together where each of them is right."""
    tables = Tables(path.parent)
    table = tables.load(path)
    if table is None:
        return Draft({}, (), tables.problems)
    instruments = take_instruments(tables, table)
    if instruments:
        tables.set_units(instruments[0].price_decimals, instruments[0].size_decimals)
    for name in ("session", "feed"):
        _check_credentials(tables, name, table.get(name), environ)
    found = {name: section for name, section in tables.fields(Sections, table, "").items() if section is not None}
    for name, key in (("risk", "restricted"), ("metrics", "markets")):
        if instruments and name in found:
            strangers = set(getattr(found[name], key)).difference(each.symbol for each in instruments)
            if strangers:
                tables.problem(f"{name}.{key}", f"names no market: {', '.join(sorted(strangers))}")
    return Draft(found, tuple(instruments), tables.problems)


def _check_credentials(tables: Tables, name: str, section: object, environ: Mapping[str, str]) -> None:
    """Look for the keys even where the rest of the section is wrong. A wrong table of them is reported elsewhere."""
    if not isinstance(section, dict) or "credentials" not in section:
        return
    credentials = Tables(tables.directory).struct(Credentials, section["credentials"], "")
    if credentials is not None:
        tables.attempt(f"{name}.credentials.key_id_env", credentials.key_id, environ)
        tables.attempt(f"{name}.credentials.private_key_file", credentials.private_key, environ)


def _fault_of_address(url: str) -> str:
    """Return what is wrong with the address of a WebSocket; empty if nothing is."""
    try:
        address = urlsplit(url)
        port = address.port
    except ValueError as error:  # of the port, or of brackets
        return f"is no address: {error}"
    if address.scheme not in ("ws", "wss"):
        return "must begin with ws:// or wss://"
    if not address.hostname or any(each.isspace() or not each.isprintable() for each in url):
        return "names no host"
    if port == 0:
        return "names port 0: a venue listens on 1 to 65535"
    if address.username is not None or address.password is not None:
        return "holds a name or password: an API key belongs in feed.credentials"
    return "has a part after #, which no server sees" if address.fragment else ""


def _variable(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise ConfigError(f"environment variable {name} is not set")
    return value
