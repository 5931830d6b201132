"""Kalshi: event contracts, prices between 0 and 1 dollar, one YES book per market."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.risk.fee_terms import FeeTerms
from engine.runtime.private_keys import KeyFileError
from engine.session import LogonDialect
from engine.venue import FeeRule, FixMarketDataDialect, MarketDataDialect, OrderDialect
from engine.venue.account import AccountDialect
from engine.venue.kalshi.environment import (
    HOSTS,
    environment_problems,
    environments,
    feed_host_problems,
    feed_session_problems,
    rest_problems,
    session_file_problems,
)
from engine.venue.kalshi.fees import KalshiFees
from engine.venue.kalshi.fix.further import KalshiFurther
from engine.venue.kalshi.fix.kinds import KINDS
from engine.venue.kalshi.fix.logon import Flags, KalshiLogon
from engine.venue.kalshi.fix.market_data import KalshiFixMarketData
from engine.venue.kalshi.fix.orders import KalshiOrders
from engine.venue.kalshi.fix.terms import read_terms
from engine.venue.kalshi.market_data import PATH, KalshiMarketData
from engine.venue.kalshi.rest.account import KalshiAccount
from engine.venue.kalshi.rest.dialect import KalshiRest
from engine.venue.kalshi.rest.order_groups import KalshiOrderGroups
from engine.venue.kalshi.rest.order_path import KalshiRestOrders
from engine.venue.kalshi.rest.reference import KalshiReference
from engine.venue.kalshi.signing import SigningKey, parse_private_key
from engine.venue.kalshi.subscriptions import BOOK, OPTIONAL, PRIVATE, TRADES
from engine.venue.order_groups import OrderGroupDialect
from engine.venue.past_reports import FurtherDialect
from engine.venue.reference import ReferenceDialect
from engine.venue.rest import RestDialect
from engine.venue.rest_orders import RestOrderDialect

__all__ = [
    "KINDS", "account", "environment_problems", "environments", "feed_problems",
    "feed_session_problems", "fees", "fix_market_data", "further", "logon", "market_data", "order_groups", "orders",
    "reference", "rest", "rest_orders", "rest_problems", "session_file_problems",
]  # fmt: skip


def market_data(
    instruments: Sequence[Instrument],
    key_id: str,
    private_key: bytes,
    *,
    channels: Sequence[str] = (),
    use_yes_price: bool = False,
    carries_account: bool = True,
) -> MarketDataDialect:
    """Return the WebSocket dialect; without a key its handshake is unsigned.

    `channels` are subscribed beside those of books, trades and the lives of markets; those of the account only where
    the connection `carries_account`.
    """
    if unknown := set(channels) - OPTIONAL:
        names = ", ".join(sorted(OPTIONAL))
        raise ConfigError(f"feed.channels: {', '.join(sorted(unknown))} cannot be chosen; there are {names}")
    wanted = dict.fromkeys((BOOK, TRADES, *[each for each in channels if carries_account or each not in PRIVATE]))
    key = _signing_key(key_id, private_key)
    return KalshiMarketData(instruments, key, channels=tuple(wanted), use_yes_price=use_yes_price, lifecycle=True)


def fix_market_data(instruments: Sequence[Instrument]) -> FixMarketDataDialect:
    """Return the dialect of the session KalshiMD."""
    return KalshiFixMarketData(instruments)


def feed_problems(url: str, key_id: str) -> list[str]:
    """Return why the venue would refuse a connection to `url`: its handshake is signed, for one path alone."""
    address = urlsplit(url)
    host = address.hostname or ""
    found = []
    if address.path != PATH:
        found.append(f"its path is {address.path or 'missing'}: Kalshi serves, and signs, {PATH} alone")
    if host.endswith(HOSTS) and not key_id:
        found.append(f"{host} answers 401 without an API key: set feed.credentials")
    if host.endswith(HOSTS) and address.scheme != "wss":
        found.append(f"{host} is reached by wss:// alone")
    return found + feed_host_problems(host)


def orders(instruments: Sequence[Instrument], terms: Mapping[str, object] | None = None) -> OrderDialect:
    """Return the dialect of the sessions KalshiNR and KalshiRT; `terms` are the fields of `KalshiTerms`.

    ConfigError for terms that the venue would refuse.
    """
    return KalshiOrders(instruments).under(read_terms(terms or {}))


def logon(key_id: str, private_key: bytes, flags: Flags | None = None) -> LogonDialect:
    """Return what signs the Logon; the venue takes none without a key. Without `flags` it has the recommended ones."""
    key = _signing_key(key_id, private_key)
    if key is None:
        raise ConfigError("session.credentials: Kalshi needs an API key to log on: set its id and key file")
    return KalshiLogon(key, flags)


def further() -> FurtherDialect:
    """Return how the venue speaks on the sessions beside that of orders."""
    return KalshiFurther()


def _signing_key(key_id: str, private_key: bytes) -> SigningKey | None:
    """Return the API key; None without one. Half of one is a mistake that would leave requests unsigned."""
    if not key_id and not private_key:
        return None
    if not key_id or not private_key:
        raise KeyFileError("is only half of an API key: set both key_id_env and private_key_file, or neither")
    return SigningKey(key_id, parse_private_key(private_key))


def fees(terms: FeeTerms) -> FeeRule:
    """Return the quadratic fee of takers, and of makers where the terms of their series say so."""
    return KalshiFees(terms)


def rest(key_id: str, private_key: bytes) -> RestDialect:
    """Return what signs and judges requests to REST; without a key they are unsigned, which public reads may be."""
    return KalshiRest(_signing_key(key_id, private_key))


def reference() -> ReferenceDialect:
    """Return what asks for the exchange's state, its pauses, and its markets."""
    return KalshiReference()


def account(subaccount: int = 0) -> AccountDialect:
    """Return what asks for cash, positions, orders, fills and settlements of a subaccount; 0 is the primary one."""
    return KalshiAccount(subaccount)


def order_groups() -> OrderGroupDialect:
    """Return what asks for order groups, those of the primary subaccount."""
    return KalshiOrderGroups()


def rest_orders() -> RestOrderDialect:
    """Return what carries orders over REST, those of the primary subaccount, as `account` does its account."""
    return KalshiRestOrders()
