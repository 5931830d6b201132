"""Answers that are wrong on purpose, for faults.

Shapes  an answer is what JSON is made of: dicts, lists, texts, numbers.
"""

from typing import Any

import msgspec

UNLISTED = "value_of_tomorrow"
_ENUMS = (
    "status", "side", "action", "outcome_side", "book_side", "taker_side", "taker_outcome_side", "type", "market_type",
    "result", "market_result", "fee_type", "self_trade_prevention_type",
)  # fmt: skip
_START_AGAIN = "again"  # no cursor at all, so that the list begins at its start


def plain(answer: object) -> Any:
    """Return an answer as it is on the wire, to be changed."""
    return msgspec.json.decode(msgspec.json.encode(answer))


def with_unknown_enum(answer: Any) -> Any:
    """Give one record of an answer a value that nobody has listed; the others stay as they are."""
    _spoil(answer)
    return answer


def with_repeated_page(answer: Any, cursor: str) -> Any:
    """Let the next page of a list be this one again; `cursor` is that of the request."""
    if isinstance(answer, dict):
        answer["cursor"] = cursor or _START_AGAIN
    return answer


def truncated(content: bytes) -> bytes:
    """Return the first half of a body."""
    return content[: max(1, len(content) // 2)]


def _spoil(value: Any) -> bool:
    """Change the first enum that is found; return whether there was one."""
    if isinstance(value, dict):
        for name in _ENUMS:
            if isinstance(value.get(name), str):
                value[name] = UNLISTED
                return True
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_spoil(part) for part in parts)
