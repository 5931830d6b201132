"""What the server answers instead of what was asked: a status, a code, and words.

The venue's error bodies come in three shapes, and its clients disagree on which one they read; BOTH satisfies them all.

Source  Kalshi REST: errors.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from engine.errors import EngineError


class ErrorShape(StrEnum):
    """How an error body is laid out."""

    BOTH = "both"  # flat and nested at once
    FLAT = "flat"
    NESTED = "nested"
    BARE = "bare"  # {"msg": ...}


class RestRefused(EngineError):
    """A request gets an error. `details` says to a person what to change; `headers` go with the answer."""

    def __init__(
        self,
        status: int,
        code: str,
        details: str = "",
        *,
        message: str = "",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(f"{status} {code}: {details}")
        self.status = status
        self.code = code
        self.details = details
        self.message = message or code.replace("_", " ")
        self.headers = headers

    def body(self, shape: ErrorShape) -> dict[str, object]:
        """Return the error as the body of an answer."""
        flat: dict[str, object] = {"code": self.code, "message": self.message}
        if self.details:
            flat["details"] = self.details
        match shape:
            case ErrorShape.FLAT:
                return flat
            case ErrorShape.NESTED:
                return {"error": flat}
            case ErrorShape.BARE:
                return {"msg": self.details or self.message}
        return flat | {"error": dict(flat)}


def bad_request(details: str, code: str = "bad_request") -> RestRefused:
    """Return the refusal of a request that is wrong in itself."""
    return RestRefused(400, code, details)


def unauthorized(code: str, details: str) -> RestRefused:
    """Return the refusal of a request whose sender is not known."""
    return RestRefused(401, code, details)


def forbidden(details: str, code: str = "forbidden") -> RestRefused:
    """Return the refusal of a request that its sender may not make."""
    return RestRefused(403, code, details)


def not_found(what: str) -> RestRefused:
    """Return the answer about something that the venue does not have."""
    return RestRefused(404, "not_found", f"{what} not found")


def conflict(code: str, details: str = "") -> RestRefused:
    """Return the refusal of what was done before."""
    return RestRefused(409, code, details)


def gone(code: str, details: str) -> RestRefused:
    """Return the answer of an operation that the venue no longer has."""
    return RestRefused(410, code, details)


def too_many_requests(retry_after: int = 0) -> RestRefused:
    """Return the refusal of a request for its rate. The venue sends no Retry-After; a fault may."""
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return RestRefused(429, "too_many_requests", headers=headers)


def internal_error() -> RestRefused:
    """Return the answer that leaves open what became of a request."""
    return RestRefused(500, "internal_error", "an internal error occurred")


def unavailable(code: str = "service_unavailable", details: str = "the exchange is unavailable") -> RestRefused:
    """Return the answer of an exchange, or a shard of it, that cannot be reached."""
    return RestRefused(503, code, details)
