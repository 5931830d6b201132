"""Message bodies of the venue, and the texts of its numbers.

Units   prices in $0.0001, quantities in 0.01 contract, money in 10**-6 dollar; times in ns UTC, on the wire with
        milliseconds.
Shapes  a body is `35=TYPE`, then its fields by tag, a group behind its count; the session adds header and trailer.
Errors  DecodeError for a number that is none, or finer than its unit.
Source  Kalshi FIX: header, price and quantity encoding, Reject(3), BusinessMessageReject(j).
"""

from collections.abc import Iterable, Sequence

from engine import fix
from engine._decimal import format_decimal, parse_decimal
from engine.codec import Fields, TimestampFormat
from engine.session.protocol.faults import Fault

PRICE_DECIMALS, QTY_DECIMALS, MONEY_DECIMALS = 4, 2, 6
UNITS_PER_CENT = 100
Group = Sequence[Sequence[tuple[int, object]]]
_TIMES = TimestampFormat(3)
_BREAKS = str.maketrans({"\x01": " ", "\n": " ", "\r": " "})


def encode(msg_type: str, fields: Iterable[tuple[int, object]]) -> bytes:
    """Return a body; a value that is a list of entries is a group, counted here."""
    parts = [f"{fix.MsgType}={msg_type}"]
    for tag, value in sorted(fields, key=lambda field: field[0]):
        if not isinstance(value, list):
            parts.append(f"{tag}={str(value).translate(_BREAKS)}")
            continue
        parts.append(f"{tag}={len(value)}")
        parts += _entries(value)
    return (fix.SOH.join(parts) + fix.SOH).encode("latin-1", "replace")


def _entries(group: Group) -> list[str]:
    """Return the fields of a group in the order of each entry; a group inside it is written the same way."""
    parts: list[str] = []
    for entry in group:
        for tag, value in entry:
            if isinstance(value, list):
                parts += [f"{tag}={len(value)}", *_entries(value)]
            else:
                parts.append(f"{tag}={str(value).translate(_BREAKS)}")
    return parts


def session_reject(fields: Fields, fault: Fault) -> bytes:
    """Return the Reject(3) of a message."""
    body: list[tuple[int, object]] = [(fix.RefSeqNum, fields.text(fix.MsgSeqNum, "0")), (fix.Text, fault.text)]
    if fault.tag is not None:
        body.append((fix.RefTagID, fault.tag))
    body += [(fix.RefMsgType, fields.msg_type), (fix.SessionRejectReason, int(fault.reason))]
    return encode(fix.Msg.REJECT, body)


def business_reject(fields: Fields, reason: int, text: str, ref_id: str = "") -> bytes:
    """Return the BusinessMessageReject(j) of a message; its reference is `ref_id`, else its ClOrdID(11)."""
    body: list[tuple[int, object]] = [(fix.RefSeqNum, fields.text(fix.MsgSeqNum, "0")), (fix.Text, text)]
    body += [(fix.RefMsgType, fields.msg_type), (fix.BusinessRejectReason, reason)]
    if ref_id or fix.ClOrdID in fields:
        body.append((fix.BusinessRejectRefID, ref_id or fields.text(fix.ClOrdID)))
    return encode(fix.Msg.BUSINESS_MESSAGE_REJECT, body)


def price_text(price: int, in_dollars: bool) -> str:
    """Return a price of dollars with four decimals, or of cents with as many as it needs."""
    if in_dollars:
        return format_decimal(price, PRICE_DECIMALS)
    whole, rest = divmod(price, UNITS_PER_CENT)
    return str(whole) if not rest else f"{whole}.{rest:02d}".rstrip("0")


def qty_text(qty: int) -> str:
    """Return a quantity in contracts."""
    return format_decimal(qty, QTY_DECIMALS)


def dollars(money: int) -> str:
    """Return an amount in dollars with four decimals, or six where it has more."""
    whole, rest = divmod(money, 100)
    return format_decimal(money, MONEY_DECIMALS) if rest else format_decimal(whole, MONEY_DECIMALS - 2)


def parse_price(text: str, in_dollars: bool) -> int:
    """Return the price that text means: dollars of at most four decimals, or whole cents."""
    return parse_decimal(text, PRICE_DECIMALS) if in_dollars else parse_decimal(text, 0) * UNITS_PER_CENT


def parse_qty(text: str) -> int:
    """Return the quantity that text means, in steps of 0.01 contract."""
    return parse_decimal(text, QTY_DECIMALS)


def parse_money(text: str) -> int:
    """Return the amount of dollars that text means."""
    return parse_decimal(text, MONEY_DECIMALS)


def timestamp(now_ns: int) -> str:
    """Return UTCTimestamp text."""
    return _TIMES.format(now_ns).decode()


def date_and_time(now_ns: int) -> tuple[str, str]:
    """Return the UTC date and time of day, as market data has them apart."""
    day, _, time = timestamp(now_ns).partition("-")
    return day, time
