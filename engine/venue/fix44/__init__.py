"""FIX 4.4 by the standard, with nothing of any venue's own."""

from collections.abc import Iterable

from engine.instrument import Instrument
from engine.venue.fix44.dialect import Fix44
from engine.venue.fix44.market_data import Fix44MarketData


def orders(instruments: Iterable[Instrument]) -> Fix44:
    """Return the order dialect of the standard."""
    return Fix44(instruments)


def fix_market_data(instruments: Iterable[Instrument]) -> Fix44MarketData:
    """Return the dialect of market data over FIX, books that are keyed by price."""
    return Fix44MarketData(instruments)


def logon(key_id: str, private_key: bytes) -> None:
    """Return no LogonDialect: a plain Logon does."""
