"""The tables of the configuration file, as frozen structs; which of them there are, `Sections` says.

Units   limits are written in contracts, dollars and durations as text, and become integers exactly.
Errors  ConfigError for values that contradict each other or that nothing could run with.
"""

import grp
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from engine.config.account import SessionAccountSection
from engine.config.credentials import Credentials
from engine.config.keeping import AuditSection, RecordSection
from engine.config.strategies import NO_STRATEGY, MemberSection, StrategySection
from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.risk.fee_terms import FeeTerms
from engine.risk.limits import Limits
from engine.trading.feed_watch import FeedLimits
from engine.trading.reconcile.rules import ReconcileSection
from engine.units import NO_LIMIT, Duration, DurationLimit, Section

MOST_CONNECTIONS = 32  # of one feed; as many have room in a view
_THIS_HOST = ("127.0.0.1", "::1", "localhost")


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

    settings: Path | None = None  # only where orders go over REST
    dialect: str
    flags: dict[str, bool | int] = {}  # what the Logon asks for beside what the venue's dialect does by itself
    terms: dict[str, bool | int | str] = {}  # what every order has alike
    account: SessionAccountSection | None = None  # what is asked for of the account
    credentials: Credentials = Credentials()

    @property
    def file(self) -> Path:
        """Return the settings file; ConfigError without one."""
        if self.settings is None:
            raise ConfigError("session.settings is missing: orders over FIX need a session file")
        return self.settings


class FurtherSection(Section, frozen=True, kw_only=True):
    """One FIX session beside that of orders: its settings file, and a key of its own."""

    settings: Path
    flags: dict[str, bool | int] = {}  # what the Logon asks for beside what the venue's dialect does by itself
    credentials: Credentials = Credentials()


class FurtherSections(Section, frozen=True, kw_only=True):
    """The FIX sessions beside that of orders, by what they are for; each speaks the dialect of [session]."""

    drop_copy: FurtherSection | None = None  # past reports, asked for
    listener: FurtherSection | None = None  # a live copy of every report of the account
    settlement: FurtherSection | None = None  # what markets paid

    def named(self) -> dict[str, FurtherSection]:
        """Return those that are configured, by their name in the file."""
        each = {"drop_copy": self.drop_copy, "listener": self.listener, "settlement": self.settlement}
        return {name: section for name, section in each.items() if section is not None}


class VenueSection(Section, frozen=True, kw_only=True):
    """Which of the venue's environments this is; the venue judges hosts, ports and CompIDs by it."""

    environment: str = ""  # "" where the venue has only one
    i_mean_production: bool = False


class RestSection(Section, frozen=True, kw_only=True):
    """The venue's REST interface: where it is, and who we are there."""

    url: str
    dialect: str
    ca: Path | None = None  # certificates of authorities in PEM, instead of the system's
    audit: Path | None = None  # as [audit] with `rest` alone
    timeout_ns: Duration = 5_000_000_000
    compare_every_ns: Duration = 60_000_000_000
    nets_collateral: bool = False  # whether the venue gives collateral back across the markets of an event
    orders: Literal["never", "standby", "always"] = "never"  # whether they go this way: while FIX is down, or always
    standby_after_ns: Duration = 60_000_000_000  # without FIX, before orders go this way
    credentials: Credentials = Credentials()

    @property
    def carries_orders(self) -> bool:
        """Return whether orders go this way, and none over FIX."""
        return self.orders == "always"

    @property
    def stands_by(self) -> bool:
        """Return whether orders go this way while FIX is down."""
        return self.orders == "standby"

    def __post_init__(self) -> None:
        if fault := _fault_of_address(self.url, ("http", "https")):
            raise ConfigError(f'url: "{_without_secrets(self.url)}" {fault}')
        if urlsplit(self.url).scheme == "http" and urlsplit(self.url).hostname not in _THIS_HOST:
            raise ConfigError(f'url: "{_without_secrets(self.url)}" is not encrypted: write https://')
        if not (self.timeout_ns and self.compare_every_ns):
            raise ConfigError("timeout and compare_every must be positive")


class UniverseSection(Section, frozen=True, kw_only=True):
    """Which markets are traded, as the venue lists them: those in any of the lists that pass every filter."""

    symbols: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    closing_within_ns: DurationLimit = NO_LIMIT
    max_markets: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 500
    refresh_ns: Duration = 60_000_000_000

    def __post_init__(self) -> None:
        if not (self.symbols or self.events or self.series):
            raise ConfigError("names no market: list symbols, events or series")
        if not self.refresh_ns:
            raise ConfigError("refresh must be positive: the venue would be asked without end")


