"""The parts that a configuration names: the dialects of its venue, and its strategy.

Shapes  a venue is `engine.venue.NAME`, or any dotted module, with the factories below.
Errors  ConfigError that names the key, what was looked for, and what is there.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import msgspec

from engine import venue
from engine.app.strategies.hooks import wrong_hooks
from engine.app.strategies.parameters import parameters_of
from engine.config.credentials import Credentials
from engine.config.sections import (
    EngineConfig,
    FeedSection,
    FurtherSection,
    RestSection,
    SessionSection,
)
from engine.config.strategies import StrategySection
from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.net.settings import protection, shown_address
from engine.risk.fee_terms import FeeTerms
from engine.runtime.private_keys import KeyFileError, PassphraseMissing
from engine.session import LogonDialect
from engine.session.file.settings import SessionSettings, load_session
from engine.strategy import Strategy
from engine.venue import FeeRule, FixMarketDataDialect, MarketDataDialect, OrderDialect
from engine.venue.account import AccountDialect
from engine.venue.order_groups import OrderGroupDialect
from engine.venue.past_reports import FurtherDialect
from engine.venue.reference import ReferenceDialect
from engine.venue.rest import RestDialect
from engine.venue.rest_orders import RestOrderDialect
from engine.venue.session_account import SessionAccountDialect

FEED_CHOICES = ("channels", "use_yes_price")  # what a venue's feed may offer


def market_data_dialect(
    section: FeedSection, instruments: Sequence[Instrument], *, carries_account: bool = True
) -> MarketDataDialect:
    """Return the venue's `market_data(instruments, key_id, private_key)`; the key is "" and b"" without one.

    One of several connections that is not the first gets `carries_account=False`: it brings no news of the account.

    What is configured of `channels` and `use_yes_price` is passed by name. An address that the venue's
    `feed_problems(url, key_id)`, if it has one, finds wrong is a ConfigError, and so is a choice that it does not have.
    """
    factory = _factory("feed.dialect", section.dialect, "market_data")
    chosen = _chosen("feed", section, factory, FEED_CHOICES)
    if section.connections > 1:
        if "carries_account" not in inspect.signature(factory).parameters:
            raise ConfigError(f'feed.connections: venue "{section.dialect}" has only one: set it to 1')
        chosen["carries_account"] = carries_account
    judge = _factory("feed.dialect", section.dialect, "feed_problems", lambda *address: [])
    if found := judge(section.url, section.credentials.key_id()):
        raise ConfigError("\n  ".join([f'feed.url: "{section.url}":', *found]))
    dialect: MarketDataDialect = _with_key("feed", section.credentials, partial(factory, instruments, **chosen))
    return dialect


def fix_market_data_dialect(section: FeedSection, instruments: Sequence[Instrument]) -> FixMarketDataDialect:
    """Return the venue's `fix_market_data(instruments)`; what is chosen for a feed over WebSocket is a ConfigError."""
    factory = _factory("feed.dialect", section.dialect, "fix_market_data")
    _chosen("feed", section, factory, FEED_CHOICES)
    dialect: FixMarketDataDialect = factory(instruments)
    return dialect


def feed_logon_dialect(section: FeedSection) -> LogonDialect | None:
    """Return the venue's `logon(key_id, private_key)` for the session of market data."""
    try:
        dialect: LogonDialect | None = _with_key(
            "feed", section.credentials, _factory("feed.dialect", section.dialect, "logon")
        )
    except ConfigError as error:  # a venue speaks of its session of orders
        raise ConfigError(str(error).replace("session.credentials", "feed.credentials", 1)) from error
    return dialect


def feed_session_problems(section: FeedSection, settings: SessionSettings) -> list[str]:
    """Return what the venue's `feed_session_problems(values, key_id)` finds wrong, if it has one."""
    judge = _factory("feed.dialect", section.dialect, "feed_session_problems", lambda *session: [])
    texts: list[str] = judge(settings.values, section.credentials.key_id())
    return [f"{settings.file}: {text}" for text in texts]


def order_dialect(section: SessionSection, instruments: Sequence[Instrument]) -> OrderDialect:
    """Return the venue's `orders(instruments)`; `terms` are passed by name where any are configured."""
    factory = _factory("session.dialect", section.dialect, "orders")
    dialect: OrderDialect = factory(instruments, **_chosen("session", section, factory, ("terms",)))
    return dialect


def logon_dialect(section: SessionSection) -> LogonDialect | None:
    """Return the venue's `logon(key_id, private_key)`; None where a plain Logon does. `flags` are passed by name."""
    factory = _factory("session.dialect", section.dialect, "logon")
    chosen = _chosen("session", section, factory, ("flags",))
    dialect: LogonDialect | None = _with_key("session", section.credentials, partial(factory, **chosen))
    return dialect


