"""The REST server: each request is recognised, paid for, carried out and answered, in this order.

Units   times in ns since 1970, the venue's own clock.
Errors  ConfigError where it cannot listen. A request never raises: what goes wrong inside is answered 500 and logged.
Thread  one; a request is carried out between two turns of the loop, in the order in which their bodies end.
"""

import asyncio
import logging
import ssl
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec
from aiohttp import web

from engine.errors import ConfigError
from engine.exchange.blocks import BlockTrades
from engine.exchange.reporter import uuid_of
from engine.sim.keys import SimKey
from engine.sim.rest.access import VenueAccess
from engine.sim.rest.addresses import AddressTokens
from engine.sim.rest.broken import altered, doubled, omitted, plain, truncated, with_repeated_page, with_unknown_enum
from engine.sim.rest.communications.desk import QuoteDesk
from engine.sim.rest.communications.news import QuoteListener, RfqNews
from engine.sim.rest.faults import RestFault, RestFaultKind, RestFaults
from engine.sim.rest.gate import Gate
from engine.sim.rest.lag import ReadLag
from engine.sim.rest.minutes import Minutes
from engine.sim.rest.operations import Asked, Operation, Routes
from engine.sim.rest.records import RestRecords
from engine.sim.rest.refusals import RestRefused, internal_error, too_many_requests
from engine.sim.rest.settings import RestServerSettings

_log = logging.getLogger("engine.sim.rest")
_JSON = "application/json"
_NS_PER_MS = 1_000_000
_PATIENCE = 1.0  # seconds, for requests that are under way when the server closes
_NOWHERE = "none"  # the operation of a request that names none


