"""One attempt of a request, and what the audit log keeps of it: never a header, as some of them are secret.

Units   times in ns, sizes in bytes.
"""

from typing import Any

from engine.net.rest.errors import RestError
from engine.venue.rest import RestAnswer, RestRequest


class Attempt:
    """One attempt, and what came of it. One that is not `is_signed` logs in, so that its body is nobody's business."""

    __slots__ = ("answer", "error", "is_signed", "request", "retry", "tokens", "waited_ns", "wall_ns")

    def __init__(
        self, request: RestRequest, wall_ns: int, tokens: int, waited_ns: int, retry: int, is_signed: bool
    ) -> None:
        self.request = request
        self.wall_ns = wall_ns
        self.tokens = tokens
        self.waited_ns = waited_ns
        self.retry = retry
        self.is_signed = is_signed
        self.answer: RestAnswer | None = None
        self.error: RestError | None = None


def record(attempt: Attempt, took_ns: int) -> dict[str, Any]:
    """Return what the audit log keeps of an attempt."""
    request, answer, error = attempt.request, attempt.answer, attempt.error
    kept: dict[str, Any] = {
        "wall_ns": attempt.wall_ns,
        "channel": "rest",
        "operation": request.operation,
        "method": request.method,
        "path": request.path,
        "query": _by_name(request.query),
        "status": answer.status if answer is not None else 0,
        "took_ns": took_ns,
        "waited_ns": attempt.waited_ns,
        "sent": len(request.body),
        "received": len(answer.body) if answer is not None else 0,
        "tokens": attempt.tokens,
        "shard": request.shard,
        "retry": attempt.retry,
    }
    if request.is_write and attempt.is_signed:
        kept["body"] = request.body
    if error is not None:
        kept["error"] = str(error)
        kept["is_outcome_unknown"] = error.is_outcome_unknown
    return kept


def _by_name(query: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in query:
        found.setdefault(name, []).append(value)
    return found
