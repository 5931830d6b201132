"""Message bodies for `Session.send`: what never changes is rendered once, the rest is written for each message.

Units   decimals from counts of 10**-decimals, times from ns since 1970; exactly, never through float.
Shapes  a body is `35=D` SOH and its fields, each closed by SOH. The buffer of a template grows and is never given back.
Errors  ValueError for a value that FIX cannot carry.
Cost    some ns a field.
Thread  one thread.
Source  FIX 4.4 volume 1, tag=value syntax.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

from engine._decimal cimport format_chars
from engine._text cimport PyUnicode_1BYTE_DATA, PyUnicode_1BYTE_KIND, PyUnicode_GET_LENGTH, PyUnicode_KIND
from engine.codec._pieces cimport SOH, find_soh
from engine.codec._timestamp cimport LONGEST_TIMESTAMP, TimestampFormat

cdef enum:
    LONGEST_TAG_TEXT = 11  # 2147483647=
    LONGEST_INT = 24  # sign, 19 digits, point


cdef class Template:
    """The body of one message type. `begin`, write fields, `body`; then again."""

    def __cinit__(self, str msg_type not None, fixed=(), *, int precision=3):
        """`fixed` fields, pairs of tag and text, follow MsgType in every message."""
        self.times = TimestampFormat(precision)
        for tag, value in ((35, msg_type), *fixed):
            self.text(tag, value)
        self.fixed_length = self.length

    def __dealloc__(self):
        free(self.buffer)

    def begin(self):
        """Forget the last message, all but what is fixed."""
        self.restart()

    def body(self):
        """Return a copy of what was written."""
        return self.copy()

    def text(self, int tag, str value not None):
        self.put_text(tag_text(tag), value)

    def integer(self, int tag, int64_t value):
        self.put_int(tag_text(tag), value, 0)

    def decimal(self, int tag, int64_t value, int decimals):
        """Write a count of 10**-decimals with exactly that many places."""
        if not 0 <= decimals <= 18:
            raise ValueError(f"decimals must be 0 to 18, not {decimals}")
        self.put_int(tag_text(tag), value, decimals)

    def timestamp(self, int tag, uint64_t time_ns):
        self.put_time(tag_text(tag), time_ns)

    cdef void restart(self) noexcept:
        self.length = self.fixed_length

    cdef object copy(self):
        return PyBytes_FromStringAndSize(<const char*>self.buffer, self.length)

    cdef inline int put(self, const char* bytes_, Py_ssize_t length) except -1:
        memcpy(self.room(length), bytes_, length)
        self.length += length
        return 0

    cdef int put_text(self, const char* tag, str value) except -1:
        cdef Py_ssize_t length = PyUnicode_GET_LENGTH(value)
        cdef const unsigned char* text
        cdef unsigned char* out
        if length == 0 or PyUnicode_KIND(value) != PyUnicode_1BYTE_KIND:
            raise ValueError(f"{tag.decode()}{value!r} is empty or not latin-1")
        text = PyUnicode_1BYTE_DATA(value)
        if find_soh(text, 0, length) < length:
            raise ValueError(f"{tag.decode()}{value!r} holds SOH")
        out = put_tag(self.room(LONGEST_TAG_TEXT + length + 1), tag)
        if length == 1:
            out[0] = text[0]
        else:
            memcpy(out, text, length)
        return self.close(out + length)

    cdef int put_int(self, const char* tag, int64_t value, int decimals) except -1:
        cdef unsigned char* out = put_tag(self.room(LONGEST_TAG_TEXT + LONGEST_INT + 1), tag)
        return self.close(out + format_chars(value, decimals, out))

    cdef int put_time(self, const char* tag, uint64_t time_ns) except -1:
        cdef unsigned char* out = put_tag(self.room(LONGEST_TAG_TEXT + LONGEST_TIMESTAMP + 1), tag)
        return self.close(out + self.times.write(out, time_ns))

    cdef inline int close(self, unsigned char* out) noexcept:
        """End the field whose last character stands before `out`."""
        out[0] = SOH
        self.length = out + 1 - self.buffer
        return 0

    cdef inline unsigned char* room(self, Py_ssize_t length) except NULL:
        """Where the next `length` bytes may be written."""
        if self.length + length > self.capacity:
            self.grow(length)
        return self.buffer + self.length

    cdef int grow(self, Py_ssize_t length) except -1:
        cdef unsigned char* buffer = <unsigned char*>realloc(self.buffer, 2 * self.capacity + length + 256)
        if buffer is NULL:
            raise MemoryError
        self.buffer = buffer
        self.capacity = 2 * self.capacity + length + 256
        return 0


cdef inline unsigned char* put_tag(unsigned char* out, const char* tag) noexcept:
    """Copy `tag` with its equals sign; return the place after it."""
    while tag[0]:
        out[0] = <unsigned char>tag[0]
        out += 1
        tag += 1
    return out


cdef bytes tag_text(int tag):
    if tag <= 0:
        raise ValueError(f"tag {tag}: tags are positive")
    return b"%d=" % tag