class RestServer:
    """One venue's server. `counts` are answers by (operation, status); `faults` can be added to while it runs."""

    def __init__(
        self,
        venue: VenueAccess,
        operations: Iterable[Operation],
        settings: RestServerSettings,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.counts: Counter[tuple[str, int]] = Counter()
        self.faults = RestFaults(settings.faults)
        self.port = 0
        self._venue = venue
        self._routes = Routes(operations)
        self._settings = settings
        self._gate = Gate(venue.keys, settings.tolerance_ms)
        news = RfqNews()
        self._records = RestRecords(
            Minutes(venue.quote, venue.open_interest),
            ReadLag(settings.lag_ms * _NS_PER_MS),
            QuoteDesk(venue.is_active, settings.confirm_ms * _NS_PER_MS, news.unasked),
            news,
            BlockTrades(venue.exchange, f"{venue.now_ns():x}-Q", uuid_of),
        )
        self._addresses = AddressTokens(settings.public_per_second)
        self._ssl_context = ssl_context
        self._runner: web.AppRunner | None = None

    def take(self, events: Iterable[object]) -> None:
        """Learn from all that the venue tells, each event once: candlesticks are made of it."""
        self._records.minutes.take(events)

    def set_lag(self, lag_ms: int) -> None:
        """Let what an account reads of itself be so far behind what it did, from now on."""
        self._records.lag.lag_ns = lag_ms * _NS_PER_MS

    def tell_quotes(self, listener: QuoteListener) -> None:
        """Let a feed tell of requests for quotes and quotes."""
        self._records.news.listener = listener

    async def start(self) -> int:
        """Listen; return the port."""
        application = web.Application(client_max_size=self._settings.most_bytes)
        application.router.add_route("*", "/{tail:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=_PATIENCE)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.host, self._settings.port, ssl_context=self._ssl_context)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise ConfigError(f"rest.port: {error}; choose a free one, or 0 for any") from None
        self.port = self._runner.addresses[0][1]
        return self.port

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """Read a request whole, then carry it out at once."""
        target, _, query = request.raw_path.partition("?")
        try:
            operation, names = self._routes.find(request.method, target)
        except RestRefused as refused:
            return self._refuse(_NOWHERE, refused)
        fault: RestFault | None = None
        try:
            content = await self._read(request)
            key = self._admit(request, operation, target)
            fault = self.faults.take(operation.name, key.member if key else "")
            response = self._carry_out(operation, names, key, query, content, fault)
        except RestRefused as refused:
            response = self._refuse(operation.name, refused)
        except Exception:
            _log.exception("REST %s failed", operation.name)
            response = self._refuse(operation.name, internal_error())
        return await self._deliver(request, response, fault)

    async def _read(self, request: web.Request) -> bytes:
        """Return the body of a request, whole; one that does not come so asks for nothing."""
        try:
            async with asyncio.timeout(self._settings.body_seconds):
                return await request.read()
        except web.HTTPRequestEntityTooLarge:
            details = f"a body has up to {self._settings.most_bytes} bytes"
            raise RestRefused(413, "body_too_large", details) from None
        except TimeoutError:
            details = f"a body comes within {self._settings.body_seconds:g} s"
            raise RestRefused(408, "request_timeout", details) from None
        except ConnectionError:  # nobody reads this, but it is counted
            raise RestRefused(400, "connection_lost", "the connection ended in the body") from None

    def _admit(self, request: web.Request, operation: Operation, target: str) -> SimKey | None:
        """Return the key of a request; whoever has none is counted by his address."""
        now_ns = self._venue.now_ns()
        key = self._gate.admit(operation.scope, request.method, target, request.headers, now_ns)
        if key is None and not self._addresses.spend(request.remote or "", now_ns):
            raise too_many_requests()
        return key

    def _carry_out(
        self,
        operation: Operation,
        names: dict[str, str],
        key: SimKey | None,
        query_text: str,
        content: bytes,
        fault: RestFault | None,
    ) -> web.Response:
        refusal = fault.refusal() if fault else None
        if refusal and fault and not fault.is_applied and operation.broken is None:
            raise refusal
        query, body = operation.parse_query(query_text), operation.parse_body(content)
        if key is not None:
            self._charge(operation, key, query, body)
        asked = Asked(self._venue, key, names, query, body, self._venue.now_ns(), self._records)
        if refusal and operation.broken is not None:
            return self._answer(operation, refusal.status, operation.broken(asked))
        answer = operation.run(asked)
        if refusal:
            raise refusal
        if fault is not None:
            return self._spoiled(operation, answer, fault, getattr(query, "cursor", ""))
        return self._answer(operation, operation.status, answer)

    def _charge(self, operation: Operation, key: SimKey, query: Any, body: Any) -> None:
        """Take the tokens of a request; all of them, or it is refused."""
        tokens = operation.tokens(body)
        if operation.is_write:
            is_paid = self._venue.tokens.spend(key.member, tokens, operation.shard(query, body))
        else:
            is_paid = self._venue.tokens.spend_read(key.member, tokens)
        if not is_paid:
            raise too_many_requests()

    def _answer(self, operation: Operation, status: int, answer: object) -> web.Response:
        self.counts[operation.name, status] += 1
        if answer is None:
            return web.Response(status=status)
        return web.Response(status=status, body=msgspec.json.encode(answer), content_type=_JSON)

    def _spoiled(self, operation: Operation, answer: object, fault: RestFault, cursor: str) -> web.Response:
        """Return an answer with what its fault does to it."""
        match fault.kind:
            case RestFaultKind.UNKNOWN_ENUM:
                return self._answer(operation, operation.status, with_unknown_enum(plain(answer)))
            case RestFaultKind.REPEAT_PAGE:
                return self._answer(operation, operation.status, with_repeated_page(plain(answer), cursor))
            case RestFaultKind.ALTERED:
                return self._answer(operation, operation.status, altered(plain(answer), fault.where, fault.change))
            case RestFaultKind.OMITTED:
                return self._answer(operation, operation.status, omitted(plain(answer), fault.where))
            case RestFaultKind.DOUBLED:
                return self._answer(operation, operation.status, doubled(plain(answer), fault.where, fault.change))
            case RestFaultKind.TRUNCATED:
                self.counts[operation.name, operation.status] += 1
                content = truncated(msgspec.json.encode(answer))
                return web.Response(status=operation.status, body=content, content_type=_JSON)
            case RestFaultKind.NOT_JSON:
                self.counts[operation.name, 502] += 1
                return web.Response(status=502, text="<html><body>Bad gateway</body></html>", content_type="text/html")
        return self._answer(operation, operation.status, answer)

    def _refuse(self, name: str, refused: RestRefused) -> web.Response:
        self.counts[name, refused.status] += 1
        content = msgspec.json.encode(refused.body(self._settings.error_shape))
        return web.Response(status=refused.status, body=content, content_type=_JSON, headers=dict(refused.headers))

    async def _deliver(
        self, request: web.Request, response: web.Response, fault: RestFault | None
    ) -> web.StreamResponse:
        """Let an answer go out late, or not at all, where a fault says so."""
        if fault is not None and fault.delay_ms:
            await asyncio.sleep(fault.delay_ms / 1000)
        if fault is not None and fault.kind is RestFaultKind.DROP and request.transport is not None:
            request.transport.abort()
        return response
