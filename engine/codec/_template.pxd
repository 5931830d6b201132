# Fields are written by inline functions: each module that encodes has them compiled into itself, the tags constant.
cimport cython
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from engine._decimal cimport format_chars
from engine._text cimport PyUnicode_1BYTE_DATA, PyUnicode_1BYTE_KIND, PyUnicode_GET_LENGTH, PyUnicode_KIND
from engine.codec._pieces cimport SOH, find_soh
from engine.codec._timestamp cimport LONGEST_TIMESTAMP, TimestampFormat

cdef enum:
    LONGEST_TAG_TEXT = 11  # 2147483647=
    LONGEST_INT = 24  # sign, 19 digits, point


@cython.final
cdef class Template:
    cdef unsigned char* buffer
    cdef Py_ssize_t length, capacity
    cdef int omitted  # standard fields that this venue does not take
    cdef Py_ssize_t fixed_length  # bytes in front that every message keeps
    cdef readonly TimestampFormat times

    cdef object copy(self)
    cdef int grow(self, Py_ssize_t length) except -1
    cdef int refuse(self, const char* tag, str value) except -1


cdef inline void restart(Template self) noexcept:
    """Start a new message with the fixed fields alone."""
    self.length = self.fixed_length


cdef inline int put(Template self, const char* bytes_, Py_ssize_t length) except -1:
    """Write fields that are rendered already."""
    memcpy(room(self, length), bytes_, length)
    self.length += length
    return 0


cdef inline int put_text(Template self, const char* tag, str value) except -1:
    """Write a field; `tag` ends with its equals sign."""
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(value)
    cdef const unsigned char* text
    cdef unsigned char* out
    if length == 0 or PyUnicode_KIND(value) != PyUnicode_1BYTE_KIND:
        return self.refuse(tag, value)
    text = PyUnicode_1BYTE_DATA(value)
    if find_soh(text, 0, length) < length:
        return self.refuse(tag, value)
    out = put_tag(room(self, LONGEST_TAG_TEXT + length + 1), tag)
    if length == 1:
        out[0] = text[0]
    else:
        memcpy(out, text, length)
    return close_field(self, out + length)


cdef inline int put_int(Template self, const char* tag, int64_t value, int decimals) except -1:
    """Write a count of 10**-decimals."""
    cdef unsigned char* out = put_tag(room(self, LONGEST_TAG_TEXT + LONGEST_INT + 1), tag)
    return close_field(self, out + format_chars(value, decimals, out))


cdef inline int put_time(Template self, const char* tag, uint64_t time_ns) except -1:
    """Write a UTCTimestamp."""
    cdef unsigned char* out = put_tag(room(self, LONGEST_TAG_TEXT + LONGEST_TIMESTAMP + 1), tag)
    return close_field(self, out + self.times.write(out, time_ns))


cdef inline int close_field(Template self, unsigned char* out) noexcept:
    """End the field whose last character stands before `out`."""
    out[0] = SOH
    self.length = out + 1 - self.buffer
    return 0


cdef inline unsigned char* room(Template self, Py_ssize_t length) except NULL:
    """Return where the next `length` bytes may be written."""
    if self.length + length > self.capacity:
        self.grow(length)
    return self.buffer + self.length


cdef inline unsigned char* put_tag(unsigned char* out, const char* tag) noexcept:
    """Copy `tag` with its equals sign; return the place after it."""
    while tag[0]:
        out[0] = <unsigned char>tag[0]
        out += 1
        tag += 1
    return out
