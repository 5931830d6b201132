"""Integers as the venue's texts: dollars, counts, cents and times.

Units   prices $0.0001, sizes 0.01 contract, money $0.000001, times ns since 1970.
Errors  RestRefused 400 for a text that is no number, too fine, or out of range.
Source  Kalshi REST: number forms.
"""

from datetime import UTC, datetime

from engine._decimal import parse_decimal
from engine.errors import DecodeError
from engine.sim.rest.refusals import bad_request

DOLLAR = 10_000  # price units
_MONEY_PER_CENT = 10_000
_MOST = 10**15  # sizes and prices beyond this are a mistake
_NS = 1_000_000_000


def dollars(price: int) -> str:
    """Return a price with four decimals, such as "0.4150"."""
    return _fixed(price, 4)


def money(amount: int) -> str:
    """Return money with four decimals, or with six where it has them."""
    whole, rest = divmod(abs(amount), 100)
    if rest:
        return _fixed(amount, 6)
    return _fixed(-whole if amount < 0 else whole, 4)


def count(size: int) -> str:
    """Return a number of contracts with two decimals."""
    return _fixed(size, 2)


def cents(amount: int) -> int:
    """Return money in whole cents, what is less cut off."""
    whole = abs(amount) // _MONEY_PER_CENT
    return -whole if amount < 0 else whole


def time_text(time_ns: int) -> str:
    """Return an RFC 3339 time in UTC, with as many of the microseconds as there are."""
    seconds, rest = divmod(time_ns, _NS)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    micros = rest // 1000
    return f"{text}.{micros:06d}Z" if micros else f"{text}Z"


def seconds(time_ns: int) -> int:
    """Return Unix seconds."""
    return time_ns // _NS


def millis(time_ns: int) -> int:
    """Return Unix milliseconds."""
    return time_ns // 1_000_000


def from_seconds(value: int) -> int:
    """Return the ns of Unix seconds."""
    return value * _NS


def parse_price(text: str, name: str = "price") -> int:
    """Return the price that `text` means."""
    return _parse(text, 4, name, "invalid_order")


def parse_size(text: str, name: str) -> int:
    """Return the size that `text` means."""
    return _parse(text, 2, name, "invalid_order_size")


def parse_count(text: str, name: str = "count") -> int:
    """Return the size that `text` means, above 0."""
    size = parse_size(text, name)
    if size <= 0:
        raise bad_request(f"{name} must be above 0: {text!r}", "invalid_order_size")
    return size


def _parse(text: str, decimals: int, name: str, code: str) -> int:
    try:
        value = parse_decimal(text, decimals)
    except DecodeError:
        raise bad_request(f"{name} is no number of at most {decimals} decimals: {text[:40]!r}", code) from None
    if abs(value) > _MOST:
        raise bad_request(f"{name} is too large: {text[:40]!r}", code)
    return value


def _fixed(value: int, decimals: int) -> str:
    whole, part = divmod(abs(value), 10**decimals)
    return f"{'-' if value < 0 else ''}{whole}.{part:0{decimals}d}"
