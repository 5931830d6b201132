"""Outgoing messages: a body put between header and trailer, in one pass into one `bytes`.

Units   ns since 1970 UTC.
Errors  SessionError for a body that is not `35=...` SOH and whole fields.
Cost    about 150 ns for a NewOrderSingle.
Thread  one encoder for each session, one thread.
Source  FIX 4.4 volume 2, standard header and trailer, CheckSum calculation.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memchr, memcpy

from engine.session._timestamp cimport LONGEST_TIMESTAMP, TimestampFormat

from engine.errors import SessionError


@cython.final
cdef class Outbound:
    """The header of one session; everything but numbers and times is rendered once."""

    cdef bytes begin  # 8=FIX.4.4 SOH 9=
    cdef bytes sender  # 49=... SOH 52=
    cdef bytes target  # 56=... SOH, then the other constant fields
    cdef TimestampFormat timestamps

    def __cinit__(self, begin_string, sender_comp_id, target_comp_id, header=(), int precision=3):
        self.begin = f"8={begin_string}\x019=".encode("latin-1")
        self.sender = f"49={sender_comp_id}\x0152=".encode("latin-1")
        constant = "".join(f"{tag}={value}\x01" for tag, value in header)
        self.target = f"56={target_comp_id}\x01{constant}".encode("latin-1")
        self.timestamps = TimestampFormat(precision)

    def sending_time(self, uint64_t wall_ns):
        """Return SendingTime(52) as `encode` writes it."""
        return self.timestamps.format(wall_ns)

    def encode(self, bytes body, int64_t seq_num, uint64_t wall_ns):
        """Return the message; header fields that `body` brings stand directly after its MsgType(35)."""
        cdef unsigned char digits[20]
        cdef unsigned char timestamp[LONGEST_TIMESTAMP]
        cdef const unsigned char* text = <const unsigned char*>PyBytes_AS_STRING(body)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(body), type_size, length, total
        cdef const void* soh
        cdef unsigned char* out
        cdef unsigned char* start
        cdef int digit_count, timestamp_size
        cdef unsigned int check
        if size < 5 or text[0] != c"3" or text[1] != c"5" or text[2] != c"=" or text[size - 1] != 1:
            raise SessionError(f"body must be 35=..., each field closed by SOH: {body[:40]!r}")
        soh = memchr(text, 1, size)
        type_size = <const unsigned char*>soh - text + 1
        digit_count = write_number(digits, seq_num)
        timestamp_size = self.timestamps.write(timestamp, wall_ns)
        length = (
            size + 3 + digit_count + 1 + PyBytes_GET_SIZE(self.sender) + timestamp_size + 1
            + PyBytes_GET_SIZE(self.target)
        )
        total = PyBytes_GET_SIZE(self.begin) + count_digits(length) + 1 + length + 7
        message = PyBytes_FromStringAndSize(NULL, total)
        start = out = <unsigned char*>PyBytes_AS_STRING(message)
        out = put(out, <const unsigned char*>PyBytes_AS_STRING(self.begin), PyBytes_GET_SIZE(self.begin))
        out += write_number(out, length)
        out[0] = 1
        out = put(out + 1, text, type_size)
        out = put(out, b"34=", 3)
        out = put(out, digits, digit_count)
        out[0] = 1
        out = put(out + 1, <const unsigned char*>PyBytes_AS_STRING(self.sender), PyBytes_GET_SIZE(self.sender))
        out = put(out, timestamp, timestamp_size)
        out[0] = 1
        out = put(out + 1, <const unsigned char*>PyBytes_AS_STRING(self.target), PyBytes_GET_SIZE(self.target))
        out = put(out, text + type_size, size - type_size)
        check = sum_of(start, out - start)
        out = put(out, b"10=", 3)
        out[0] = 48 + check // 100
        out[1] = 48 + check // 10 % 10
        out[2] = 48 + check % 10
        out[3] = 1
        return message


cdef inline unsigned char* put(unsigned char* out, const unsigned char* text, Py_ssize_t size) noexcept nogil:
    memcpy(out, text, size)
    return out + size


cdef inline int count_digits(int64_t value) noexcept nogil:
    cdef int count = 1
    while value >= 10:
        value //= 10
        count += 1
    return count


cdef inline int write_number(unsigned char* out, int64_t value) noexcept nogil:
    """Write a number that is not negative; return its digits."""
    cdef int count = count_digits(value), i
    for i in range(count - 1, -1, -1):
        out[i] = <unsigned char>(48 + value % 10)
        value //= 10
    return count


@cython.overflowcheck(False)
cdef unsigned char sum_of(const unsigned char* data, Py_ssize_t length) noexcept nogil:
    cdef unsigned char total = 0
    cdef Py_ssize_t i
    for i in range(length):
        total += data[i]
    return total