class FeedSection(Section, frozen=True, kw_only=True):
    """The market-data connection: a WebSocket at `url`, or a FIX session of its own by the file `settings`."""

    source: Literal["websocket", "fix"] = "websocket"
    url: str = ""
    settings: Path | None = None
    dialect: str
    ca: Path | None = None  # certificates of authorities in PEM, instead of the system's
    watch_depth: Annotated[int, msgspec.Meta(ge=1, le=32_767)]
    heartbeat_timeout_ns: Duration
    backoff_min_ns: Duration
    backoff_max_ns: Duration
    max_lag_ns: DurationLimit = FeedLimits().max_lag_ns
    max_gap_ns: DurationLimit = FeedLimits().max_gap_ns
    max_crossed_ns: DurationLimit = FeedLimits().max_crossed_ns
    check_books_every_ns: DurationLimit = 60_000_000_000
    channels: tuple[str, ...] = ()
    use_yes_price: bool = False
    connections: Annotated[int, msgspec.Meta(ge=1, le=MOST_CONNECTIONS)] = 1  # that share the markets
    credentials: Credentials = Credentials()

    def __post_init__(self) -> None:
        self._judge_source()
        if not 0 < self.backoff_min_ns <= self.backoff_max_ns:
            raise ConfigError("backoff_min must be positive and not above backoff_max")
        if not self.heartbeat_timeout_ns:
            raise ConfigError("heartbeat_timeout must be positive: every connection would be given up at once")
        if not self.check_books_every_ns:
            raise ConfigError('check_books_every must be positive, or "none": the venue would be asked without end')

    @property
    def is_fix(self) -> bool:
        """Return whether market data come over a FIX session."""
        return self.source == "fix"

    @property
    def file(self) -> Path:
        """Return the session file of a feed over FIX; ConfigError without one."""
        if self.settings is None:
            raise ConfigError('settings is missing: source = "fix" needs a session file')
        return self.settings

    def _judge_source(self) -> None:
        """Refuse what the other kind of feed has, and what this one lacks."""
        if self.is_fix:
            if self.url or self.ca:
                raise ConfigError('url and ca are of source = "websocket": leave them out, the session file has both')
            assert self.file
        elif self.settings is not None:
            raise ConfigError('settings is a session file: it needs source = "fix"')
        elif fault := _fault_of_address(self.url, ("ws", "wss")):
            raise ConfigError(f'url: "{_without_secrets(self.url)}" {fault}')

    def limits(self) -> FeedLimits:
        """Return how long what is wrong with market data is borne."""
        return FeedLimits(self.max_lag_ns, self.max_gap_ns, self.max_crossed_ns)


class MetricsSection(Section, frozen=True, kw_only=True):
    """The Prometheus exporter on 127.0.0.1, a process of its own."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0  # 0 is off
    markets: tuple[str, ...] = ()  # shown whether they are held or not


class JournalSection(Section, frozen=True, kw_only=True):
    """Where the journal is written, and when it is put on the disk: false is "none", true is "always"."""

    directory: Path | None = None
    sync: Literal["none", "interval", "always"] | bool = False


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
    strategy: StrategySection = NO_STRATEGY
    strategies: dict[str, MemberSection] = {}  # several, by their names, instead of the one
    venue: VenueSection = VenueSection()
    sessions: FurtherSections = FurtherSections()
    rest: RestSection | None = None
    reconcile: ReconcileSection = ReconcileSection()
    audit: AuditSection | None = None
    record: RecordSection | None = None
    universe: UniverseSection | None = None
    fees: FeeTerms = FeeTerms()
    metrics: MetricsSection = MetricsSection()
    journal: JournalSection = JournalSection()
    log: LogSection = LogSection()
    watchdog: WatchdogSection = WatchdogSection()


class EngineConfig(Sections, frozen=True, kw_only=True):
    """The whole configuration."""

    instruments: tuple[Instrument, ...]
    digest: str = ""  # of the file, as the journal names it


def _without_secrets(url: str) -> str:
    """Return an address as an error may show it, without a password."""
    return re.sub("//[^/]*@", "//...@", url).partition("?")[0]


def _fault_of_address(url: str, schemes: tuple[str, str]) -> str:
    """Return what is wrong with an address; empty if nothing is."""
    try:
        port = (address := urlsplit(url)).port
    except ValueError as error:  # of the port, or of brackets
        return f"is no address: {error}"
    if address.scheme not in schemes:
        return f"must begin with {schemes[0]}:// or {schemes[1]}://"
    if not address.hostname or any(each.isspace() or not each.isprintable() for each in url):
        return "names no host"
    if port == 0:
        return "names port 0: a venue listens on 1 to 65535"
    if address.username is not None or address.password is not None:
        return "holds a name or password: an API key belongs in feed.credentials"
    return "has a part after #, which no server sees" if address.fragment else ""