def session_account_dialect(config: EngineConfig, orders: OrderDialect) -> SessionAccountDialect:
    """Return the venue's `session_account(orders, name)`, by the configured name or else that of the session."""
    section, account = config.session, config.session.account
    make = _factory("session.account", section.dialect, "session_account")
    name = account.name if account is not None else ""
    sender = load_session(section.file, "initiator", config.engine.state_dir).text("SenderCompID")
    dialect: SessionAccountDialect = make(orders, name or sender)
    return dialect


def further_dialect(section: SessionSection) -> FurtherDialect:
    """Return the venue's `further()`: how it speaks on further sessions; ConfigError where it has none."""
    dialect: FurtherDialect = _factory("sessions", section.dialect, "further")()
    return dialect


def further_section(section: SessionSection, name: str, further: FurtherSection) -> SessionSection:
    """Return the section of a session beside that of orders, with the flags that make it what its name says."""
    flags = {**further_dialect(section).flags(name), **further.flags}
    return msgspec.structs.replace(
        section, settings=further.settings, flags=flags, terms={}, credentials=further.credentials
    )


def session_problems(section: SessionSection, settings: SessionSettings) -> list[str]:
    """Return what the venue's `session_file_problems(values, key_id, flags)` finds wrong, if it has one."""
    try:
        judge = _factory("session.dialect", section.dialect, "session_file_problems", lambda *session: [])
        texts: list[str] = judge(settings.values, section.credentials.key_id(), section.flags)
    except ConfigError:  # of the dialect or the key: found elsewhere
        return []
    return [f"{settings.file}: {text}" for text in texts]


def rest_dialect(section: RestSection) -> RestDialect:
    """Return the venue's `rest(key_id, private_key)`; ConfigError for an address that its `rest_problems` names."""
    judge = _factory("rest.dialect", section.dialect, "rest_problems", lambda *address: [])
    if found := judge(section.url, section.credentials.key_id()):
        raise ConfigError("\n  ".join([f'rest.url: "{section.url}":', *found]))
    dialect: RestDialect = _with_key("rest", section.credentials, _factory("rest.dialect", section.dialect, "rest"))
    return dialect


def account_dialect(section: RestSection) -> AccountDialect | None:
    """Return the venue's `account()`; None where it tells nothing of accounts."""
    factory = _factory("rest.dialect", section.dialect, "account", lambda: None)
    dialect: AccountDialect | None = factory()
    return dialect


def reference_dialect(section: RestSection) -> ReferenceDialect | None:
    """Return the venue's `reference()`; None where it lists no markets."""
    factory = _factory("rest.dialect", section.dialect, "reference", lambda: None)
    dialect: ReferenceDialect | None = factory()
    return dialect


def order_group_dialect(section: RestSection) -> OrderGroupDialect | None:
    """Return the venue's `order_groups()`; None where it has none."""
    dialect: OrderGroupDialect | None = _factory("rest.dialect", section.dialect, "order_groups", lambda: None)()
    return dialect


def rest_order_dialect(section: RestSection) -> RestOrderDialect:
    """Return the venue's `rest_orders()`; ConfigError where it takes none over REST."""
    dialect: RestOrderDialect = _factory("rest.orders", section.dialect, "rest_orders")()
    return dialect


def environments(name: str) -> Mapping[str, Mapping[str, str]]:
    """Return the venue's `environments()`: by name, what a first configuration needs to know; none by default."""
    known: Mapping[str, Mapping[str, str]] = _factory("VENUE", name, "environments", dict)()
    return known


def judge_environment(config: EngineConfig) -> None:
    """Raise ConfigError for what the venue finds wrong with its sessions, and with all hosts and keys together."""
    section = config.venue
    judge = _factory("session.dialect", config.session.dialect, "environment_problems", lambda *parts, **more: [])
    sessions = _sessions(config)
    if found := [text for each in sessions.values() for text in session_problems(config.session, each)]:
        raise ConfigError("\n".join(found))
    values = {f"{name} {key}": value for name, one in sessions.items() for key, value in one.values.items()}
    hosts = {name: host for name, host in values.items() if " SocketConnectHost" in name}
    for name, each in config.sessions.named().items():
        of_it = load_session(each.settings, "initiator", config.engine.state_dir).values
        hosts |= {f"sessions.{name} {key}": host for key, host in of_it.items() if key.startswith("SocketConnectHost")}
    urls = {"feed.url": config.feed.url, "rest.url": config.rest.url if config.rest else ""}
    hosts |= {name: urlsplit(url).hostname or "" for name, url in urls.items() if url}
    keys = {name: config.session.credentials.key_id() for name in sessions}
    keys |= {f"sessions.{name}": each.credentials.key_id() for name, each in config.sessions.named().items()}
    if config.feed.is_fix:
        of_feed = load_session(config.feed.file, "initiator", config.engine.state_dir).values
        hosts |= {f"feed {key}": host for key, host in of_feed.items() if key.startswith("SocketConnectHost")}
        keys["feed"] = config.feed.credentials.key_id()
    if found := judge(section.environment, hosts, keys, i_mean_production=section.i_mean_production):
        raise ConfigError("\n  ".join(["venue:", *found]))


