"""The floor of TLS 1.3: ping-pongs through the venue's front, with Python's `ssl` at this end, both ends spinning.

`floor` goes out and back over one connection, as an order and its report do; `pair_floor` comes in over one and is
answered over another, as a frame and its order are.

Units   times in ns.
Errors  VenueError where an answer is late or the venue closes.
"""

import socket
import ssl
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.venue._ping import VenueError
from bench.venue.certificate import HOST
from bench.venue.process import MeasuringVenue
from bench.venue.tls_front import Readable, received

PATIENCE_NS = 5_000_000_000


def floor(
    venue: MeasuringVenue, certificate: Path, count: int, request: int, reply: int, interval_ns: int = 0
) -> "array[int]":
    """Return `count` round trips in ns through the venue's front, `interval_ns` apart or at once."""
    warm_up = max(count // 10, 10 if interval_ns else 100)
    venue.start("echo_tls", certificate, request, bytes(reply), count + warm_up)
    stamps = array("q")
    with _connected(venue, certificate) as tls:
        readable, message = Readable(tls), bytes(request)
        for _ in range(count + warm_up):
            begun_ns = time.perf_counter_ns()
            stamps.append(_ping(tls, readable, message, reply))
            while time.perf_counter_ns() - begun_ns < interval_ns:
                pass
        venue.result()
    return stamps[warm_up:]


def pair_floor(
    venue: MeasuringVenue, certificate: Path, count: int, frame: int, order: int, interval_ns: int = 0
) -> "array[int]":
    """Return `count` times in ns from `frame` bytes sent by the venue to `order` bytes read by it."""
    warm_up = max(count // 10, 10 if interval_ns else 100)
    venue.start("ping_tls", certificate, bytes(frame), order, count + warm_up, interval_ns)
    with _connected(venue, certificate) as feed, _connected(venue, certificate) as orders:
        readable, answer = Readable(feed), bytes(order)
        for _ in range(count + warm_up):
            _read(feed, readable, frame, time.perf_counter_ns() + interval_ns + PATIENCE_NS)
            orders.sendall(answer)
        stamps = array("q", venue.result())
    return stamps[warm_up:]


@contextmanager
def _connected(venue: MeasuringVenue, certificate: Path) -> Iterator[ssl.SSLSocket]:
    context = ssl.create_default_context(cafile=certificate)
    with (
        socket.create_connection(("127.0.0.1", venue.echo_port)) as connection,
        context.wrap_socket(connection, server_hostname=HOST) as tls,
    ):
        tls.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield tls


def _ping(tls: ssl.SSLSocket, readable: Readable, message: bytes, reply_size: int) -> int:
    begun_ns = time.perf_counter_ns()
    tls.sendall(message)
    _read(tls, readable, reply_size, begun_ns + PATIENCE_NS)
    return time.perf_counter_ns() - begun_ns


def _read(tls: ssl.SSLSocket, readable: Readable, count: int, until_ns: int) -> None:
    """Take `count` bytes."""
    size = 0
    while size < count:
        if readable.now():
            size += len(received(tls))
        elif time.perf_counter_ns() > until_ns:
            raise VenueError("no reply in time")
