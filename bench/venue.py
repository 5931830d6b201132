"""The measuring venue as a process of its own: one core, raw sockets, no Python while it measures.

Shapes  a job is a tuple (name, arguments...) on the pipe, its answer ("done", result) or ("failed", text).
Thread  one; it serves one job at a time.
"""

import socket
from array import array
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from bench import host
from bench._drive import FrameScript, drive_closed, drive_open
from bench._venue import FixVenue
from bench._wire import VenueError, echo
from bench.websocket import accept_upgrade, read_subscribe

TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Script:
    """Frames of one run: whole WebSocket frames, where their sequence number stands, and the orders they provoke."""

    frames: list[bytes]
    seq_at: list[int]
    sides: list[int]
    prices: list[int]  # in 0.0001
    greeting: list[bytes]  # sent once, before the first frame: acknowledgements and snapshots
    first_seq: int


class Venue:
    """The parent's handle on the venue process."""

    def __init__(self, core: int | None, spin: bool = True) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(target=_serve, args=(theirs, core, spin), daemon=True)
        self._process.start()
        theirs.close()
        self.fix_port, self.feed_port, self.echo_port = self.result()

    def start(self, *job: Any) -> None:
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

    @property
    def has_result(self) -> bool:
        return self._pipe.poll()

    def close(self) -> None:
        self._process.terminate()
        self._process.join()
        self._pipe.close()

    def __enter__(self) -> "Venue":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _serve(pipe: Connection, core: int | None, spin: bool) -> None:
    if core is not None:
        host.pin(core)
    server = _Server(spin)
    pipe.send(("done", server.ports))
    while True:
        try:
            name, *arguments = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            pipe.send(("done", getattr(server, name)(*arguments)))
        except (VenueError, OSError, ValueError) as error:
            pipe.send(("failed", f"{name}: {error}"))


class _Server:
    """The jobs; each is a method called by name."""

    def __init__(self, spin: bool) -> None:
        self._spin = spin
        self._fix_listener, self._feed_listener, self._echo_listener = (_listen() for _ in range(3))
        self._fix: FixVenue | None = None
        self._fix_socket: socket.socket | None = None
        self._feed_socket: socket.socket | None = None

    @property
    def ports(self) -> tuple[int, int, int]:
        listeners = (self._fix_listener, self._feed_listener, self._echo_listener)
        fix, feed, echo_port = (listener.getsockname()[1] for listener in listeners)
        return fix, feed, echo_port

    def echo(self, request_size: int, reply: bytes, count: int, spin: bool) -> None:
        connection, _ = self._echo_listener.accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            echo(connection.fileno(), request_size, reply, count, spin)

    def accept_fix(self) -> None:
        """Accept a connection and answer its Logon(A)."""
        connection, _ = self._fix_listener.accept()
        connection.settimeout(TIMEOUT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        logon = dict(_fields(_read_message(connection)))
        prefix = b"49=%b\x0156=%b\x01" % (logon[56], logon[49])
        body = b"35=A\x01%b34=1\x0152=%b\x0198=0\x01108=%b\x01" % (prefix, utc_now(), logon[108])
        body += b"".join(b"%d=%b\x01" % (tag, logon[tag]) for tag in (141, 1137) if tag in logon)
        message = b"8=%b\x019=%d\x01%b" % (logon[8], len(body), body)
        connection.sendall(b"%b10=%03d\x01" % (message, sum(message) % 256))
        connection.settimeout(None)
        self._fix_socket = connection
        self._fix = FixVenue(connection.fileno(), logon[8], prefix, int(logon[34]) + 1, 2, self._spin)
        self._fix.set_time(utc_now())

    def answer(self, count: int, idle_ns: int) -> int:
        """Answer orders until `count` have come or none came for `idle_ns`; return how many are missing."""
        assert self._fix is not None
        self._fix.set_time(utc_now())
        return self._fix.answer(count, idle_ns)

    def accept_feed(self, greeting: list[bytes]) -> None:
        """Accept a WebSocket connection, read its subscriptions and send the prepared greeting."""
        connection, _ = self._feed_listener.accept()
        connection.settimeout(TIMEOUT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        accept_upgrade(connection)
        read_subscribe(connection)
        for frame in greeting:
            connection.sendall(frame)
        connection.settimeout(None)
        self._feed_socket = connection

    def tick(self, script: Script, count: int, interval_ns: int, is_open_loop: bool) -> bytes:
        """Send `count` frames; return the int64 latencies as bytes, -1 where a frame provokes no order."""
        assert self._fix is not None and self._feed_socket is not None
        self._fix.set_time(utc_now())
        stamps = array("q", bytes(8 * count))
        frames = FrameScript(script.frames, script.seq_at, script.sides, script.prices, script.first_seq)
        drive = drive_open if is_open_loop else drive_closed
        drive(self._feed_socket.fileno(), self._fix, frames, interval_ns, stamps)
        return stamps.tobytes()

    def hang_up(self) -> None:
        for connection in (self._fix_socket, self._feed_socket):
            if connection is not None:
                connection.close()
        self._fix = self._fix_socket = self._feed_socket = None


def utc_now() -> bytes:
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
