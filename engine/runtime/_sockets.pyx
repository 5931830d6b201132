"""The sockets of the path: read by the event loop, or, while spinning, looked at one after another without sleeping.

Spinning saves what the loop spends between the kernel and a protocol. A TLS connection stays with the loop, which has
to decrypt; the loop is then turned after every look.

Shapes  a watch stands for one socket until `close`; it holds a duplicate of the descriptor, so that no number that the
        system gives away again is ever read.
Errors  what a callable raises goes to the loop's exception handler, and its socket back to the loop.
Cost    a look at an empty socket is one system call, 0.4 us on a virtual machine.
Thread  the loop thread only.
"""

import os

cimport cython
from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.errno cimport EAGAIN, EINTR, errno

cdef extern from "sys/socket.h":
    ssize_t recv(int descriptor, void* buffer, size_t size, int flags) nogil
    ssize_t send(int descriptor, const void* data, size_t size, int flags) nogil
    int shutdown(int descriptor, int how) nogil
    int MSG_DONTWAIT, MSG_NOSIGNAL, MSG_PEEK, SHUT_RDWR

cdef enum:
    # Before the loop has its turn, for timers and everybody else's sockets
    ROUNDS = 512  # looks at every socket that find nothing, 0.2 ms for one, 0.4 for two
    READS = 64  # looks that find something
    LARGEST_READ = 65536

cdef enum:
    BYTES  # of a protocol that takes bytes
    BUFFER  # of a protocol that lends its buffer
    READY  # somebody else reads: only say that there is something


cpdef Py_ssize_t write_now(int descriptor, bytes data) except -2:
    """Write what the kernel takes at once: return how much that was, -1 for a connection that is broken."""
    cdef ssize_t size = send(descriptor, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), MSG_DONTWAIT | MSG_NOSIGNAL)
    if size >= 0:
        return size
    return 0 if errno == EAGAIN or errno == EINTR else -1


@cython.final
cdef class Watch:
    """One socket that is being looked at."""

    cdef Sockets sockets
    cdef object transport, target, updated
    cdef int kind, descriptor  # descriptor -1: the loop reads it
    cdef int number  # the transport's own descriptor, which another thread may not ask for
    cdef bint is_direct, is_open, is_lent
    cdef Py_buffer lent  # the protocol's buffer, borrowed until something has come into it

    def close(self):
        """Forget the socket, at once and for good."""
        if self.is_open:
            self.is_open = False
            self.sockets.remove(self)
            self.let_go()
            if self.kind == READY:
                self.sockets.loop.remove_reader(self.transport)

    cdef take(self):
        """Read the socket in the loop's place from now on."""
        if not self.is_direct or self.descriptor >= 0:
            return
        if self.kind == READY:
            self.sockets.loop.remove_reader(self.transport)
            self.descriptor = os.dup(self.transport.fileno())
        elif not self.transport.is_closing():
            self.transport.pause_reading()
            self.descriptor = os.dup(self.transport.get_extra_info("socket").fileno())

    cdef give_back(self):
        """Let the loop read it, and see its end."""
        if self.descriptor >= 0:
            self.let_go()
            if self.kind == READY:
                self.sockets.loop.add_reader(self.transport, self.target)
            else:
                self.transport.resume_reading()

    cdef return_buffer(self):
        if self.is_lent:
            self.is_lent = False
            PyBuffer_Release(&self.lent)

    cdef let_go(self):
        self.return_buffer()
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    cdef bint look(self) except -1:
        """Hand on what has come; say whether anything had."""
        cdef ssize_t size
        if self.kind == BYTES:
            size = recv(self.descriptor, self.sockets.received, LARGEST_READ, MSG_DONTWAIT)
            if size > 0:
                self.target(PyBytes_FromStringAndSize(self.sockets.received, size))
        elif self.kind == BUFFER:
            if not self.is_lent:
                PyObject_GetBuffer(self.target(LARGEST_READ), &self.lent, PyBUF_WRITABLE)
                self.is_lent = True
            size = recv(self.descriptor, self.lent.buf, self.lent.len, MSG_DONTWAIT)
            if size > 0:
                self.return_buffer()
                self.updated(size)
        else:
            size = recv(self.descriptor, self.sockets.received, 1, MSG_DONTWAIT | MSG_PEEK)
            if size > 0:
                self.target()
        if size == 0 or (size < 0 and errno != EAGAIN and errno != EINTR):
            self.give_back()  # ended or broken: the loop knows how to say so
        return size > 0


@cython.final
cdef class Sockets:
    """Every socket of one loop that is worth a busy core."""

    cdef object loop
    cdef tuple watched  # replaced, never changed: a callable may open and close while we go round
    cdef int indirect  # of them that only the loop can read
    cdef bint is_spinning
    cdef char[LARGEST_READ] received

    def __cinit__(self, loop):
        self.loop = loop
        self.watched = ()

    def watch(self, transport, receive):
        """Call `receive` with bytes as they come over `transport`, whose protocol does the same."""
        return self.add(transport, receive, None, BYTES)

    def watch_buffered(self, transport, protocol):
        """Do for an `asyncio.BufferedProtocol` what its transport would."""
        return self.add(transport, protocol.get_buffer, protocol.buffer_updated, BUFFER)

    def watch_readable(self, connection, ready):
        """Call `ready` while the socket `connection` has something to read, or is over."""
        self.loop.add_reader(connection, ready)
        return self.add(connection, ready, None, READY)

    def start(self):
        """Read every socket by `spin` from now on."""
        cdef Watch watch
        self.is_spinning = True
        for watch in self.watched:
            watch.take()

    def stop(self):
        """Let the loop read again."""
        cdef Watch watch
        self.is_spinning = False
        for watch in self.watched:
            watch.give_back()

    def shut_down(self):
        """End every connection at the system's side: for another thread, while the loop is held and cannot."""
        cdef Watch watch
        for watch in self.watched:
            shutdown(watch.number, SHUT_RDWR)

    def spin(self):
        """Look at every socket for a while; return when it is time for a turn of the loop."""
        cdef int i, reads = 0
        cdef Watch watch
        for i in range(1 if self.indirect else ROUNDS):
            for watch in self.watched:
                if watch.descriptor >= 0:
                    reads += self.look(watch)
            if reads >= READS:
                return

    cdef bint look(self, Watch watch) except -1:
        try:
            return watch.look()
        except Exception as error:
            self.loop.call_exception_handler({"message": "a socket's data was not taken", "exception": error})
            watch.give_back()
        return False

    cdef Watch add(self, transport, target, updated, int kind):
        cdef Watch watch = Watch()
        watch.sockets, watch.transport, watch.target, watch.updated = self, transport, target, updated
        watch.kind, watch.descriptor, watch.is_open = kind, -1, True
        watch.number = (transport if kind == READY else transport.get_extra_info("socket")).fileno()
        watch.is_direct = kind == READY or transport.get_extra_info("ssl_object") is None
        self.indirect += not watch.is_direct
        self.watched = (*self.watched, watch)
        # Not before the next turn: a transport begins to read after it has told its protocol that it is connected.
        self.loop.call_soon(self._settle, watch)
        return watch

    def _settle(self, Watch watch):
        if self.is_spinning and watch.is_open:
            watch.take()

    cdef remove(self, Watch watch):
        self.indirect -= not watch.is_direct
        self.watched = tuple([each for each in self.watched if each is not watch])
