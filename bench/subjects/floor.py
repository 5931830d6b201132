"""The floor: what the kernel's loopback TCP takes for messages of the same sizes, with nothing else in between."""

import socket
from array import array

from bench.venue._ping import ping
from bench.venue.process import MeasuringVenue

ORDER_BYTES = 176
REPORT_BYTES = 264
FRAME_BYTES = 300
KALSHI_ORDER_BYTES = 182  # most of it names who speaks to whom
KALSHI_REPORT_BYTES = 460
KALSHI_FRAME_BYTES = 265
LEAST_WARM_UP = 20


def tcp(
    venue: MeasuringVenue,
    count: int,
    spin: bool,
    request: int = ORDER_BYTES,
    reply: int = REPORT_BYTES,
    interval_ns: int = 0,
) -> "array[int]":
    """Return `count` round trips in ns between this process and the venue's, both spinning or both blocking.

    They start `interval_ns` apart, or follow each other at once.
    """
    warm_up = max(count // 10, LEAST_WARM_UP)
    venue.start("echo", request, bytes(reply), count + warm_up, spin)
    with socket.create_connection(("127.0.0.1", venue.echo_port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(None)
        stamps = array("q", bytes(8 * (count + warm_up)))
        ping(connection.fileno(), bytes(request), reply, spin, interval_ns, stamps)
    venue.result()
    return stamps[warm_up:]
