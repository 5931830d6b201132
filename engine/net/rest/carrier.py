"""Carries a call once: waits for its turn, signs it, sends it, judges the answer, counts and records the attempt.

Units   times in ns.
Errors  RestError.
Thread  the loop thread only.
"""

import asyncio
from collections.abc import Callable

from engine.net.rest.answers import check, value_of
from engine.net.rest.counts import RestCounts
from engine.net.rest.credential import Credential, Renewal
from engine.net.rest.errors import RestError, never_sent, printable, unanswered
from engine.net.rest.gate import RestGate
from engine.net.rest.records import Attempt, record
from engine.net.rest.sharing import Flight
from engine.net.rest.tokens import TokenCosts
from engine.net.rest.wire import Wire
from engine.runtime.audit import AuditSink
from engine.runtime.backoff import Backoff
from engine.venue.rest import Call, RestAnswer, RestDialect, RestRequest, T

_DENIED = 401


class Carrier:
    """Whatever leaves for the venue leaves here. `costs` may be replaced when the venue has told them."""

    def __init__(
        self,
        dialect: RestDialect,
        wire: Wire,
        gate: RestGate,
        counts: RestCounts,
        *,
        credential: Credential,
        wall_ns: Callable[[], int],
        clock_ns: Callable[[], int],
        audit: AuditSink | None,
        tell: Callable[[str], object],
        backoff: Backoff,
    ) -> None:
        self.costs = TokenCosts({})
        self.renewal = Renewal(credential, self._ask_unsigned, counts, wall_ns=wall_ns, tell=tell, backoff=backoff)
        self._dialect = dialect
        self._wire = wire
        self._gate = gate
        self._counts = counts
        self._credential = credential
        self._wall_ns = wall_ns
        self._clock_ns = clock_ns
        self._audit = audit

    async def carry(self, call: Call[T], retry: int = 0, flight: Flight | None = None) -> tuple[RestAnswer, T, int]:
        """Return the answer, what it means, and when it was asked for."""
        await self.renewal.ready(call.request)
        return await self._carry(call, retry, flight, is_signed=True)

    async def _ask_unsigned(self, call: Call[T]) -> T:
        """Carry a call of the credential's own: without a signature, and recorded without its body."""
        return (await self._carry(call, 0, None, is_signed=False))[1]

    async def _carry(
        self, call: Call[T], retry: int, flight: Flight | None, is_signed: bool
    ) -> tuple[RestAnswer, T, int]:
        request = call.request
        tokens = self.costs.of(request)
        waited_ns = await self._gate.enter(request, tokens)
        attempt = Attempt(request, self._wall_ns(), tokens, waited_ns, retry, is_signed)
        asked_ns = self._clock_ns()
        if flight is not None:
            flight.has_left = True
        try:
            headers = self._signature(request, attempt.wall_ns) if is_signed else {}
            answer = attempt.answer = await self._wire.exchange(request, headers)
            check(call, answer, self._dialect, attempt.wall_ns)
            return answer, value_of(call, answer), asked_ns
        except RestError as error:
            attempt.error = error
            self._learn(request, error, retry)
            raise
        except asyncio.CancelledError:
            attempt.error = unanswered(request, "given up by whoever asked", code="cancelled")
            raise
        finally:
            self._gate.leave(request)
            self._note(attempt, self._clock_ns() - asked_ns)

    def _signature(self, request: RestRequest, now_ns: int) -> dict[str, str]:
        try:
            return self._credential.sign(request, now_ns)
        except Exception as error:  # it may hold what is secret: its kind is all that is told
            what = f"it cannot be signed: {type(error).__name__}"
            raise never_sent(request, what, "check the credentials and the path", code="credential") from None

    def _learn(self, request: RestRequest, error: RestError, retry: int) -> None:
        """Take from a failure what concerns other requests too."""
        if error.is_limited:
            self._counts.limited += 1
            self._gate.limited(request, error.retry_after_ns)
        elif error.status == _DENIED and self.renewal.refused() and not retry:
            error.may_retry = True

    def _note(self, attempt: Attempt, took_ns: int) -> None:
        """Count an attempt, and record it."""
        request, answer, error, counts = attempt.request, attempt.answer, attempt.error, self._counts
        counts.requests += 1
        counts.writes += request.is_write
        counts.retries += attempt.retry > 0
        counts.bytes_out += len(request.body)
        counts.answer_ns += took_ns
        counts.slowest_ns = max(counts.slowest_ns, took_ns)
        if answer is not None:
            counts.bytes_in += len(answer.body)
        if error is not None:
            counts.timeouts += error.code == "timeout"
            counts.unknown += error.is_outcome_unknown
            counts.count_error(error.code)
            counts.last_error, counts.last_error_ns = printable(str(error)), attempt.wall_ns
        if self._audit is not None:
            counts.audited += 1
            self._audit.write(record(attempt, took_ns))
