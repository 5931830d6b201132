"""The measuring venue's clockwork where both connections run over TLS: what `_drive` does on raw sockets, by fronts.

Units   times in ns of CLOCK_MONOTONIC.
Shapes  a stamp is a latency, or UNASKED: from before a frame is encrypted until the order's record is decrypted.
Errors  a missing or wrong order raises VenueError: the run is void.
"""

from array import array

from bench.venue._drive import UNASKED, FrameScript
from bench.venue._fix import FixVenue
from bench.venue._ping import VenueError, now_ns
from bench.venue.tls_front import Front, received

BUY = ord("1")
PATIENCE_NS = 5_000_000_000


def drive_closed(
    feed: Front, orders: Front, venue: FixVenue, script: FrameScript, count: int, interval_ns: int
) -> "array[int]":
    """Send `count` frames, each after the order to the one before and `interval_ns` after its start; return stamps."""
    stamps = array("q")
    for number in range(count):
        frame, ask = script.take()
        begun_ns = now_ns()
        feed.tls.sendall(frame)
        stamps.append(UNASKED if ask < 0 else _order(orders, venue, ask, number) - begun_ns)
        while now_ns() - begun_ns < interval_ns:
            if _answer(orders, venue):
                raise VenueError(f"frame {number}: an order came that was not due")
    return stamps


def drive_floor(
    feed: Front, orders: Front, frame: bytes, order_size: int, count: int, interval_ns: int
) -> "array[int]":
    """Do the same with a peer that answers each frame by `order_size` bytes at once."""
    stamps = array("q")
    for number in range(count):
        begun_ns, size = now_ns(), 0
        feed.tls.sendall(frame)
        while size < order_size:
            if orders.is_readable:
                size += len(received(orders.tls))
            elif now_ns() - begun_ns > PATIENCE_NS:
                raise VenueError(f"frame {number}: no reply in time")
        stamps.append(now_ns() - begun_ns)
        while now_ns() - begun_ns < interval_ns:
            pass
    return stamps


def _order(orders: Front, venue: FixVenue, ask: int, number: int) -> int:
    """Await and answer the one order that buys `ask`; return when it was there."""
    begun_ns = now_ns()
    while now_ns() - begun_ns < PATIENCE_NS:
        if found := _answer(orders, venue):
            if found != [(BUY, ask)]:
                raise VenueError(f"frame {number}: the reply is not the one expected")
            return orders.taken_ns
    raise VenueError(f"frame {number}: no reply in time")


def _answer(orders: Front, venue: FixVenue) -> list[tuple[int, int]]:
    """Answer what has come; return the orders among it."""
    if not orders.take():
        return []
    found = venue.take()
    orders.give()
    return found
