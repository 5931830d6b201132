"""The number forms of Kalshi's REST to integers and back, exactly.

Units   a price in $0.0001, a size in 0.01 contract, money in $0.000001, a time in ns since 1970.
Errors  DecodeError for text of an answer that is no such number or finer than its unit; `RequestError` for what we
        would send.
Source  Kalshi REST, number forms; market model, engine representation and limits.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from engine._decimal import format_decimal, parse_decimal
from engine.errors import ConfigError, DecodeError

PRICE_DECIMALS, SIZE_DECIMALS, MONEY_DECIMALS = 4, 2, 6
DOLLAR = 10_000  # in prices
CENT = 10_000  # in money
CENTICENT = 100  # in money
NS = 1_000_000_000
MS = 1_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PRICE_TEXT = re.compile(r"0?\.[0-9]{2,4}")
_COUNT_TEXT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,2})?")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:?\d\d)")


class RequestError(ConfigError):
    """What is asked for cannot be sent: the venue would refuse it. The text says which part, and what it takes."""


def price(text: str, field: str) -> int:
    """Return a price of a `..._dollars` field."""
    return _parsed(text, PRICE_DECIMALS, field)


def size(text: str, field: str) -> int:
    """Return a number of contracts of a `..._fp` or count field."""
    return _parsed(text, SIZE_DECIMALS, field)


def money(text: str, field: str) -> int:
    """Return an amount of a `..._dollars` or fee field."""
    return _parsed(text, MONEY_DECIMALS, field)


def thousandths(number: Decimal, field: str) -> int:
    """Return a multiplier in thousandths, rounded up so that a fee is never thought too low."""
    if not number.is_finite() or not 0 <= number <= 1_000:
        raise DecodeError(f"{field}: {number} is no multiplier")
    scaled = number * 1_000
    return int(scaled) + (scaled != int(scaled))


def time_ns(text: str, field: str) -> int:
    """Return the time of RFC 3339 text, its fraction exact."""
    found = _TIME.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        zone = found[3] if found[3] not in "Zz" else "+00:00"
        moment = datetime.fromisoformat(found[1] + zone)
    except ValueError:
        raise DecodeError(f"{field}: no RFC 3339 time: {text[:40]!r}") from None
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    return seconds * NS + int((found[2] or "0").ljust(9, "0"))


def optional_time_ns(text: str | None, field: str) -> int:
    """Return the same, 0 where nothing is said."""
    return time_ns(text, field) if text else 0


def _parsed(text: str, decimals: int, field: str) -> int:
    try:
        return parse_decimal(text, decimals)
    except DecodeError as error:
        raise DecodeError(f"{field}: {error}") from None


def price_text(price: int) -> str:
    """Return a price as the venue takes it."""
    return format_decimal(price, PRICE_DECIMALS)


def size_text(size: int) -> str:
    """Return a number of contracts as the venue takes it."""
    return format_decimal(size, SIZE_DECIMALS)


def check_price_text(text: str) -> None:
    """Prove that a price can be sent: dollars with 2 to 4 decimals, above 0 and below 1."""
    if not _PRICE_TEXT.fullmatch(text) or not parse_decimal(text, PRICE_DECIMALS):
        raise RequestError(f"price {text!r} must be dollars with 2 to 4 decimals, from 0.0001 to 0.9999")


def check_count_text(text: str, field: str = "count", least: int = 1) -> None:
    """Prove that a number of contracts can be sent: up to 2 decimals, `least` hundredths or more."""
    if not _COUNT_TEXT.fullmatch(text) or parse_decimal(text, SIZE_DECIMALS) < least:
        raise RequestError(
            f"{field} {text!r} must be contracts with up to 2 decimals, {format_decimal(least, 2)} or more"
        )
