"""The measuring venue as a process of its own: one core, raw sockets, no Python code while it measures.

Shapes  a job is a tuple (name, arguments...) on the pipe, its answer ("done", result) or ("failed", text).
Thread  one; it serves one job at a time.
"""

import asyncio
import contextlib
import os
import socket
from array import array
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from bench import interrupts
from bench.report import host
from bench.venue import kalshi, tls_drive
from bench.venue._drive import FrameScript, drive_closed, drive_open, drive_triggers
from bench.venue._fix import FixVenue
from bench.venue._ping import VenueError, echo
from bench.venue.tls_front import Front
from bench.venue.websocket import accept_upgrade, read_subscribe

TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Script:
    """Frames of one run: whole WebSocket frames, where their sequence number stands, and which provoke an order."""

    frames: list[bytes]
    seq_at: list[int]
    is_due: list[bool]
    asks: list[int]  # the best ask after each frame, in 0.0001
    greeting: list[bytes]  # sent once, before the first frame: acknowledgements and snapshots
    first_seq: int


class MeasuringVenue:
    """The parent's handle on the venue process."""

    def __init__(self, core: int | None) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(target=_serve, args=(theirs, core), daemon=True)
        with interrupts.deaf():  # for good: it ends with the process that started it
            self._process.start()
        theirs.close()
        self.fix_port, self.feed_port, self.echo_port, self.trigger_port = self.result()

    def start(self, *job: Any) -> None:
        """Begin a job: the name of one of the server's methods, and its arguments."""
        self._pipe.send(job)

    def result(self) -> Any:
        """Await the running job; raise VenueError if it failed."""
        try:
            outcome, value = self._pipe.recv()
        except EOFError:
            raise VenueError("the venue process died") from None
        if outcome != "done":
            raise VenueError(str(value))
        return value

    def do(self, *job: Any) -> Any:
        """Run a job to its end."""
        self.start(*job)
        return self.result()

    async def finish(self) -> Any:
        """Await the running job while the event loop turns."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._pipe.fileno(), ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._pipe.fileno())
            os.set_blocking(self._pipe.fileno(), True)  # watching it has changed that
        return self.result()

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join()
        self._pipe.close()

    def __enter__(self) -> "MeasuringVenue":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _serve(pipe: Connection, core: int | None) -> None:
    with contextlib.suppress(EOFError, BrokenPipeError):  # the process that started it has gone, perhaps long ago
        try:
            if core is not None:
                host.pin(core)
            server = _Server()
        except (host.PinError, OSError) as error:
            pipe.send(("failed", str(error)))
            return
        pipe.send(("done", server.ports))
        while True:
            name, *arguments = pipe.recv()
            try:
                outcome = "done", getattr(server, name)(*arguments)
            except (VenueError, OSError, ValueError) as error:
                outcome = "failed", f"{name}: {error}"
            pipe.send(outcome)


class _Server:
    """The jobs; each is a method called by name."""

    def __init__(self) -> None:
        self._listeners = [_listen() for _ in range(4)]
        self._fix: FixVenue | None = None
        self._front: Front | None = None  # of the FIX connection
        self._feed_front: Front | None = None
        self._frames: FrameScript | None = None
        self._sockets: dict[str, socket.socket] = {}

    @property
    def ports(self) -> list[int]:
        """Where it listens: FIX, feed, echo, trigger."""
        return [listener.getsockname()[1] for listener in self._listeners]

    def echo(self, request_size: int, reply: bytes, count: int, spin: bool) -> None:
        """Answer `count` requests of `request_size` bytes with `reply`, spinning or asleep between them."""
        connection, _ = self._listeners[2].accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            echo(connection.fileno(), request_size, reply, count, spin)

    def echo_tls(self, certificate: Path, request_size: int, reply: bytes, count: int) -> None:
        """Do the same over TLS, spinning."""
        connection, _ = self._listeners[2].accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with closing(Front(connection, certificate)) as front:
            front.echo(request_size, reply, count)

    def ping_tls(self, certificate: Path, frame: bytes, order_size: int, count: int, interval_ns: int) -> bytes:
        """Send `frame` over one TLS connection, await `order_size` bytes over another; return int64 stamps as bytes."""
        with ExitStack() as fronts:
            feed, orders = (fronts.enter_context(closing(Front(self._accepted(2), certificate))) for _ in range(2))
            return tls_drive.drive_floor(feed, orders, frame, order_size, count, interval_ns).tobytes()

    def accept_fix(self, certificate: Path | None = None, public_key: bytes = b"") -> None:
        """Accept a connection, with TLS if there is a certificate, and answer its Logon(A).

        With a public key the venue is Kalshi: the Logon is signed, and reports say what Kalshi's do.
        """
        connection = self._accepted(0)
        if certificate is not None:
            self._front = Front(connection, certificate)
            connection = self._front.tls
        logon = dict(_fields(_read_message(connection)))
        more = (kalshi.ORDER_ID, kalshi.EXEC_ID, kalshi.TRADE_FIELDS) if public_key else ()
        if public_key:
            kalshi.check_logon(logon, public_key)
        prefix = b"49=%b\x0156=%b\x01" % (logon[56], logon[49])
        body = b"35=A\x01%b34=1\x0152=%b\x0198=0\x01108=%b\x01" % (prefix, utc_now(), logon[108])
        body += b"".join(b"%d=%b\x01" % (tag, logon[tag]) for tag in (141, 1137) if tag in logon)
        message = b"8=%b\x019=%d\x01%b" % (logon[8], len(body), body)
        connection.sendall(b"%b10=%03d\x01" % (message, sum(message) % 256))
        connection.settimeout(None)
        self._sockets["fix"] = connection
        raw = connection if self._front is None else self._front.venue_end
        self._fix = FixVenue(raw.fileno(), logon[8], prefix, int(logon[34]) + 1, 2, *more)
        self._fix.set_time(utc_now())

    def answer(self, count: int, idle_ns: int) -> int:
        """Answer orders until `count` have come or none came for `idle_ns`; return how many are missing."""
        assert self._fix is not None
        self._fix.set_time(utc_now())
        if self._front is not None:
            return self._front.answer(self._fix, count, idle_ns)
        return self._fix.answer(count, idle_ns)

    def answer_busily(self, count: int, idle_ns: int) -> int:
        """Answer `count` orders; return for how many ns there was something to answer."""
        assert self._fix is not None
        before_ns = self._fix.busy_ns
        self.answer(count, idle_ns)
        busy_ns: int = self._fix.busy_ns - before_ns
        return busy_ns

    def accept_trigger(self) -> None:
        """Accept the connection on which orders are asked for."""
        self._sockets["trigger"], _ = self._listeners[3].accept()
        self._sockets["trigger"].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def order_open(self, interval_ns: int, count: int, most_lag_ns: int, burst: int = 1) -> int:
        """Ask for `count` orders on a schedule, a burst at a time; return how many before one was too late."""
        assert self._fix is not None
        self._fix.set_time(utc_now())
        descriptor = self._sockets["trigger"].fileno()
        sent: int = drive_triggers(descriptor, self._fix, interval_ns, count, most_lag_ns, burst)
        return sent

    def accept_feed(self, script: Script, certificate: Path | None = None, public_key: bytes = b"") -> None:
        """Accept a WebSocket connection, read its subscription and send the greeting; TLS and key as in FIX."""
        connection = self._accepted(1)
        if certificate is not None:
            self._feed_front = Front(connection, certificate)
            connection = self._feed_front.tls
        headers = accept_upgrade(connection)
        if public_key:
            kalshi.check_handshake(headers, public_key)
        read_subscribe(connection)
        for frame in script.greeting:
            connection.sendall(frame)
        connection.settimeout(None)
        self._sockets["feed"] = connection
        self._frames = FrameScript(script.frames, script.seq_at, script.is_due, script.asks, script.first_seq)

    def tick_closed(self, count: int, interval_ns: int) -> bytes:
        """Send the next `count` frames, each after the order to the one before; return int64 stamps as bytes."""
        assert self._fix is not None and self._frames is not None
        self._fix.set_time(utc_now())
        if self._feed_front is not None and self._front is not None:
            ends = self._feed_front, self._front, self._fix, self._frames
            return tls_drive.drive_closed(*ends, count, interval_ns).tobytes()
        stamps = array("q", bytes(8 * count))
        drive_closed(self._sockets["feed"].fileno(), self._fix, self._frames, interval_ns, stamps)
        return stamps.tobytes()

    def tick_open(self, schedule: bytes, most_lag_ns: int, omits_annulled: bool) -> tuple[bytes, int]:
        """Send the next frames at the times of `schedule`; return stamps, and how many frames were sent."""
        assert self._fix is not None and self._frames is not None
        self._fix.set_time(utc_now())
        times = array("q", schedule)
        stamps = array("q", bytes(8 * len(times)))
        feed = self._sockets["feed"].fileno()
        sent = drive_open(feed, self._fix, self._frames, times, stamps, most_lag_ns, omits_annulled)
        return stamps.tobytes(), sent

    def hang_up(self) -> None:
        """Close what was accepted."""
        for connection in self._sockets.values():
            connection.close()
        self._sockets.clear()
        self._fix = None

    def _accepted(self, listener: int) -> socket.socket:
        connection, _ = self._listeners[listener].accept()
        connection.settimeout(TIMEOUT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def utc_now() -> bytes:
    """Return UTCTimestamp text with milliseconds."""
    return datetime.now(UTC).strftime("%Y%m%d-%H:%M:%S.%f")[:21].encode()


def _listen() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(TIMEOUT_S)
    return listener


def _read_message(connection: socket.socket) -> bytes:
    data = b""
    while b"\x0110=" not in data or not data.endswith(b"\x01"):
        piece = connection.recv(4096)
        if not piece:
            raise VenueError("the engine closed the connection before its Logon")
        data += piece
    return data


def _fields(message: bytes) -> list[tuple[int, bytes]]:
    pairs = [piece.partition(b"=") for piece in message.split(b"\x01") if piece]
    return [(int(tag), value) for tag, _, value in pairs]
