"""Who we are, where that expires: a credential is renewed before it does, once for all who need it.

Units   times in ns since 1970.
Errors  RestError from `ready`, where the credential has expired and cannot be renewed.
Thread  the loop thread only.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from engine.errors import EngineError
from engine.net.rest.counts import RestCounts
from engine.net.rest.errors import never_sent, printable
from engine.runtime.backoff import Backoff
from engine.venue.rest import Call, RestDialect, RestRequest

NEVER = 2**63 - 1
Ask = Callable[[Call[Any]], Awaitable[Any]]
LONGEST_S = 60.0  # for one renewal
_NS = 1_000_000_000
_NEW_NS = 10 * _NS  # a credential that is refused so soon would be refused again
_LONGEST_SLEEP_S = 60.0  # the wall clock may be set meanwhile
_ADVICE = "check the credentials and that the venue lets them log in"


class Credential(Protocol):
    """What signs requests, and may have to be renewed: a token, or a key that is rotated."""

    @property
    def refresh_at_ns(self) -> int:
        """When to begin to renew it; NEVER where it lasts."""

    @property
    def expires_at_ns(self) -> int:
        """When the venue takes it no more."""

    def sign(self, request: RestRequest, now_ns: int) -> dict[str, str]:
        """Return the headers of a request that is sent now."""

    async def renew(self, ask: Ask) -> None:
        """Get another one from the venue: `ask` carries a call, unsigned. Raise EngineError if there is none."""


class LastingCredential:
    """The signature of a dialect whose key does not expire."""

    refresh_at_ns = NEVER
    expires_at_ns = NEVER

    def __init__(self, dialect: RestDialect) -> None:
        self.sign = dialect.sign

    async def renew(self, ask: Ask) -> None:
        """Do nothing: it lasts."""


class Renewal:
    """Keeps a credential fresh from `start` to `close`. `tell` takes words about what fails."""

    def __init__(
        self,
        credential: Credential,
        ask: Ask,
        counts: RestCounts,
        *,
        wall_ns: Callable[[], int],
        tell: Callable[[str], object],
        backoff: Backoff,
    ) -> None:
        self._credential = credential
        self._ask = ask
        self._counts = counts
        self._wall_ns = wall_ns
        self._tell = tell
        self._backoff = backoff
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._not_before_ns = 0  # after a failure
        self._problem = ""
        self._renewed_ns = 0
        self._is_refused = False

    def start(self) -> None:
        """Renew the credential when its time comes, whether somebody asks for it or not."""
        if self._credential.refresh_at_ns == NEVER:
            return
        self._look()

    async def close(self) -> None:
        """Renew it no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def ready(self, request: RestRequest) -> None:
        """Return when requests can be signed: at once while the credential is valid, though it is being renewed."""
        now_ns = self._wall_ns()
        if now_ns < self._credential.refresh_at_ns and not self._is_refused:
            return
        task = self._renewing(now_ns)
        if self._is_valid(now_ns):
            return
        if task is not None:
            await asyncio.shield(task)
        if not self._is_valid(self._wall_ns()):
            what = f"the credential has expired and could not be renewed: {self._problem}"
            raise never_sent(request, what, _ADVICE, code="credential", may_retry=True)

    def refused(self) -> bool:
        """Take it as expired, as the venue refused it. Return whether another may help: not if this one is new."""
        is_new = 0 <= self._wall_ns() - self._renewed_ns < _NEW_NS
        self._is_refused = self._credential.refresh_at_ns != NEVER and not is_new
        return self._is_refused

    def _is_valid(self, now_ns: int) -> bool:
        return now_ns < self._credential.expires_at_ns and not self._is_refused

    def _renewing(self, now_ns: int) -> "asyncio.Task[None] | None":
        """Return the renewal under way, begun if need be; None while the last failure is too fresh."""
        if self._task is None or self._task.done():
            if now_ns < self._not_before_ns:
                return None
            self._task = asyncio.get_running_loop().create_task(self._renew())
        return self._task

    async def _renew(self) -> None:
        try:
            async with asyncio.timeout(LONGEST_S):
                await self._credential.renew(self._ask)
        except TimeoutError:
            self._failed(EngineError(f"no end in {LONGEST_S:g} s"))
            return
        except Exception as error:
            self._failed(error)
            return
        if self._wall_ns() >= self._credential.expires_at_ns:
            self._failed(EngineError("the venue gave one that has expired already: check this host's clock"))
            return
        self._counts.renewals += 1
        self._renewed_ns = self._wall_ns()
        self._is_refused = False
        self._backoff.reset()

    def _failed(self, error: Exception) -> None:
        self._counts.renewal_failures += 1
        self._problem = printable(str(error) if isinstance(error, EngineError) else repr(error))
        wait_ns = self._backoff.next_ns()
        self._not_before_ns = self._wall_ns() + wait_ns
        self._tell(f"the credential could not be renewed, next attempt in {wait_ns / _NS:g} s: {self._problem}")

    def _look(self) -> None:
        now_ns = self._wall_ns()
        due_ns = max(self._credential.refresh_at_ns, self._not_before_ns)
        if now_ns >= due_ns:
            self._renewing(now_ns)
            due_ns = now_ns + _NS
        delay_s = min((due_ns - now_ns) / _NS, _LONGEST_SLEEP_S)
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._look)
