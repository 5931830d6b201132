"""Kalshi's frames of before 2026-03-12, with integer cents and contracts, written in the form that is read today.

For recordings alone: the live path never comes here. A frame passes through `modernized`, then to any dialect.

Errors  DecodeError for a frame that is no JSON object, or whose integers are none.
Source  Kalshi WebSocket, legacy integer form.
"""

from typing import Any

import msgspec

from engine._decimal import format_decimal
from engine.errors import DecodeError

_CENTS = ("yes_price", "no_price", "price", "yes_bid", "yes_ask")  # to NAME_dollars
_COUNTS = (
    "delta", "count", "volume", "open_interest", "post_position", "position", "initial_count", "remaining_count",
    "fill_count", "yes_bid_size", "yes_ask_size", "last_trade_size",
)  # fmt: skip
_CENTI_CENTS = ("position_cost", "realized_pnl", "fees_paid", "position_fee_cost")  # to NAME_dollars
_LADDERS = ("yes", "no")
_SIGNED = frozenset(("delta", "post_position", "position", "position_cost", "realized_pnl"))


def modernized(frame: bytes) -> bytes:
    """Return the frame with text beside every integer that has none; one of today's form comes back as it is."""
    try:
        message = msgspec.json.decode(frame)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"recorded frame unreadable: {error}") from None
    msg = message.get("msg") if isinstance(message, dict) else None
    if not isinstance(msg, dict):
        return frame
    added = _added(msg)
    if not added:
        return frame
    return msgspec.json.encode({**message, "msg": {**msg, **added}})


def _added(msg: dict[str, Any]) -> dict[str, object]:
    added: dict[str, object] = {}
    for name in _LADDERS:
        if isinstance(msg.get(name), list) and f"{name}_dollars_fp" not in msg:
            added[f"{name}_dollars_fp"] = [_level(name, level) for level in msg[name]]
    for names, ending, decimals in ((_CENTS, "dollars", 2), (_CENTI_CENTS, "dollars", 4), (_COUNTS, "fp", 0)):
        for name in names:
            if name in msg and f"{name}_{ending}" not in msg:
                added[f"{name}_{ending}"] = format_decimal(_integer(name, msg[name]), decimals)
    return added


def _level(name: str, level: object) -> tuple[str, str]:
    if not isinstance(level, list) or len(level) < 2:
        raise DecodeError(f"recorded frame unreadable: {name} has a level that is no pair: {level!r}")
    return format_decimal(_integer(name, level[0]), 2), format_decimal(_integer(name, level[1]), 0)


def _integer(name: str, value: object) -> int:
    if type(value) is not int or not -(2**63) <= value < 2**63 or (value < 0 and name not in _SIGNED):
        raise DecodeError(f"recorded frame unreadable: {name} is no integer that it may be: {value!r}")
    return value
