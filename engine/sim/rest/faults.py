"""What can go wrong on request: an error instead of an answer, or an answer that is wrong.

Units   `delay_ms` milliseconds, `retry_after` seconds.
Errors  none; a fault that does not fit waits until one request does.
Thread  the loop thread only.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec

from engine.sim.rest.refusals import (
    RestRefused,
    conflict,
    forbidden,
    gone,
    internal_error,
    not_found,
    too_many_requests,
    unauthorized,
    unavailable,
)

ANY = "*"


class RestFaultKind(StrEnum):
    """What a fault does to a request."""

    BAD_REQUEST = "bad_request"  # 400
    CLOCK = "clock"  # 401, as if the client's clock were wrong
    SIGNATURE = "signature"  # 401
    SCOPE = "scope"  # 403
    LOCATION = "location"  # 403, the key's location attestation has ended
    NOT_FOUND = "not_found"  # 404
    CONFLICT = "conflict"  # 409
    GONE = "gone"  # 410
    LIMITED = "limited"  # 429
    INTERNAL = "internal"  # 500
    UNAVAILABLE = "unavailable"  # 503
    TRUNCATED = "truncated"  # JSON that ends in its middle
    NOT_JSON = "not_json"  # a page of HTML, as a proxy answers
    UNKNOWN_ENUM = "unknown_enum"  # a status, side or type that nobody listed
    REPEAT_PAGE = "repeat_page"  # the cursor leads to the same page again
    ALTERED = "altered"  # records with the values of `where` have those of `change`
    OMITTED = "omitted"  # records with the values of `where` are left out of their list
    DOUBLED = "doubled"  # records with the values of `where` come twice, the second time with those of `change`
    DROP = "drop"  # the connection ends without an answer
    SLOW = "slow"  # the answer comes `delay_ms` late


_REFUSALS = {
    RestFaultKind.BAD_REQUEST: RestRefused(400, "bad_request", "injected"),
    RestFaultKind.CLOCK: unauthorized("header_timestamp_expired", "injected"),
    RestFaultKind.SIGNATURE: unauthorized("authentication_error", "injected"),
    RestFaultKind.SCOPE: forbidden("injected", "insufficient_scope"),
    RestFaultKind.LOCATION: forbidden("injected", "location_attestation_expired"),
    RestFaultKind.NOT_FOUND: not_found("injected"),
    RestFaultKind.CONFLICT: conflict("order_already_exists", "injected"),
    RestFaultKind.GONE: gone("deprecated_v1_order_endpoint", "injected"),
    RestFaultKind.INTERNAL: internal_error(),
    RestFaultKind.UNAVAILABLE: unavailable(),
}


class RestFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault, for the next `count` requests of `operation` by `member`; "*" and "" stand for any.

    `is_applied` faults come after the request was carried out: its effect stays, its answer is lost.
    """

    kind: RestFaultKind
    operation: str = ANY
    member: str = ""
    count: int = 1
    is_applied: bool = False
    retry_after: int = 0
    delay_ms: int = 0
    where: dict[str, Any] = {}
    change: dict[str, Any] = {}

    def fits(self, operation: str, member: str) -> bool:
        """Return whether it befalls this request."""
        return self.operation in (ANY, operation) and self.member in ("", member)

    def refusal(self) -> RestRefused | None:
        """Return the error that it answers, None where it does something else."""
        if self.kind is RestFaultKind.LIMITED:
            return too_many_requests(self.retry_after)
        return _REFUSALS.get(self.kind)


class RestFaults:
    """Faults that wait for their requests, oldest first."""

    def __init__(self, faults: Iterable[RestFault] = ()) -> None:
        self._waiting = list(faults)

    def inject(self, fault: RestFault) -> None:
        """Let a fault befall the requests that fit, from now on."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """End all of them."""
        self._waiting.clear()

    def take(self, operation: str, member: str) -> RestFault | None:
        """Return the fault that befalls a request, None for most."""
        for place, fault in enumerate(self._waiting):
            if fault.fits(operation, member):
                self._count_down(place, fault)
                return fault
        return None

    def _count_down(self, place: int, fault: RestFault) -> None:
        if fault.count > 1:
            self._waiting[place] = msgspec.structs.replace(fault, count=fault.count - 1)
        else:
            del self._waiting[place]
