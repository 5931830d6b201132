# cython: overflowcheck=False, nonecheck=False, cdivision=True
"""The floor: raw TCP ping-pong between two processes, spinning or blocking, and the clock of all measurements.

Units   times in ns of CLOCK_MONOTONIC, which all processes of one machine share.
Errors  a late or lost reply raises VenueError: the run is void, not merely slow.
Thread  every loop runs without the GIL until it is done.
"""

from libc.stdint cimport int64_t

from engine.errors import EngineError

OUTCOMES = {1: "the peer closed the connection", 2: "no reply in time", 3: "the reply is not the one expected"}


class VenueError(EngineError):
    """A peer did not answer as it must; the figures of this run mean nothing."""


cdef raise_unless_ok(int outcome, str what):
    if outcome != OK:
        raise VenueError(f"{what}: {OUTCOMES[outcome]}")


def now_ns():
    """Return CLOCK_MONOTONIC in ns."""
    return now()


def ping(
    int fd, const unsigned char[::1] request, Py_ssize_t reply_size, bint spin, int64_t interval_ns, int64_t[::1] stamps
):
    """Send `request`, await `reply_size` bytes, once for each element of `stamps`, which gets the round trip.

    With `interval_ns` the next leaves that long after the one before; the time between is spun away.
    """
    cdef unsigned char reply[CAPACITY]
    cdef Py_ssize_t i, count = stamps.shape[0]
    cdef int64_t start
    cdef int outcome = OK
    with nogil:
        for i in range(count):
            start = now()
            outcome = send_all(fd, &request[0], request.shape[0])
            if outcome == OK:
                outcome = receive_exactly(fd, reply, reply_size, spin, start + 5 * <int64_t>SECOND)
            if outcome != OK:
                break
            stamps[i] = now() - start
            while now() - start < interval_ns:
                pass
    raise_unless_ok(outcome, "ping")


def echo(int fd, Py_ssize_t request_size, const unsigned char[::1] reply, Py_ssize_t count, bint spin):
    """Await `request_size` bytes and send `reply`, `count` times."""
    cdef unsigned char request[CAPACITY]
    cdef Py_ssize_t i
    cdef int outcome = OK
    with nogil:
        for i in range(count):
            outcome = receive_exactly(fd, request, request_size, spin, now() + 30 * <int64_t>SECOND)
            if outcome == OK:
                outcome = send_all(fd, &reply[0], reply.shape[0])
            if outcome != OK:
                break
    raise_unless_ok(outcome, "echo")
