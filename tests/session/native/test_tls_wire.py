"""A connection over TLS against a peer that is slow, cuts its records, changes its keys, or goes in every way."""

import asyncio
import contextlib
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from engine.session.native.connection import Connection
from engine.session.native.dialling import speak
from tests.support.certificates import Authority
from tests.support.ws_venue import RawVenue, run

NAME = "localhost"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Ear:
    """A listener that keeps what it hears; `heard` is set with each."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.events: list[str] = []
        self.heard = asyncio.Event()
        self.connection: Connection | None = None

    def on_connected(self, connection: Connection) -> None:
        """Keep the connection."""
        self.connection = connection

    def on_data(self, data: bytes) -> None:
        """Keep bytes."""
        self.data += data
        self.heard.set()

    def on_full(self) -> None:
        """Note it."""
        self.note("full")

    def on_writable(self) -> None:
        """Note it."""
        self.note("writable")

    def on_closed(self, reason: str) -> None:
        """Note it."""
        self.note(f"closed: {reason}")

    def note(self, event: str) -> None:
        """Keep an event."""
        self.events.append(event)
        self.heard.set()

    async def until(self, is_there: Callable[[], bool]) -> None:
        """Wait until something is there."""
        while not is_there():
            self.heard.clear()
            await self.heard.wait()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext, Path]:
    """The contexts of a peer and of its client, and the folder of their files."""
    folder = tmp_path_factory.mktemp("tls_wire")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate, key = Authority(folder).issue(NAME)
    server.load_cert_chain(certificate, key)
    shutil.copy(certificate, folder / "peer.pem")
    shutil.copy(key, folder / "peer.key")
    return server, ssl.create_default_context(cafile=str(folder / "ca.pem")), folder


async def dialled(port: int, context: ssl.SSLContext) -> Ear:
    """Return the ear of a connection to this port."""
    loop, ear = asyncio.get_running_loop(), Ear()
    sock = socket.socket()
    sock.setblocking(False)
    await loop.sock_connect(sock, ("127.0.0.1", port))
    await speak(loop, Connection(ear), sock, context, NAME)
    return ear


@asynccontextmanager
async def talking(
    serve: Serve, pair: tuple[ssl.SSLContext, ssl.SSLContext, Path]
) -> AsyncIterator[tuple[Ear, Connection]]:
    """A connection to a peer that serves so, over TLS."""

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            await serve(reader, writer)

    server = await asyncio.start_server(quietly, "127.0.0.1", 0, ssl=pair[0])
    ear = await dialled(server.sockets[0].getsockname()[1], pair[1])
    assert ear.connection is not None
    try:
        yield ear, ear.connection
    finally:
        ear.connection.abort()
        server.close()


def test_what_a_slow_peer_does_not_take_waits_in_order_and_is_told(
    pair: tuple[ssl.SSLContext, ssl.SSLContext, Path],
) -> None:
    messages = [Random(number).randbytes(40_000) for number in range(400)]
    may_read, got = asyncio.Event(), bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await may_read.wait()
        got.extend(await reader.readexactly(sum(map(len, messages))))
        writer.write(b"all")

    async def body() -> None:
        async with talking(serve, pair) as (ear, connection):
            for message in messages:
                connection.write(message)
            assert ear.events == ["full"]
            assert connection.waiting > 1_000_000
            may_read.set()
            await ear.until(lambda: ear.data == b"all")
            assert got == b"".join(messages)
            assert ear.events == ["full", "writable"] and connection.waiting == 0

    run(body(), 60)


def test_first_message_of_a_held_batch_leaves_first(pair: tuple[ssl.SSLContext, ssl.SSLContext, Path]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(60))
        await reader.read()

    async def body() -> None:
        async with talking(serve, pair) as (ear, connection):
            connection.hold()
            texts = [b"%02d," % number for number in range(20)]
            for text in texts:
                connection.write(text)
            connection.release()
            await ear.until(lambda: len(ear.data) == 60)
            assert ear.data == b"".join(texts)

    run(body(), 30)


def test_records_are_read_however_they_are_cut(pair: tuple[ssl.SSLContext, ssl.SSLContext, Path]) -> None:
    random = Random(1)
    messages = [random.randbytes(size) for size in (1, 460, 17_000, 300)]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = pair[0].wrap_bio(incoming, outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(5))
        for message in messages:
            tls.write(message)
        records = outgoing.read()
        while records:
            size = random.choice((1, 2, 5, 100, 5_000))
            writer.write(records[:size])
            await writer.drain()
            await asyncio.sleep(0)
            records = records[size:]
        await reader.read()

    async def body() -> None:
        async with RawVenue(serve) as venue:
            ear = await dialled(int(venue.url.rstrip("/").rpartition(":")[2]), pair[1])
            whole = b"".join(messages)
            await ear.until(lambda: len(ear.data) >= len(whole))
            assert ear.data == whole
            assert ear.connection is not None
            ear.connection.abort()

    run(body(), 30)


@pytest.mark.parametrize("is_orderly", [True, False])
def test_what_came_before_the_peers_end_is_read_and_the_end_is_told(
    is_orderly: bool, pair: tuple[ssl.SSLContext, ssl.SSLContext, Path]
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write(b"last words")
        await writer.drain()
        if is_orderly:
            writer.close()  # says close_notify
        else:
            writer.transport.abort()

    async def body() -> None:
        async with talking(serve, pair) as (ear, connection):
            connection.write(b"x")
            await ear.until(lambda: bool(ear.events))
            assert ear.data == b"last words"
            (event,) = ear.events
            assert event.startswith("closed: ")
            connection.write(b"after")  # to nobody, and no error
            assert connection.waiting == 0

    run(body(), 30)


def test_close_lets_what_was_written_leave(pair: tuple[ssl.SSLContext, ssl.SSLContext, Path]) -> None:
    message = Random(1).randbytes(3_000_000)
    got = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.extend(await reader.read(-1))
        writer.close()

    async def body() -> None:
        async with talking(serve, pair) as (ear, connection):
            connection.write(message)
            connection.close()
            await ear.until(lambda: any(event.startswith("closed") for event in ear.events))
            while len(got) < len(message):
                await asyncio.sleep(0.001)
            assert got == message

    run(body(), 30)


def test_reading_pauses_and_goes_on(pair: tuple[ssl.SSLContext, ssl.SSLContext, Path]) -> None:
    message = Random(1).randbytes(2_000_000)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(message)
        await reader.read()

    async def body() -> None:
        async with talking(serve, pair) as (ear, connection):
            await ear.until(lambda: bool(ear.data))
            connection.pause_reading()
            size = len(ear.data)
            for _ in range(100):
                await asyncio.sleep(0)
            assert len(ear.data) == size < len(message)
            connection.resume_reading()
            await ear.until(lambda: len(ear.data) == len(message))
            assert ear.data == message

    run(body(), 30)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command, which alone can change keys")
@pytest.mark.parametrize("command", ["k", "K"])  # its own key; and ours too, which we must answer
def test_keys_that_the_peer_changes_are_followed(
    command: str, pair: tuple[ssl.SSLContext, ssl.SSLContext, Path]
) -> None:
    async def body() -> None:
        folder = pair[2]
        peer = await asyncio.create_subprocess_exec(
            *("openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_3", "-naccept", "1"),
            *("-cert", str(folder / "peer.pem"), "-key", str(folder / "peer.key")),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert peer.stdin is not None and peer.stdout is not None
        try:
            while not (line := await peer.stdout.readline()).startswith(b"ACCEPT"):
                assert line
            ear = await dialled(int(line.rpartition(b":")[2]), pair[1])
            for number in range(3):
                peer.stdin.write(f"{command}\n".encode())
                report = b"report %d\n" % number
                while report not in ear.data:  # it takes what follows its command at once for a part of it
                    await asyncio.sleep(0.1)
                    peer.stdin.write(report)
                assert ear.connection is not None
                ear.connection.write(b"order %d\n" % number)
                while f"order {number}" not in (await peer.stdout.readline()).decode():
                    assert not ear.events
            assert not ear.events
        finally:
            peer.kill()
            await peer.wait()

    run(body(), 60)
