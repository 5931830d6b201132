"""Fields of Kalshi's FIX to values, and values to bodies: exact, and nothing of any one message.

Units   sizes in 0.01 contract, prices in 10**-4 dollar, money in 10**-6 dollar.
Errors  DecodeError that names the message and the tag, for what is missing or cannot be read.
Source  Kalshi FIX: price and quantity encoding.
"""

from collections.abc import Collection, Container, Iterable

from engine import fix
from engine._decimal import format_decimal, parse_decimal
from engine.codec import Fields, parse_timestamp
from engine.errors import DecodeError

SIZE_DECIMALS, PRICE_DECIMALS, MONEY_DECIMALS = 2, 4, 6

Entry = list[tuple[int, str]]  # of a repeating group, in the order of the message

_MONEY_ON_THE_WIRE = 6


def needed(fields: Fields, tag: int) -> str:
    """Return the text of a field; DecodeError if it is missing or empty."""
    text = fields.text(tag)
    if not text:
        raise DecodeError(f"MsgType(35) {fields.msg_type}: tag {tag} is missing")
    return text


def number(fields: Fields, tag: int, decimals: int) -> int | None:
    """Return a decimal number in its units; None where the field is not there."""
    return fields.decimal(tag, decimals, 0) if tag in fields else None


def one_of(fields: Fields, tag: int, words: Collection[str]) -> str:
    """Return a code that decides something; DecodeError for one that nobody knows."""
    text = needed(fields, tag)
    if text not in words:
        raise DecodeError(f"MsgType(35) {fields.msg_type}: tag {tag} is {text!r}, known are {', '.join(words)}")
    return text


def entries(fields: Fields, count_tag: int, members: Container[int]) -> list[Entry]:
    """Return the entries of a repeating group, empty where it is not there; DecodeError if not as many as announced."""
    if count_tag not in fields:
        return []
    announced = fields.integer(count_tag, -1)
    found = fields.group(count_tag, members)
    if announced != len(found):
        raise DecodeError(f"MsgType(35) {fields.msg_type}: {len(found)} entries, tag {count_tag} says {announced}")
    return [[(tag, value.decode("latin-1")) for tag, value in entry] for entry in found]


def nested(entry: Entry, members: tuple[int, ...]) -> list[dict[int, str]]:
    """Return the entries of a group inside an entry, which the first of its members opens."""
    found: list[dict[int, str]] = []
    for tag, text in entry:
        if tag == members[0]:
            found.append({})
        if tag in members and found:
            found[-1][tag] = text
    return found


def money_of(entry: dict[int, str], tag: int) -> int:
    """Return an amount of a group's entry, in 10**-6 dollar; 0 where it has none."""
    return parse_decimal(entry.get(tag, "0"), MONEY_DECIMALS)


def size_of(entry: dict[int, str], tag: int) -> int:
    """Return a quantity of a group's entry; 0 where it has none."""
    return parse_decimal(entry.get(tag, "0"), SIZE_DECIMALS)


def time_ns(fields: Fields, tag: int = fix.SendingTime) -> int:
    """Return a UTC time; 0 where the field is not there."""
    return fields.timestamp_ns(tag, 0) if tag in fields else 0


def moment_ns(date: str, time: str) -> int:
    """Return a date `YYYYMMDD` and a time `HH:MM:SS.sss` as one time in ns; 0 where either is missing."""
    return parse_timestamp(f"{date}-{time}".encode()) if date and time else 0


def message(msg_type: str, fields: Iterable[tuple[int, str | int | None]]) -> bytes:
    """Return the body that `Session.send` takes; a field without a value is left out."""
    text = "".join(f"{tag}={_clean(tag, value)}{fix.SOH}" for tag, value in fields if value not in (None, ""))
    return f"{fix.MsgType}={msg_type}{fix.SOH}{text}".encode("ascii")


def flag(value: bool | None) -> str | None:
    """Return Y or N, nothing where neither is said."""
    return None if value is None else "Y" if value else "N"


def size_text(value: int | None) -> str | None:
    """Return a quantity as the venue reads it."""
    return None if value is None else format_decimal(value, SIZE_DECIMALS)


def price_text(value: int | None) -> str | None:
    """Return a price in dollars as the venue reads it."""
    return None if value is None else format_decimal(value, PRICE_DECIMALS)


def money_text(value: int | None) -> str | None:
    """Return an amount of dollars as the venue reads it, without zeros behind its cents."""
    if value is None:
        return None
    text = format_decimal(value, _MONEY_ON_THE_WIRE)
    whole, _, places = text.partition(".")
    return f"{whole}.{places[:2]}{places[2:].rstrip('0')}"


def _clean(tag: int, value: str | int | None) -> str:
    text = str(value)
    if not (text.isascii() and text.isprintable()):
        raise ValueError(f"tag {tag}: {text!r} is not printable ASCII: correct it")
    return text
