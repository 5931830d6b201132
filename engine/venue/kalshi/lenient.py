"""Kalshi's frames read once more, without what is null or of the wrong type and not needed.

A field that nobody uses never costs a frame, whatever stands in it; one that is needed still does.

Errors  as in `frames`.
Cost    ten times that of `read_message`: for frames that it refused, and for times of an old form.
Source  Kalshi WebSocket: optional and deprecated fields.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from engine.venue.kalshi.frames import Envelope, Message, read_message

_NUMBERS = frozenset((
    "id", "sid", "seq", "sending_ts_ms", "ts", "ts_ms", "open_ts", "close_ts", "exchange_index", "created_ts_ms",
    "last_updated_ts_ms", "subaccount", "subaccount_number",
))  # fmt: skip
_TEXTS = frozenset((
    "result", "settlement_value", "client_order_id", "last_update_reason", "post_position_fp", "realized_pnl_dollars",
    "trade_id",
    "title", "subtitle", "name", "yes_sub_title", "series_ticker", "event_ticker", "collateral_return_type",
    "fee_type_override", "contracts_limit_fp", "price_dollars", "yes_bid_dollars", "yes_ask_dollars", "no_bid_dollars",
    "yes_bid_size_fp", "yes_ask_size_fp", "last_trade_size_fp", "volume_fp", "open_interest_fp", "created_ts",
    "deleted_ts", "executed_ts", "creator_id", "quote_creator_id", "rfq_creator_id", "contracts_fp",
    "target_cost_dollars", "yes_contracts_offered_fp", "no_contracts_offered_fp", "accepted_side",
    "contracts_accepted_fp",
))  # fmt: skip
_TAKERS = {
    "taker_outcome_side": ("yes", "no"),
    "taker_side": ("yes", "no"),
    "taker_book_side": ("bid", "ask"),
    "outcome_side": ("yes", "no"),
    "book_side": ("bid", "ask"),
}
_METADATA = "additional_metadata"
_LADDERS = ("yes_dollars_fp", "no_dollars_fp")
_NS = 1_000_000_000


class _Timed(msgspec.Struct):
    ts: Any = None


class _Old(msgspec.Struct):
    msg: _Timed


_read_old = msgspec.json.Decoder(_Old).decode


def read_leniently(frame: bytes) -> Message:
    """Return the message of a frame that `read_message` refused."""
    message: Message = read_message(msgspec.json.encode(_needed(msgspec.json.decode(frame))))
    return message


def read_envelope(frame: bytes) -> Envelope:
    """Return what every message has."""
    return msgspec.convert(_needed(msgspec.json.decode(frame)), Envelope)


def old_time_ns(frame: bytes) -> int:
    """Return the time of a frame that has only `ts`, in seconds or as RFC 3339 text; 0 if that says nothing."""
    try:
        ts = _read_old(frame).msg.ts
        if isinstance(ts, str):
            moment = datetime.fromisoformat(ts)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return int(moment.timestamp()) * _NS + moment.microsecond * 1_000
        return ts * _NS if type(ts) is int and 0 < ts < 2**33 else 0
    except (ValueError, OverflowError, OSError):
        return 0


def _needed(message: Any) -> Any:
    """Leave out what is null, or of no use in its form."""
    if not isinstance(message, dict):
        return message
    kept = _usable(message)
    if isinstance(msg := kept.get("msg"), dict):
        kept["msg"] = msg = _usable(msg)
        if _METADATA in msg:
            msg[_METADATA] = _usable(msg[_METADATA]) if isinstance(msg[_METADATA], dict) else {}
        if "is_block_trade" in msg:
            msg["is_block_trade"] = msg["is_block_trade"] not in (False, "false")
        for side in _LADDERS:
            if isinstance(levels := msg.get(side), list):
                msg[side] = [level[:2] if isinstance(level, list) else level for level in levels]
    if kept.get("type") == "error":
        kept["msg"] = _complaint(msg)
    return kept


def _usable(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if _is_usable(key, value)}


def _is_usable(key: str, value: object) -> bool:
    if key in _NUMBERS:
        return type(value) is int and -(2**63) <= value < 2**63
    if key in _TEXTS:
        return isinstance(value, str)
    return value in _TAKERS[key] if key in _TAKERS else value is not None


def _complaint(msg: object) -> dict[str, object]:
    """Return a complaint whatever its form: the venue's words are never lost."""
    if isinstance(msg, dict) and type(msg.get("code")) is int:
        return {"code": msg["code"], "msg": str(msg.get("msg") or "")}
    return {"code": 0, "msg": msg if isinstance(msg, str) else msgspec.json.encode(msg).decode()}
