"""A venue's REST server in a process of its own, over TLS: it takes every order and says that it rests.

Shapes  the pipe gets ("done", port) once it listens; the server ends when the pipe closes. A connection stays open.
Errors  a request without a signature is answered by 401.
Source  RFC 9112, as far as the engine's own client asks for it; Kalshi REST, order writes.
"""

import asyncio
import ssl
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import msgspec
import uvloop

from bench.report import host
from bench.subjects.idle_acceptor import answers

CREATED, UNAUTHORIZED = b"201 Created", b"401 Unauthorized"
SIGNATURE = b"\r\nkalshi-access-signature: "
LENGTH = b"\r\ncontent-length: "
HEAD_END = b"\r\n\r\n"


def serve(pipe: Connection, certificate: Path, core: int | None) -> None:
    """Answer requests until the pipe closes."""
    with answers(pipe):
        if core is not None:
            host.pin(core)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(pipe, certificate))


async def _serve(pipe: Connection, certificate: Path) -> None:
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await loop.create_server(RestAnswerer, "127.0.0.1", 0, ssl=context)
    is_over = asyncio.Event()
    loop.add_reader(pipe.fileno(), is_over.set)
    try:
        pipe.send(("done", server.sockets[0].getsockname()[1]))
        await is_over.wait()
    finally:
        loop.remove_reader(pipe.fileno())
        server.close()


class RestAnswerer(asyncio.Protocol):
    """One client's connection."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._come = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._come += data
        while (at := self._come.find(HEAD_END)) >= 0 and self._transport is not None:
            head, rest = self._come[:at].lower(), self._come[at + len(HEAD_END) :]
            size = int(head.partition(LENGTH)[2].partition(b"\r\n")[0] or 0)
            if len(rest) < size:
                return
            self._come = rest[size:]
            status, told = answer(head, rest[:size])
            body = msgspec.json.encode(told)
            about = b"Content-Type: application/json\r\nContent-Length: %d" % len(body)
            self._transport.write(b"HTTP/1.1 %b\r\n%b%b%b" % (status, about, HEAD_END, body))


def answer(head: bytes, body: bytes) -> tuple[bytes, dict[str, Any]]:
    """Return the status and the body that answer a create."""
    if SIGNATURE not in head:
        return UNAUTHORIZED, {"code": "unauthorized", "message": "no signature"}
    order = msgspec.json.decode(body)
    return CREATED, {
        "order_id": "b81d4c02-77aa-4c35-8f19-5e0d93a6c7f4",
        "client_order_id": order["client_order_id"],
        "fill_count": "0.00",
        "remaining_count": order["count"],
        "ts_ms": 1_795_444_202_099,
    }
