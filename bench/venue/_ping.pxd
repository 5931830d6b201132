"""Blocking or spinning raw socket calls, shared by the measuring loops. Times in ns of CLOCK_MONOTONIC."""

from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

cdef extern from "sys/socket.h" nogil:
    Py_ssize_t c_send "send"(int fd, const void* data, size_t size, int flags)
    Py_ssize_t c_recv "recv"(int fd, void* data, size_t size, int flags)
    int MSG_DONTWAIT
    int MSG_NOSIGNAL

cdef enum:
    CAPACITY = 65536
    OK = 0
    CLOSED = 1
    LATE = 2
    WRONG = 3
    SECOND = 1000000000

cdef raise_unless_ok(int outcome, str what)


cdef inline int64_t now() noexcept nogil:
    cdef timespec t
    clock_gettime(CLOCK_MONOTONIC, &t)
    return <int64_t>t.tv_sec * SECOND + t.tv_nsec


cdef inline int send_all(int fd, const unsigned char* data, Py_ssize_t size) noexcept nogil:
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


cdef inline Py_ssize_t receive(int fd, unsigned char* into, Py_ssize_t room, bint spin) noexcept nogil:
    """Bytes read, 0 when there are none yet (spinning only), -1 when the peer has gone."""
    cdef Py_ssize_t got = c_recv(fd, into, room, MSG_DONTWAIT if spin else 0)
    if got > 0:
        return got
    if got < 0 and (errno == EAGAIN or errno == EINTR):
        return 0
    return -1


cdef inline int receive_exactly(int fd, unsigned char* into, Py_ssize_t size, bint spin, int64_t deadline) noexcept nogil:
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
