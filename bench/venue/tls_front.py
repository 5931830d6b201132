"""TLS 1.3 in front of the measuring venue, which knows raw sockets only, and its floor.

The front spins in the venue's process: it decrypts what came, hands it to the venue over a socket pair, lets the venue
answer, and encrypts the answer. That is slower than a venue with TLS of its own; `floor.tls_spin` is a ping-pong
through the same front, so that this is known.

Errors  VenueError where the peer closes or an answer is late.
"""

import select
import socket
import ssl
import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

from bench.venue._fix import FixVenue
from bench.venue._ping import VenueError
from bench.venue._ping import echo as echo_raw
from bench.venue.certificate import HOST

if TYPE_CHECKING:
    from bench.venue.process import MeasuringVenue

READ_SIZE = 1 << 16
PATIENCE_NS = 5_000_000_000


class Front:
    """The venue's side of one TLS connection; `venue_end` is what the venue reads and writes."""

    def __init__(self, connection: socket.socket, certificate: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.num_tickets = 0  # nothing is sent that was not asked for
        context.load_cert_chain(certificate)
        self.tls = context.wrap_socket(connection, server_side=True)
        self.venue_end, self._front_end = socket.socketpair()
        self._readable = Readable(self.tls)

    def answer(self, fix: FixVenue, count: int, idle_ns: int) -> int:
        """Let the venue answer `count` orders; return how many are missing after `idle_ns` without one."""
        active_ns = time.monotonic_ns()
        while count > 0 and time.monotonic_ns() - active_ns < idle_ns:
            if self._take():
                count -= 1 - fix.answer(1, 0)
                self._give()
                active_ns = time.monotonic_ns()
        return max(count, 0)

    def echo(self, request_size: int, reply: bytes, count: int) -> None:
        """Answer `count` requests with `reply`."""
        for _ in range(count):
            while not self._take():
                pass
            echo_raw(self.venue_end.fileno(), request_size, reply, 1, True)
            self._give()

    def close(self) -> None:
        for one in (self.tls, self.venue_end, self._front_end):
            one.close()

    def _take(self) -> bool:
        """Hand over what has come, if anything."""
        if not self._readable.now():
            return False
        self._front_end.sendall(_received(self.tls))
        return True

    def _give(self) -> None:
        try:
            answer = self._front_end.recv(READ_SIZE, socket.MSG_DONTWAIT)
        except BlockingIOError:  # only a part of a message had come
            return
        self.tls.sendall(answer)


class Readable:
    """Asks whether a socket has something to read, without waiting and without an exception."""

    def __init__(self, sock: socket.socket) -> None:
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def now(self) -> bool:
        return bool(self._poll.poll(0))


def floor(
    venue: "MeasuringVenue", certificate: Path, count: int, request: int, reply: int, interval_ns: int = 0
) -> "array[int]":
    """Return `count` round trips in ns through the venue's front, the client's end in Python's `ssl`, both spinning."""
    warm_up = max(count // 10, 10 if interval_ns else 100)
    venue.start("echo_tls", certificate, request, bytes(reply), count + warm_up)
    context = ssl.create_default_context(cafile=certificate)
    stamps = array("q")
    with (
        socket.create_connection(("127.0.0.1", venue.echo_port)) as connection,
        context.wrap_socket(connection, server_hostname=HOST) as tls,
    ):
        tls.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        readable, message = Readable(tls), bytes(request)
        for _ in range(count + warm_up):
            begun_ns = time.perf_counter_ns()
            stamps.append(_ping(tls, readable, message, reply))
            while time.perf_counter_ns() - begun_ns < interval_ns:
                pass
        venue.result()
    return stamps[warm_up:]


def _ping(tls: ssl.SSLSocket, readable: Readable, message: bytes, reply_size: int) -> int:
    begun_ns = time.perf_counter_ns()
    tls.sendall(message)
    received = 0
    while received < reply_size:
        if readable.now():
            received += len(_received(tls))
        elif time.perf_counter_ns() - begun_ns > PATIENCE_NS:
            raise VenueError("no reply in time")
    return time.perf_counter_ns() - begun_ns


def _received(tls: ssl.SSLSocket) -> bytes:
    data = tls.recv(READ_SIZE)
    if not data:
        raise VenueError("the peer closed the connection")
    return data
