"""TLS 1.3 in front of the measuring venue, which knows raw sockets only.

The front spins in the venue's process: it decrypts what came, hands it to the venue over a socket pair, lets the venue
answer, and encrypts the answer. That is slower than a venue with TLS of its own; `floor.tls_spin`, a ping-pong through
the same front (`tls_floor`), says by how much.

Errors  VenueError where the peer closes.
"""

import select
import socket
import ssl
import time
from pathlib import Path

from bench.venue._fix import FixVenue
from bench.venue._ping import VenueError, now_ns
from bench.venue._ping import echo as echo_raw

READ_SIZE = 1 << 16


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
        self.taken_ns = 0  # when what came last was decrypted

    @property
    def is_readable(self) -> bool:
        """Whether something has come."""
        return self._readable.now()

    def answer(self, fix: FixVenue, count: int, idle_ns: int) -> int:
        """Let the venue answer `count` orders; return how many are missing after `idle_ns` without one."""
        active_ns = time.monotonic_ns()
        while count > 0 and time.monotonic_ns() - active_ns < idle_ns:
            if self.take():
                count -= 1 - fix.answer(1, 0)
                self.give()
                active_ns = time.monotonic_ns()
        return max(count, 0)

    def echo(self, request_size: int, reply: bytes, count: int) -> None:
        """Answer `count` requests with `reply`."""
        for _ in range(count):
            while not self.take():
                pass
            echo_raw(self.venue_end.fileno(), request_size, reply, 1, True)
            self.give()

    def close(self) -> None:
        """Close all three sockets."""
        for one in (self.tls, self.venue_end, self._front_end):
            one.close()

    def take(self) -> bool:
        """Hand over what has come; return whether anything had."""
        if not self._readable.now():
            return False
        data = received(self.tls)
        self.taken_ns = now_ns()
        self._front_end.sendall(data)
        return True

    def give(self) -> None:
        """Encrypt and send what the venue has answered."""
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
        """Return whether a read would return at once."""
        return bool(self._poll.poll(0))


def received(tls: ssl.SSLSocket) -> bytes:
    """Return what has come; raise VenueError where the peer has closed the connection."""
    data = tls.recv(READ_SIZE)
    if not data:
        raise VenueError("the peer closed the connection")
    return data
