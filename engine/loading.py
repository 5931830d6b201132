"""Names of a configuration to the venues that they mean.

Shapes  a venue is `engine.venue.NAME`, or any dotted module, with the factories below.
Errors  ConfigError that names the key, what was looked for, and what is there.
"""

import importlib
import pkgutil
from collections.abc import Sequence
from typing import Any

from engine import venue
from engine.config import FeedSection, SessionSection
from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.session import LogonDialect
from engine.venue import MarketDataDialect, OrderDialect


def market_data_dialect(section: FeedSection, instruments: Sequence[Instrument]) -> MarketDataDialect:
    """Return the venue's `market_data(instruments, key_id, private_key)`; the key is "" and b"" without one."""
    factory = _factory("feed.dialect", section.dialect, "market_data")
    dialect: MarketDataDialect = factory(instruments, section.credentials.key_id(), section.credentials.private_key())
    return dialect


def order_dialect(section: SessionSection, instruments: Sequence[Instrument]) -> OrderDialect:
    """Return the venue's `orders(instruments)`."""
    dialect: OrderDialect = _factory("session.dialect", section.dialect, "orders")(instruments)
    return dialect


def logon_dialect(section: SessionSection) -> LogonDialect | None:
    """Return the venue's `logon(key_id, private_key)`; None where a plain Logon does."""
    factory = _factory("session.dialect", section.dialect, "logon")
    dialect: LogonDialect | None = factory(section.credentials.key_id(), section.credentials.private_key())
    return dialect


def fee(section: FeedSection) -> Any:
    """Return the venue's fee rule `fees()`, for fills whose report names no fee."""
    return _factory("feed.dialect", section.dialect, "fees")()


def _factory(key: str, name: str, factory: str) -> Any:
    path = name if "." in name else f"engine.venue.{name}"
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        known = ", ".join(sorted(module.name for module in pkgutil.iter_modules(venue.__path__)))
        raise ConfigError(f'{key}: "{name}" is no venue: no module {error.name!r}; there are {known}') from None
    except (ImportError, TypeError, ValueError) as error:  # such as a name of dots only
        raise ConfigError(f'{key}: "{name}" cannot be imported: {error}') from None
    found = getattr(module, factory, None)
    if found is None:
        raise ConfigError(f'{key}: venue "{name}" has no {factory}: name one that has')
    return found
