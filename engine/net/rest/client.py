"""The REST client: carries a venue's calls in the order of their urgency, within its limits, and tells what came of it.

A read is tried again where that may help; a write is sent once, whatever happens to it.

Units   times in ns.
Errors  RestError, with what to do; ConfigError at construction.
Bounds  as in `RestSettings`.
Thread  the loop thread only.
Source  Kalshi REST: authentication, rate limits, errors, pagination; RFC 9110.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from random import Random
from ssl import SSLContext
from types import TracebackType
from typing import Any, Generic, NamedTuple, Self

import stamina
import stamina.instrumentation

from engine.errors import ConfigError
from engine.net.rest.answers import value_of
from engine.net.rest.cache import AnswerCache
from engine.net.rest.carrier import Carrier
from engine.net.rest.counts import RestCounts
from engine.net.rest.credential import Credential, LastingCredential
from engine.net.rest.errors import RestError, printable
from engine.net.rest.gate import RestGate
from engine.net.rest.pages import PagedList, each_page
from engine.net.rest.settings import RestSettings
from engine.net.rest.sharing import Flight, Flights
from engine.net.rest.tokens import TokenCosts, Tokens
from engine.net.rest.wire import Wire
from engine.runtime.audit import AuditSink
from engine.runtime.backoff import Backoff
from engine.runtime.log import LOGGER
from engine.venue.rest import Call, PagedCall, RestAnswer, RestDialect, T

_LOGGER = logging.getLogger(LOGGER)
_NS = 1_000_000_000
_GOODBYE_S = 2.0  # for the answers that are still due


class Aged(NamedTuple, Generic[T]):
    """A value that may be out of the cache: how old, and whether it is too old but the venue cannot be asked."""

    value: T
    age_ns: int
    is_stale: bool


class RestClient:
    """One client of one account, from `open` to `close` (or in `async with`).

    `tokens` may be spent by others too. `audit` takes a record of each attempt. `tell` takes words about what the
    venue failed to do, a line each; its refusals are for whoever asked, as RestError.
    """

    def __init__(
        self,
        settings: RestSettings,
        dialect: RestDialect,
        *,
        wall_ns: Callable[[], int],
        clock_ns: Callable[[], int],
        ssl_context: SSLContext | None = None,
        credential: Credential | None = None,
        audit: AuditSink | None = None,
        tell: Callable[[str], object] = _LOGGER.warning,
        tokens: Tokens | None = None,
    ) -> None:
        self.settings = settings
        self.counts = RestCounts()
        self.tokens = tokens or Tokens(settings.limits, settings.unused_percent)
        self._dialect = dialect
        self._clock_ns = clock_ns
        self._tell = tell
        self._wire = Wire(settings, ssl_context)
        self._gate = RestGate(settings, self.tokens, self.counts, clock_ns)
        self._cache = AnswerCache(settings.cache_entries, settings.cache_bytes)
        self._flights = Flights()
        self._carrier = Carrier(
            dialect,
            self._wire,
            self._gate,
            self.counts,
            credential=credential or LastingCredential(dialect),
            wall_ns=wall_ns,
            clock_ns=clock_ns,
            audit=audit,
            tell=tell,
            backoff=Backoff(_NS, 60 * _NS, Random()),
        )

    def open(self) -> None:
        """Make ready on the running loop."""
        self._wire.open()
        self._carrier.renewal.start()
        stamina.instrumentation.get_on_retry_hooks()  # else it imports them at the first retry, and holds the loop
        logging.getLogger("stamina").setLevel(logging.ERROR)  # a line for each retry: they are counted and recorded

    async def close(self) -> None:
        """Let nothing more out, wait a moment for what is on its way, and disconnect."""
        self._gate.close()
        await self._gate.drained(_GOODBYE_S)
        await self._flights.close()
        await self._carrier.renewal.close()
        await self._wire.close()

    async def __aenter__(self) -> Self:
        self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def call(self, call: Call[T]) -> T:
        """Return what the venue answers; of a read that takes one of some age, perhaps what it answered before."""
        if call.request.is_write:
            return await self._write(call)
        return (await self._read(call)).value

    async def latest(self, call: Call[T]) -> Aged[T]:
        """Return the same of a read, and where the venue cannot be asked what it last said, marked as stale."""
        request = call.request
        try:
            return await self._read(call)
        except RestError as error:
            most_ns = request.max_age_ns + self.settings.stale_ns
            answer = self._cache.get(request, most_ns, self._clock_ns()) if request.max_age_ns else None
            if answer is None or (error.status and not error.may_retry):
                raise
            self.counts.stale += 1
            self._tell(f"an answer that is {answer.age_ns // _NS} s old stands in: {error}")
            return Aged(value_of(call, answer), answer.age_ns, True)

    async def pages(self, paged: PagedCall[T]) -> AsyncIterator[T]:
        """Yield the items of a list. It ends with the list's end, or raises RestError: then some are missing."""
        async for items in each_page(self.call, paged, self.settings.most_pages):
            for item in items:
                yield item

    async def all(self, paged: PagedCall[T]) -> PagedList[T]:
        """Return a list as far as it could be read, and whether that is all of it."""
        found: list[T] = []
        try:
            async for items in each_page(self.call, paged, self.settings.most_pages):
                found += items
        except RestError as error:
            return PagedList(found, error)
        return PagedList(found, None)

    async def warm(self, calls: Iterable[Call[Any]]) -> list[RestError]:
        """Ask these reads, so that the cache has them; return what failed."""
        outcomes = await asyncio.gather(*(self.call(call) for call in calls), return_exceptions=True)
        return [outcome for outcome in outcomes if isinstance(outcome, RestError)]

    async def learn(self) -> list[RestError]:
        """Ask for the account's limits and what operations cost, and go by them; return what could not be learnt."""
        problems = []
        limits, costs = self._dialect.limits(), self._dialect.costs()
        try:
            if limits is not None:
                self.tokens.change(await self.call(limits), self._clock_ns())
        except RestError as error:
            problems.append(error)
        except ConfigError as error:
            problems.append(RestError("limits", str(error), code="unreadable", advice="the limits stay as they are"))
        try:
            if costs is not None:
                self._carrier.costs = TokenCosts(await self.call(costs))
        except RestError as error:
            problems.append(error)
        return problems

    def forget(self) -> None:
        """Empty the cache."""
        self._cache.clear()

    async def _write(self, call: Call[T]) -> T:
        try:
            return (await self._carrier.carry(call))[1]
        except RestError as error:
            self._failed(error)
            raise

    async def _read(self, call: Call[T]) -> Aged[T]:
        request = call.request
        if request.method != "GET":
            return Aged((await self._retried(call, None))[1], 0, False)
        if request.max_age_ns:
            known = self._cache.get(request, request.max_age_ns, self._clock_ns())
            if known is not None:
                self.counts.hits += 1
                return Aged(value_of(call, known), known.age_ns, False)
            self.counts.misses += 1
        flight = self._flights.find(request)
        if flight is None:
            flight = self._flights.start(request, lambda flight: self._retried(call, flight))
            value: T = (await flight.outcome())[1]
            return Aged(value, 0, False)
        self.counts.shared += 1
        answer: RestAnswer = (await flight.outcome())[0]
        return Aged(value_of(call, answer), 0, False)

    async def _retried(self, call: Call[T], flight: Flight | None) -> tuple[RestAnswer, T]:
        settings = self.settings
        attempts = stamina.retry_context(
            on=self._again,
            attempts=settings.attempts,
            timeout=settings.retry_time_ns / _NS,
            wait_initial=settings.first_retry_ns / _NS,
            wait_jitter=settings.first_retry_ns / _NS,
            wait_max=settings.longest_retry_ns / _NS,
        )
        try:
            async for attempt in attempts:
                with attempt:
                    return await self._cached(call, attempt.num - 1, flight)
        except RestError as error:
            self._failed(error)
            raise
        raise AssertionError("stamina ends with a result or an error")

    def _again(self, error: Exception) -> bool | float:
        """Say whether a read is tried again after this error, or after how many seconds."""
        if not isinstance(error, RestError) or not error.may_retry:
            return False
        if error.retry_after_ns > self.settings.longest_retry_after_ns:
            return False
        return error.retry_after_ns / _NS if error.retry_after_ns else True

    async def _cached(self, call: Call[T], retry: int, flight: Flight | None) -> tuple[RestAnswer, T]:
        answer, value, asked_ns = await self._carrier.carry(call, retry, flight)
        if call.request.max_age_ns and call.request.method == "GET":
            self._cache.put(call.request, answer, asked_ns)
        return answer, value

    def _failed(self, error: RestError) -> None:
        if error.may_retry or error.is_outcome_unknown or error.is_limited:
            self._tell(printable(str(error)))
