"""FIX 4.4 by the standard, with nothing of any venue's own."""

from collections.abc import Iterable, Mapping

from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.venue import OrderDialect
from engine.venue.fix44.account import Fix44Account
from engine.venue.fix44.dialect import Fix44
from engine.venue.fix44.market_data import Fix44MarketData
from engine.venue.fix44.tagged import TaggedFix44
from engine.venue.session_account import SessionAccountDialect


def orders(instruments: Iterable[Instrument], *, terms: Mapping[str, object] | None = None) -> Fix44:
    """Return the order dialect of the standard; `terms` may have `tag_field`, the field that carries an order's tag.

    ConfigError for other terms, and for a field that the standard gives another meaning.
    """
    given = dict(terms or {})
    number = given.pop("tag_field", None)
    if given:
        raise ConfigError(f'session.terms: venue "fix44" has no such choice: {", ".join(given)}; it has tag_field')
    if number is None:
        return Fix44(instruments)
    if not isinstance(number, int) or isinstance(number, bool) or not 5_000 <= number <= 39_999:
        raise ConfigError(f"session.terms.tag_field {number!r} must be a number from 5000 to 39999, free to users")
    return TaggedFix44(instruments, number)


def session_account(orders: OrderDialect, name: str) -> SessionAccountDialect:
    """Return what asks over the session of `orders` for the account of this name; ConfigError for foreign orders."""
    if not isinstance(orders, Fix44):
        raise ConfigError("session.account: these orders are not those of fix44: leave the table out")
    return Fix44Account(orders.units, name)


def fix_market_data(instruments: Iterable[Instrument]) -> Fix44MarketData:
    """Return the dialect of market data over FIX, books that are keyed by price."""
    return Fix44MarketData(instruments)


def logon(key_id: str, private_key: bytes) -> None:
    """Return no LogonDialect: a plain Logon does."""
