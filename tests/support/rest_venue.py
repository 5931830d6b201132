"""A REST venue in the test's own loop, which answers as it is told, and a client of it."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Any, NamedTuple, Self, TypeAlias

import msgspec
from aiohttp import web

from engine.errors import DecodeError
from engine.net.rest.client import RestClient
from engine.net.rest.settings import RestSettings
from engine.runtime.audit import AuditRecord
from engine.venue.rest import Call, Page, PagedCall, RestAnswer, RestRefusal, RestRequest, TokenLimits, Urgency

NS = 1_000_000_000
WALL_NS = 1_795_444_200 * NS
PLENTY = TokenLimits(1_000_000, 1_000_000, 1_000_000, 1_000_000)
Respond: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Seen(NamedTuple):
    """A request as the venue got it."""

    method: str
    target: str
    body: bytes
    headers: dict[str, str]


class RestVenue:
    """Answers each request with the next of `answers`, or else with `{}`; holds them while `is_open` is not set."""

    def __init__(self, ssl_context: SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self.answers: list[web.Response | Respond] = []
        self.is_open = asyncio.Event()
        self.is_open.set()
        self._ssl_context = ssl_context
        self._came = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._ssl_context)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"https://localhost:{port}" if self._ssl_context else f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.is_open.set()
        await self._runner.cleanup()

    async def came(self, count: int) -> list[str]:
        """Wait for so many requests in all, and return their targets."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.seen) >= count)
        return [each.target for each in self.seen]

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        async with self._came:
            self.seen.append(Seen(request.method, request.raw_path, body, headers))
            self._came.notify_all()
        answer = self.answers.pop(0) if self.answers else reply({})
        await self.is_open.wait()
        return answer if isinstance(answer, web.Response) else await answer(request)


def reply(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return an answer in JSON."""
    return web.Response(status=status, text=json.dumps(value), content_type="application/json", headers=headers)


class PlainRestDialect:
    """Signs with a header that tells the time, reads `{"code", "message"}`, and takes 429 for a refused rate."""

    def __init__(self) -> None:
        self.limits_call: Call[TokenLimits] | None = None
        self.costs_call: Call[dict[tuple[str, str], int]] | None = None

    def sign(self, request: RestRequest, now_ns: int) -> dict[str, str]:
        return {"X-Signature": f"secret {request.method} {request.path} {now_ns}"}

    def refusal(self, answer: RestAnswer) -> RestRefusal:
        error = json.loads(answer.body)
        return RestRefusal(error["code"], error["message"])

    def is_limited(self, answer: RestAnswer) -> bool:
        return answer.status == 429

    def limits(self) -> Call[TokenLimits] | None:
        return self.limits_call

    def costs(self) -> Call[dict[tuple[str, str], int]] | None:
        return self.costs_call


def read_json(body: bytes) -> Any:
    """Read an answer as a venue's room does: whatever it is not raises DecodeError."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise DecodeError(str(error)) from None


def get(path: str = "/api/markets", **fields: Any) -> Call[Any]:
    """Return a read."""
    return Call(RestRequest(operation="get_markets", method="GET", path=path, **fields), read_json)


def post(path: str = "/api/orders", body: bytes = b'{"price":"0.40"}', **fields: Any) -> Call[Any]:
    """Return a write."""
    fields = {"operation": "create_order", "method": "POST", "urgency": Urgency.ORDER, **fields}
    return Call(RestRequest(path=path, body=body, is_write=True, **fields), read_json, (200, 201))


def paged() -> PagedCall[int]:
    """Return a list of numbers in pages."""

    def following(cursor: str) -> RestRequest:
        query = (("cursor", cursor),) if cursor else ()
        return RestRequest(operation="get_numbers", method="GET", path="/api/numbers", query=query)

    def read(body: bytes) -> Page[int]:
        page = read_json(body)
        return Page(page["items"], page["cursor"])

    return PagedCall(following, read)


class Clock:
    """A clock that stands until a test moves it, or runs; the same for both times."""

    def __init__(self, is_running: bool = False) -> None:
        self.ns = WALL_NS
        self._is_running = is_running

    def __call__(self) -> int:
        return self.ns + time.monotonic_ns() if self._is_running else self.ns


class Visitor:
    """A client of a venue, with what it told and what its audit log got."""

    def __init__(self, venue_url: str, dialect: Any = None, **options: Any) -> None:
        self.clock = Clock(options.pop("is_running", False))
        self.told: list[str] = []
        self.audited: list[AuditRecord] = []
        self.dialect = dialect or PlainRestDialect()
        parts = {name: options.pop(name) for name in ("credential", "ssl_context", "tokens") if name in options}
        patience = {"timeout_ns": 60 * NS, "connect_timeout_ns": 30 * NS, "longest_order_wait_ns": 60 * NS}
        options = {"limits": PLENTY, "first_retry_ns": NS // 1000, "unused_percent": 0, **patience, **options}
        self.client = RestClient(
            RestSettings(url=venue_url, **options),
            self.dialect,
            wall_ns=self.clock,
            clock_ns=self.clock,
            audit=self,
            tell=self.told.append,
            **parts,
        )

    def write(self, record: AuditRecord) -> None:
        """Take a record as an audit log does."""
        self.audited.append(record)


@asynccontextmanager
async def visiting(venue: RestVenue | None = None, **options: Any) -> AsyncIterator[tuple[RestVenue, Visitor]]:
    """Open a venue and a client of it."""
    async with contextlib.AsyncExitStack() as stack:
        venue = await stack.enter_async_context(venue or RestVenue())
        visitor = Visitor(venue.url, **options)
        await stack.enter_async_context(visitor.client)
        yield venue, visitor
