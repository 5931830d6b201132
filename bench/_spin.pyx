"""The measuring venue: raw sockets and spinning C loops, so that what it adds is the floor and no more.

Units   times in ns of CLOCK_MONOTONIC, which all processes of one machine share.
Shapes  `stamps` is an int64 array of one row an event, see each method.
Errors  a wrong, missing or late reply raises VenueError: the run is void, not merely slow.
Thread  every loop runs without the GIL until it is done.
"""

from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t
from libc.string cimport memchr, memcmp, memcpy, memmove
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

cdef extern from "sys/socket.h" nogil:
    Py_ssize_t c_send "send"(int fd, const void* data, size_t size, int flags)
    Py_ssize_t c_recv "recv"(int fd, void* data, size_t size, int flags)
    int MSG_DONTWAIT
    int MSG_NOSIGNAL

DEF CAPACITY = 65536
DEF MAX_ID = 64
DEF SOH = 1

cdef int OK = 0, CLOSED = 1, LATE = 2, WRONG = 3
OUTCOMES = {1: "the peer closed the connection", 2: "no reply in time", 3: "the reply is not the one expected"}


class VenueError(Exception):
    """A peer did not answer as it must; the figures of this run mean nothing."""


cdef int64_t now() noexcept nogil:
    cdef timespec t
    clock_gettime(CLOCK_MONOTONIC, &t)
    return <int64_t>t.tv_sec * 1000000000 + t.tv_nsec


def now_ns():
    return now()


cdef int send_all(int fd, const unsigned char* data, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t sent
    while size > 0:
        sent = c_send(fd, data, size, MSG_NOSIGNAL)
        if sent < 0:
            if errno == EAGAIN or errno == EINTR:
                continue
            return CLOSED
        data += sent
        size -= sent
    return OK


cdef Py_ssize_t receive(int fd, unsigned char* into, Py_ssize_t room, bint spin) noexcept nogil:
    """Bytes read, 0 when there are none yet (spinning only), -1 when the peer has gone."""
    cdef Py_ssize_t got = c_recv(fd, into, room, MSG_DONTWAIT if spin else 0)
    if got > 0:
        return got
    if got < 0 and (errno == EAGAIN or errno == EINTR):
        return 0
    return -1


cdef int receive_exactly(int fd, unsigned char* into, Py_ssize_t size, bint spin, int64_t deadline) noexcept nogil:
    cdef Py_ssize_t got
    while size > 0:
        got = receive(fd, into, size, spin)
        if got < 0:
            return CLOSED
        if got == 0 and now() > deadline:
            return LATE
        into += got
        size -= got
    return OK


cdef raise_unless_ok(int outcome, str what):
    if outcome != OK:
        raise VenueError(f"{what}: {OUTCOMES[outcome]}")


def ping(int fd, const unsigned char[::1] request, Py_ssize_t reply_size, bint spin, int64_t[::1] stamps):
    """Send `request`, await `reply_size` bytes, once for each element of `stamps`, which gets the round trip."""
    cdef unsigned char reply[CAPACITY]
    cdef Py_ssize_t i, count = stamps.shape[0]
    cdef int64_t start
    cdef int outcome = OK
    with nogil:
        for i in range(count):
            start = now()
            outcome = send_all(fd, &request[0], request.shape[0])
            if outcome == OK:
                outcome = receive_exactly(fd, reply, reply_size, spin, start + 5000000000)
            if outcome != OK:
                break
            stamps[i] = now() - start
    raise_unless_ok(outcome, "ping")


def echo(int fd, Py_ssize_t request_size, const unsigned char[::1] reply, Py_ssize_t count, bint spin):
    """Await `request_size` bytes and send `reply`, `count` times."""
    cdef unsigned char request[CAPACITY]
    cdef Py_ssize_t i
    cdef int outcome = OK
    with nogil:
        for i in range(count):
            outcome = receive_exactly(fd, request, request_size, spin, now() + 30000000000)
            if outcome == OK:
                outcome = send_all(fd, &reply[0], reply.shape[0])
            if outcome != OK:
                break
    raise_unless_ok(outcome, "echo")
