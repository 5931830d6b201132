"""Kalshi: event contracts, prices between 0 and 1 dollar, one YES book per market."""

from collections.abc import Sequence

from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.session import LogonDialect
from engine.venue import FeeRule, MarketDataDialect, OrderDialect
from engine.venue.kalshi.fees import QuadraticFee
from engine.venue.kalshi.market_data import KalshiMarketData
from engine.venue.kalshi.order_entry import KalshiLogon, KalshiOrders
from engine.venue.kalshi.signing import SigningKey, parse_private_key


def market_data(instruments: Sequence[Instrument], key_id: str, private_key: bytes) -> MarketDataDialect:
    """Return the WebSocket dialect; without a key its handshake is unsigned."""
    key = SigningKey(key_id, parse_private_key(private_key)) if key_id else None
    return KalshiMarketData(instruments, key, lifecycle=True)


def orders(instruments: Sequence[Instrument]) -> OrderDialect:
    """Return the dialect of the FIX order entry session KalshiNR."""
    return KalshiOrders(instruments)


def logon(key_id: str, private_key: bytes) -> LogonDialect:
    """Return what signs the Logon; the venue takes none without a key."""
    if not key_id:
        raise ConfigError("session.credentials: Kalshi needs an API key to log on: set its id and key file")
    return KalshiLogon(SigningKey(key_id, parse_private_key(private_key)))


def fees() -> FeeRule:
    """Return the usual rule: takers pay the quadratic fee, makers nothing."""
    return QuadraticFee()
