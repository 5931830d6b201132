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


def altered(answer: Any, where: dict[str, Any], change: dict[str, Any]) -> Any:
    """Give every record that has the values of `where` those of `change`."""
    if isinstance(answer, list):
        return [altered(part, where, change) for part in answer]
    if not isinstance(answer, dict):
        return answer
    whole = {name: altered(part, where, change) for name, part in answer.items()}
    return whole | change if _has(answer, where) else whole


def omitted(answer: Any, where: dict[str, Any]) -> Any:
    """Leave every record that has the values of `where` out of its list."""
    if isinstance(answer, list):
        return [omitted(part, where) for part in answer if not _has(part, where)]
    return {name: omitted(part, where) for name, part in answer.items()} if isinstance(answer, dict) else answer


def doubled(answer: Any, where: dict[str, Any], change: dict[str, Any]) -> Any:
    """Let every record of a list that has the values of `where` be followed by another with those of `change`."""
    if isinstance(answer, list):
        return [each for part in answer for each in ((part, part | change) if _has(part, where) else (part,))]
    return {name: doubled(part, where, change) for name, part in answer.items()} if isinstance(answer, dict) else answer


def truncated(content: bytes) -> bytes:
    """Return the first half of a body."""
    return content[: max(1, len(content) // 2)]


def _has(record: Any, where: dict[str, Any]) -> bool:
    return isinstance(record, dict) and all(record.get(name) == value for name, value in where.items())


def _spoil(value: Any) -> bool:
    """Change the first enum that is found; return whether there was one."""
    if isinstance(value, dict):
        for name in _ENUMS:
            if isinstance(value.get(name), str):
                value[name] = UNLISTED
                return True
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_spoil(part) for part in parts)
