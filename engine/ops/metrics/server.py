"""Serves metrics over HTTP to whoever asks on this host: one answer a connection, bounded in every direction.

| bound | is |
|---|---|
| connections at once | MOST_CONNECTIONS; one more ends the oldest that has not asked yet, or else the oldest |
| a request | HEAD_BYTES, whole within HEAD_S of connecting |
| an answer | taken within ANSWER_S |
| answers a second | ANSWERS_PER_S; who asks faster waits for his turn |
| renderings a second | 1 / FRESH_S; between them all get the same text |

Errors  ConfigError where the port cannot be had; a scraper that misbehaves is hung up on.
Thread  the one of its process, which is not the engine's.
"""

import asyncio
import socket
import time

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from engine.errors import ConfigError

HOST = "127.0.0.1"
MOST_CONNECTIONS = 64
HEAD_BYTES = 8192
HEAD_S = 2.0
ANSWER_S = 5.0
ANSWERS_PER_S = 100
FRESH_S = 0.25
PATHS = ("/", "/metrics")


Listener = socket.socket


def inherited(descriptor: int) -> Listener:
    """Return the listening socket that whoever began this process handed over."""
    return socket.socket(fileno=descriptor)


def listen(port: int) -> Listener:
    """Return a listening socket on this host's own address, so that nobody else has the port from now on."""
    try:
        return socket.create_server((HOST, port), backlog=MOST_CONNECTIONS)
    except (OSError, OverflowError) as error:
        raise ConfigError(f"[metrics] port {port}: {error}; choose a free one, or 0 for none") from None


class MetricsServer:
    """Answers scrapes of one collector until it is closed."""

    def __init__(self, collector: Collector) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(collector)
        self._body, self._rendered_s = b"", -FRESH_S
        self._next_s = 0.0  # when the next answer may be given
        self._has_asked: dict[asyncio.Task[None], bool] = {}  # the connections, oldest first

    async def serve(self, listener: Listener) -> asyncio.Server:
        """Begin to answer what `listener` takes."""
        return await asyncio.start_server(self._answer, sock=listener, limit=HEAD_BYTES)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._make_room()
        self._has_asked[task] = False
        try:
            async with asyncio.timeout(HEAD_S):
                head = await reader.readuntil(b"\r\n\r\n")
            self._has_asked[task] = True
            await self._turn()
            async with asyncio.timeout(ANSWER_S):
                writer.write(self._response(head))
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # the scraper left, spoke no HTTP, was too slow, or had to make room
        finally:
            self._has_asked.pop(task, None)
            writer.transport.abort()

    def _make_room(self) -> None:
        """End the oldest connection of those that have not asked, or else of all, if there are too many."""
        if len(self._has_asked) >= MOST_CONNECTIONS:
            oldest = min(self._has_asked.items(), key=lambda each: each[1])[0]  # the first of the least
            del self._has_asked[oldest]
            oldest.cancel()

    async def _turn(self) -> None:
        """Wait until this answer may be given."""
        now_s = time.monotonic()
        turn_s = min(max(now_s, self._next_s), now_s + MOST_CONNECTIONS / ANSWERS_PER_S)
        self._next_s = turn_s + 1 / ANSWERS_PER_S
        await asyncio.sleep(turn_s - now_s)

    def _response(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0].decode("latin-1")
        if method not in (b"GET", b"HEAD"):
            return _http("405 Method Not Allowed", b"use GET\n", method, "Allow: GET, HEAD")
        if path not in PATHS:
            return _http("404 Not Found", b"look at /metrics\n", method)
        return _http("200 OK", self._rendered(), method)

    def _rendered(self) -> bytes:
        now_s = time.monotonic()
        if now_s - self._rendered_s >= FRESH_S:
            self._body, self._rendered_s = generate_latest(self._registry), now_s
        return self._body


def _http(status: str, body: bytes, method: bytes, *more: str) -> bytes:
    kind = CONTENT_TYPE_LATEST if status.startswith("200") else "text/plain; charset=utf-8"
    lines = f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more, "Connection: close"
    return "\r\n".join([*lines, "", ""]).encode() + (b"" if method == b"HEAD" else body)
