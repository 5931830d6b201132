"""A WebSocket venue in the test's own loop, and a client that records what its feed calls."""

import asyncio
import json
from random import Random

import pytest
import uvloop
from picows import WSListener, WSMsgType, WSUpgradeResponse, WSUpgradeResponseWithListener, ws_create_server

from engine.net.feed import Feed, FeedSettings
from engine.runtime.backoff import Backoff
from engine.venue.kalshi.market_data import PATH

MS = 1_000_000
WALL_NS = 1_795_444_200_000_000_000


def run(coroutine):
    """Run a test on the engine's kind of loop, five seconds at most."""

    async def limited():
        async with asyncio.timeout(5):
            return await coroutine

    return uvloop.run(limited())


class Venue:
    """A server that does only what a test tells it, and keeps what it received."""

    def __init__(self, refuse=None, ssl_context=None) -> None:
        self.refuse = refuse  # (status, body)
        self.requests = []
        self.connections = asyncio.Queue()
        self._ssl_context = ssl_context

    async def __aenter__(self):
        self._server = await ws_create_server(
            self._admit, "127.0.0.1", 0, enable_auto_pong=False, ssl=self._ssl_context, disconnect_on_exception=False
        )
        scheme = "wss" if self._ssl_context else "ws"
        self.url = f"{scheme}://localhost:{self._server.sockets[0].getsockname()[1]}{PATH}"
        return self

    async def __aexit__(self, *_):
        self._server.close()

    def _admit(self, request: pytest.FixtureRequest):
        self.requests.append(request)
        if self.refuse:
            status, body = self.refuse
            return WSUpgradeResponseWithListener(WSUpgradeResponse.create_error_response(status, body), None)
        return VenueConnection(self)


class RawVenue:
    """A TCP server that answers each connection with `serve(reader, writer)`."""

    def __init__(self, serve) -> None:
        self._serve = serve

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *_):
        self._server.close()


class VenueConnection(WSListener):
    def __init__(self, venue) -> None:
        self._venue = venue
        self.inbox = asyncio.Queue()  # commands as dicts, control frames as (type, payload)
        self.is_gone = asyncio.Event()

    def on_ws_connected(self, transport) -> None:
        self.transport = transport
        self._venue.connections.put_nowait(self)

    def on_ws_frame(self, transport, frame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self.inbox.put_nowait(json.loads(frame.get_payload_as_bytes()))
        elif frame.msg_type == WSMsgType.CLOSE:
            self.inbox.put_nowait((WSMsgType.CLOSE, int(frame.get_close_code())))
            transport.disconnect()
        else:
            self.inbox.put_nowait((frame.msg_type, frame.get_payload_as_bytes()))

    def on_ws_disconnected(self, transport) -> None:
        self.is_gone.set()

    def send(self, *frames) -> None:
        for frame in frames:
            self.transport.send(WSMsgType.TEXT, frame)

    def write(self, *parts) -> None:
        """Send frames as (type, payload, fin) in one write, so that one read takes them all."""
        self.transport.underlying_transport.write(b"".join(wire_frame(*part) for part in parts))

    def drop(self) -> None:
        self.transport.disconnect(graceful=False)


def wire_frame(kind, payload, fin=True):
    size = len(payload)
    length = bytes([size]) if size < 126 else bytes([126]) + size.to_bytes(2, "big")
    return bytes([int(kind) | (0x80 if fin else 0)]) + length + payload


class Client:
    """A feed whose callables record tuples; `next` waits for the next ones."""

    def __init__(self, venue, dialect, ssl_context=None, backoff=None, **settings) -> None:
        self.events = []
        self._arrived = asyncio.Queue()
        self.raise_on = None
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

    async def __aenter__(self):
        self.feed.start()
        return self

    async def __aexit__(self, *_):
        await self.feed.close()

    def on_frame(self, frame, is_last) -> None:
        self.record("frame", frame, bool(is_last))
        if frame == self.raise_on:
            raise RuntimeError("hook failed")

    def record(self, *event) -> None:
        self.events.append(event)
        self._arrived.put_nowait(event)

    async def next(self, count=1):
        return [await self._arrived.get() for _ in range(count)]


class PlainDialect:
    """Subscribes with one frame, waits for nothing."""

    def __init__(self) -> None:
        self.waits = []
        self.headers = {}

    def handshake_headers(self, now_ns):
        return self.headers | {"X-Now": str(now_ns)}

    def subscribe(self):
        return [b'{"id":1}']

    def resync(self, instruments):
        return [json.dumps({"resync": sorted(instruments)}).encode()]

    def waiting(self):
        return self.waits.pop(0) if self.waits else []