def _sessions(config: EngineConfig) -> dict[str, SessionSettings]:
    """Return the FIX sessions that are opened, by the name under which a person knows them."""
    file, over_rest = config.session.settings, config.rest is not None and config.rest.carries_orders
    if over_rest or file is None:
        return {}
    return {"session": load_session(file, "initiator", config.engine.state_dir)}


def fees(section: FeedSection, terms: FeeTerms) -> FeeRule:
    """Return the venue's fee rule `fees(terms)`, for fills whose report names no fee, and for what risk expects."""
    rule: FeeRule = _factory("feed.dialect", section.dialect, "fees")(terms)
    return rule


def feed_address(section: FeedSection) -> str:
    """Return where market data comes from, without what may be a secret in the URL."""
    return shown_address(section.url)


def feed_protection(section: FeedSection) -> str:
    """Say in a line how the connection of market data is protected."""
    return protection(section.url)


def _chosen(
    place: str, section: FeedSection | SessionSection, factory: Callable[..., Any], names: Sequence[str]
) -> dict[str, Any]:
    """Return what is configured of the choices that a venue may offer; ConfigError for one that this one does not."""
    chosen = {name: getattr(section, name) for name in names if getattr(section, name)}
    if missing := chosen.keys() - inspect.signature(factory).parameters.keys():
        listed = ", ".join(f"{place}.{name}" for name in sorted(missing))
        raise ConfigError(f'{listed}: venue "{section.dialect}" has no such choice')
    return chosen


def _with_key(section: str, credentials: Credentials, make: Callable[[str, bytes], Any]) -> Any:
    """Return what `make` makes of the API key; a fault of the key is told of its section and file."""
    key_id, private_key = credentials.key_id(), credentials.private_key()
    try:
        return make(key_id, private_key)
    except KeyFileError as error:
        source = credentials.source()
        hint = "; set private_key_passphrase_env or _file" if isinstance(error, PassphraseMissing) else ""
        raise ConfigError(f"{section}.credentials: {source} {error}{hint}") from None


def _factory(key: str, name: str, factory: str, default: Any = None) -> Any:
    path = name if "." in name else f"engine.venue.{name}"
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        known = ", ".join(sorted(module.name for module in pkgutil.iter_modules(venue.__path__) if module.ispkg))
        raise ConfigError(f'{key}: "{name}" is no venue: no module {error.name!r}; there are {known}') from None
    except (ImportError, TypeError, ValueError) as error:  # such as a name of dots only
        raise ConfigError(f'{key}: "{name}" cannot be imported: {error}') from None
    found = getattr(module, factory, default)
    if found is None:
        raise ConfigError(f'{key}: venue "{name}" has no {factory}: name one that has')
    return found


def build_strategy(section: StrategySection, instruments: Sequence[Instrument], place: str = "strategy") -> Strategy:
    """Return the configured strategy, its parameters typed by its own `Parameters` in units of the instruments.

    `place` is where it stands in the configuration.
    """
    path, given = section.path, section.parameters
    module_name, _, class_name = path.partition(":")
    try:
        kind = getattr(importlib.import_module(module_name), class_name)
    except (Exception, SystemExit) as error:  # importing runs whatever the module holds
        what = f"{type(error).__name__}: {error}"
        raise ConfigError(f'{place}.class: "{path}" is no module:Class that can be imported: {what}') from error
    if not isinstance(kind, type) or not issubclass(kind, Strategy):
        raise ConfigError(f'{place}.class: "{path}" must derive from engine.strategy.Strategy')
    if problems := wrong_hooks(kind):
        raise ConfigError("\n  ".join([f'{place}.class: "{path}" has hooks that would not be called:', *problems]))
    decimals = (instruments[0].price_decimals, instruments[0].size_decimals) if instruments else None
    parameters = parameters_of(kind, path, given, decimals, place)
    return _made(place, path, kind, *[parameters] * (kind.Parameters is not None))


def _made(place: str, path: str, kind: type[Strategy], *parameters: object) -> Strategy:
    try:
        return kind(*parameters)
    except (Exception, SystemExit) as error:
        raise ConfigError(f'{place}.class: "{path}" cannot be made: {type(error).__name__}: {error}') from error
