"""FIX 4.4 by the standard, with nothing of any venue's own."""

from collections.abc import Iterable

from engine.instrument import Instrument
from engine.venue.fix44.dialect import Fix44


def orders(instruments: Iterable[Instrument]) -> Fix44:
    """Return the order dialect of the standard."""
    return Fix44(instruments)


def logon(key_id: str, private_key: bytes) -> None:
    """Return no LogonDialect: a plain Logon does."""
