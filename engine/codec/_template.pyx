"""Message bodies for `Session.send`: what never changes is rendered once, the rest is written for each message.

Units   decimals from counts of 10**-decimals, times from ns since 1970; exactly, never through float.
Shapes  a body is `35=D` SOH and its fields, each closed by SOH. The buffer of a template grows and never shrinks.
Errors  ValueError for a value that FIX cannot carry.
Cost    a few ns per field.
Thread  one thread.
Source  FIX 4.4 volume 1, tag=value syntax.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, realloc


cdef class Template:
    """The body of one message type: `begin`, write fields, take `body`, repeat."""

    def __cinit__(self, str msg_type not None, fixed=(), *, int precision=3):
        """`fixed` is pairs of tag and text that follow MsgType in every message."""
        self.times = TimestampFormat(precision)
        for tag, value in ((35, msg_type), *fixed):
            self.text(tag, value)
        self.fixed_length = self.length

    def __dealloc__(self):
        free(self.buffer)

    def begin(self):
        """Start a new message with the fixed fields alone."""
        restart(self)

    def body(self):
        """Return a copy of what was written."""
        return self.copy()

    def text(self, int tag, str value not None):
        """Write a field."""
        put_text(self, tag_text(tag), value)

    def integer(self, int tag, int64_t value):
        """Write a field that holds a whole number."""
        put_int(self, tag_text(tag), value, 0)

    def decimal(self, int tag, int64_t value, int decimals):
        """Write a count of 10**-decimals with exactly that many places."""
        if not 0 <= decimals <= 18:
            raise ValueError(f"decimals must be 0 to 18, not {decimals}")
        put_int(self, tag_text(tag), value, decimals)

    def timestamp(self, int tag, uint64_t time_ns):
        """Write a UTCTimestamp, given in ns since 1970."""
        put_time(self, tag_text(tag), time_ns)

    cdef object copy(self):
        return PyBytes_FromStringAndSize(<const char*>self.buffer, self.length)

    cdef int grow(self, Py_ssize_t length) except -1:
        cdef unsigned char* buffer = <unsigned char*>realloc(self.buffer, 2 * self.capacity + length + 256)
        if buffer is NULL:
            raise MemoryError
        self.buffer = buffer
        self.capacity = 2 * self.capacity + length + 256
        return 0

    cdef int refuse(self, const char* tag, str value) except -1:
        """Raise for a text that FIX cannot carry."""
        raise ValueError(f"{tag.decode()}{value!r} {'holds SOH' if '\x01' in value else 'is empty or not latin-1'}")


cdef bytes tag_text(int tag):
    if tag <= 0:
        raise ValueError(f"tag {tag}: tags are positive")
    return b"%d=" % tag
