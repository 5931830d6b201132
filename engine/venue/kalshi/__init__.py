"""Kalshi: event contracts, prices between 0 and 1 dollar, one YES book per market."""

from collections.abc import Sequence

from engine.instrument import Instrument
from engine.venue import FeeRule, MarketDataDialect
from engine.venue.kalshi.fees import QuadraticFee
from engine.venue.kalshi.market_data import KalshiMarketData
from engine.venue.kalshi.signing import Credentials, parse_private_key


def market_data(instruments: Sequence[Instrument], key_id: str, private_key: bytes) -> MarketDataDialect:
    """Return the WebSocket dialect; without a key its handshake is unsigned."""
    return KalshiMarketData(instruments, Credentials(key_id, parse_private_key(private_key)) if key_id else None)


def fees() -> FeeRule:
    return QuadraticFee()
