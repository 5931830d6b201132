"""A WebSocket venue in the test's own loop, and a client that records what its feed calls."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Coroutine
from random import Random
from ssl import SSLContext
from typing import Any, Self, TypeAlias

import uvloop
from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from engine.net.feed import Feed, FeedSettings
from engine.runtime.backoff import Backoff
from engine.venue import MarketDataCounts
from engine.venue.kalshi.market_data import PATH

Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
MS = 1_000_000
WALL_NS = 1_795_444_200_000_000_000


def run(coroutine: Coroutine[Any, Any, None], seconds: float = 5) -> None:
    """Run a test on the engine's kind of loop, for `seconds` at most."""

    async def limited() -> None:
        async with asyncio.timeout(seconds):
            return await coroutine

    return uvloop.run(limited())


class Venue:
    """A server that does only what a test tells it, and keeps what it received."""

    def __init__(self, refuse: tuple[int, bytes] | None = None, ssl_context: SSLContext | None = None) -> None:
        self.refuse = refuse  # (status, body)
        self.refuse_headers: dict[str, str] = {}
        self.requests: list[WSUpgradeRequest] = []
        self.connections: asyncio.Queue[VenueConnection] = asyncio.Queue()
        self.opened: list[VenueConnection] = []
        self._ssl_context = ssl_context

    async def __aenter__(self) -> Self:
        self._server = await ws_create_server(
            self._admit, "127.0.0.1", 0, enable_auto_pong=False, ssl=self._ssl_context, disconnect_on_exception=False
        )
        scheme = "wss" if self._ssl_context else "ws"
        self.url = f"{scheme}://localhost:{self._server.sockets[0].getsockname()[1]}{PATH}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in self.opened:
            connection.drop()
            await connection.is_gone.wait()

    def _admit(self, request: WSUpgradeRequest) -> "WSUpgradeResponseWithListener | VenueConnection":
        self.requests.append(request)
        if self.refuse:
            status, body = self.refuse
            response = WSUpgradeResponse.create_error_response(status, body, self.refuse_headers)
            return WSUpgradeResponseWithListener(response, None)
        return VenueConnection(self)


class RawVenue:
    """A TCP server that answers each connection with `serve(reader, writer)`."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._serve(reader, writer)


class VenueConnection(WSListener):
    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self.inbox: asyncio.Queue[Any] = asyncio.Queue()  # commands as dicts, control frames as (type, payload)
        self.is_gone = asyncio.Event()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self._venue.connections.put_nowait(self)
        self._venue.opened.append(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self.inbox.put_nowait(json.loads(frame.get_payload_as_bytes()))
        elif frame.msg_type == WSMsgType.CLOSE:
            code: Any = frame.get_close_code()  # an integer, whatever the stubs say
            self.inbox.put_nowait((WSMsgType.CLOSE, int(code)))
            transport.disconnect()
        else:
            self.inbox.put_nowait((frame.msg_type, frame.get_payload_as_bytes()))

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.is_gone.set()

    def send(self, *frames: bytes) -> None:
        for frame in frames:
            self.transport.send(WSMsgType.TEXT, frame)

    def write(self, *parts: tuple[WSMsgType, bytes] | tuple[WSMsgType, bytes, bool]) -> None:
        """Send frames as (type, payload, fin) in one write, so that one read takes them all."""
        self.transport.underlying_transport.write(b"".join(wire_frame(*part) for part in parts))

    def drop(self) -> None:
        self.transport.disconnect(graceful=False)


def wire_frame(kind: WSMsgType, payload: bytes, fin: bool = True) -> bytes:
    size = len(payload)
    length = bytes([size]) if size < 126 else bytes([126]) + size.to_bytes(2, "big")
    return bytes([kind.value | (0x80 if fin else 0)]) + length + payload


class Client:
    """A feed whose callables record tuples; `next` waits for the next ones."""

    def __init__(
        self,
        venue: RawVenue | Venue,
        dialect: Any,
        ssl_context: SSLContext | None = None,
        backoff: Backoff | None = None,
        **settings: Any,
    ) -> None:
        self.events: list[tuple[Any, ...]] = []
        self._arrived: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()
        self.raise_on: bytes | None = None
        self.dialect = dialect
        self.feed = Feed(
            FeedSettings(url=venue.url, **settings),
            dialect,
            on_frame=self.on_frame,
            on_read_end=lambda: self.record("read_end"),
            on_connected=lambda: self.record("connected"),
            on_lost=lambda reason: self.record("lost", reason.partition(": ")[2]),
            wall_ns=lambda: WALL_NS,
            backoff=backoff or Backoff(MS, 8 * MS, Random(7)),
            ssl_context=ssl_context,
        )

    async def __aenter__(self) -> Self:
        self.feed.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.feed.close()

    def on_frame(self, frame: bytes, is_last: bool) -> None:
        self.record("frame", frame, bool(is_last))
        if frame == self.raise_on:
            raise RuntimeError("hook failed")

    def record(self, *event: object) -> None:
        self.events.append(event)
        self._arrived.put_nowait(event)

    async def next(self, count: int = 1) -> list[tuple[Any, ...]]:
        return [await self._arrived.get() for _ in range(count)]


class PlainDialect:
    """Subscribes with one frame; what is due, waiting or at fault is what a test says."""

    def __init__(self) -> None:
        self.counts = MarketDataCounts()
        self.fault = ""
        self.dues: list[list[bytes]] = []
        self.waits: list[Any] = []
        self.headers: dict[str, str] = {}

    def handshake_headers(self, now_ns: int) -> dict[str, str]:
        return self.headers | {"X-Now": str(now_ns)}

    def subscribe(self) -> list[bytes]:
        return [b'{"id":1}']

    def due(self, now_ns: int) -> list[bytes]:
        return self.dues.pop(0) if self.dues else []

    def waiting(self) -> list[Any]:
        return self.waits


Test: TypeAlias = Callable[[Venue, Client, VenueConnection], Coroutine[Any, Any, None]]


def against(venue_options: dict[str, Any] | None = None, **settings: Any) -> Callable[[Test], Callable[[], None]]:
    """Run a test with a venue, a client, and the venue's side of their first connection after its subscription."""

    def decorate(test: Test) -> Callable[[], None]:
        def wrapped() -> None:
            async def body() -> None:
                async with Venue(**venue_options or {}) as venue, Client(venue, PlainDialect(), **settings) as client:
                    connection = await venue.connections.get()
                    assert await connection.inbox.get() == {"id": 1}
                    assert await client.next() == [("connected",)]
                    await test(venue, client, connection)

            run(body())

        wrapped.__name__ = test.__name__
        return wrapped

    return decorate
