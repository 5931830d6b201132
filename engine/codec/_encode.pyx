"""Whole messages of one session: header, BodyLength, SendingTime and CheckSum around a body.

Shapes  every message is a `bytes` object of its own, written in place once: a transport or store may keep it.
Errors  ValueError for bytes that are no body.
Cost    about 60 ns.
Thread  one thread.
Source  FIX 4.4 volume 2, standard header and trailer.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from engine._decimal cimport format_chars
from engine.codec._pieces cimport SOH, find_soh
from engine.codec._frame cimport TRAILER, sum_of
from engine.codec._timestamp cimport LONGEST_TIMESTAMP, TimestampFormat

from engine.codec._template import Template


@cython.final
cdef class FrameEncoder:
    """Bodies to whole messages of one session."""

    def __cinit__(self, str begin_string not None, str sender not None, str target not None, *, header=(), int precision=3):
        """`header` fields, pairs of tag and text, stand in every message, such as SenderSubID(50)."""
        self.prefix = f"8={begin_string}\x019=".encode("latin-1")
        self.ids = Template("?", ((49, sender), (56, target), *header)).body()[len(b"35=?\x01") :]
        self.times = TimestampFormat(precision)

    cpdef bytes encode(self, bytes body, int64_t seq_num, uint64_t now_ns, bytes header=b""):
        """Return the whole message: header, body, trailer.

        `header` is rendered fields for this message alone: `43=Y` SOH `122=...` SOH of a possible duplicate.
        """
        cdef const unsigned char* text = <const unsigned char*>PyBytes_AS_STRING(body)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(body), first = find_soh(text, 0, size) + 1
        cdef Py_ssize_t body_length, total
        cdef unsigned char seq_text[24]
        cdef unsigned char time_text[LONGEST_TIMESTAMP]
        cdef unsigned char length_text[24]
        cdef Py_ssize_t seq_size = format_chars(seq_num, 0, seq_text)
        cdef Py_ssize_t time_size = self.times.write(time_text, now_ns)
        cdef Py_ssize_t length_size
        cdef unsigned char* out
        cdef unsigned char* begin
        if first < 5 or text[0] != c"3" or text[1] != c"5" or text[2] != c"=" or text[size - 1] != SOH:
            raise ValueError(f"a body is 35=...SOH and fields closed by SOH, not {body[:64]!r}")
        body_length = size + PyBytes_GET_SIZE(self.ids) + 3 + seq_size + 4 + time_size + 1 + PyBytes_GET_SIZE(header)
        length_size = format_chars(body_length, 0, length_text)
        total = PyBytes_GET_SIZE(self.prefix) + length_size + 1 + body_length + TRAILER
        frame = PyBytes_FromStringAndSize(NULL, total)
        begin = out = <unsigned char*>PyBytes_AS_STRING(frame)
        out = put_bytes(out, self.prefix)
        out = put(out, length_text, length_size)
        out = put(out, b"\x01", 1)
        out = put(out, text, first)
        out = put_bytes(out, self.ids)
        out = put(out, b"34=", 3)
        out = put(out, seq_text, seq_size)
        out = put(out, b"\x0152=", 4)
        out = put(out, time_text, time_size)
        out = put(out, b"\x01", 1)
        out = put_bytes(out, header)
        out = put(out, text + first, size - first)
        total = sum_of(begin, total - TRAILER)
        out = put(out, b"10=", 3)
        out[0] = <unsigned char>(48 + total // 100)
        out[1] = <unsigned char>(48 + total // 10 % 10)
        out[2] = <unsigned char>(48 + total % 10)
        out[3] = SOH
        return frame


cdef inline unsigned char* put(unsigned char* out, const unsigned char* text, Py_ssize_t length) noexcept:
    memcpy(out, text, length)
    return out + length


cdef inline unsigned char* put_bytes(unsigned char* out, bytes text) noexcept:
    return put(out, <const unsigned char*>PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))
