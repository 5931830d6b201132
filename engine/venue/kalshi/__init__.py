"""Kalshi: event contracts, prices between 0 and 1 dollar, one YES book per market."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.risk.fee_terms import FeeTerms
from engine.runtime.private_keys import KeyFileError
from engine.session import LogonDialect
from engine.venue import FeeRule, MarketDataDialect, OrderDialect
from engine.venue.kalshi.fees import KalshiFees
from engine.venue.kalshi.market_data import PATH, KalshiMarketData
from engine.venue.kalshi.order_entry import KalshiLogon, KalshiOrders
from engine.venue.kalshi.signing import SigningKey, parse_private_key
from engine.venue.kalshi.subscriptions import BOOK, OPTIONAL, TRADES

HOSTS = (".kalshi.com", ".kalshi.co")


def market_data(
    instruments: Sequence[Instrument],
    key_id: str,
    private_key: bytes,
    *,
    channels: Sequence[str] = (),
    use_yes_price: bool = False,
) -> MarketDataDialect:
    """Return the WebSocket dialect; without a key its handshake is unsigned.

    `channels` are subscribed beside those of books, trades and the lives of markets.
    """
    if unknown := set(channels) - OPTIONAL:
        names = ", ".join(sorted(OPTIONAL))
        raise ConfigError(f"feed.channels: {', '.join(sorted(unknown))} cannot be chosen; there are {names}")
    wanted = dict.fromkeys((BOOK, TRADES, *channels))
    key = _signing_key(key_id, private_key)
    return KalshiMarketData(instruments, key, channels=tuple(wanted), use_yes_price=use_yes_price, lifecycle=True)


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
    return found


def orders(instruments: Sequence[Instrument]) -> OrderDialect:
    """Return the dialect of the FIX order entry session KalshiNR."""
    return KalshiOrders(instruments)


def logon(key_id: str, private_key: bytes) -> LogonDialect:
    """Return what signs the Logon; the venue takes none without a key."""
    key = _signing_key(key_id, private_key)
    if key is None:
        raise ConfigError("session.credentials: Kalshi needs an API key to log on: set its id and key file")
    return KalshiLogon(key)


def _signing_key(key_id: str, private_key: bytes) -> SigningKey | None:
    """Return the API key; None without one. Half of one is a mistake that would leave requests unsigned."""
    if not key_id and not private_key:
        return None
    if not key_id or not private_key:
        raise KeyFileError("is only half of an API key: set both key_id_env and private_key_file, or neither")
    return SigningKey(key_id, parse_private_key(private_key))


def session_problems(sender_comp_id: str, key_id: str) -> list[str]:
    """Return why the venue would refuse the Logon: SenderCompID(49) is the id of the API key."""
    if not key_id or sender_comp_id == key_id:
        return []
    return [f"SenderCompID={sender_comp_id}: Kalshi wants the id of the API key there; it is {key_id}"]


def fees(terms: FeeTerms) -> FeeRule:
    """Return the quadratic fee of takers, and of makers where the terms of their series say so."""
    return KalshiFees(terms)
