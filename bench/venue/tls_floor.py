"""The floor of TLS 1.3: ping-pongs through the venue's front, with Python's `ssl` at this end, both ends spinning.

Units   times in ns.
Errors  VenueError where an answer is late or the venue closes.
"""

import socket
import ssl
import time
from array import array
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
    size = 0
    while size < reply_size:
        if readable.now():
            size += len(received(tls))
        elif time.perf_counter_ns() - begun_ns > PATIENCE_NS:
            raise VenueError("no reply in time")
    return time.perf_counter_ns() - begun_ns
