"""The hot half of the file store: records appended to a mapped segment, two numbers in a mapped head.

Shapes  a record is length, number, checksum (64 bits each) and the message, padded to 8 bytes; a length of 0 ends the
        segment. A number in the head is one word, so that it is always written whole: 48 bits of value, 16 of checksum.
Errors  SessionError for a record or number whose checksum is wrong, and for a store that is closed.
Cost    append about 60 ns for 200 bytes, plus a page fault every 4 KiB.
Thread  the loop thread only.
Source  the message is written first and its length last: a record that a kill interrupts was not sent either.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from engine.errors import SessionError

cdef extern from *:
    """
    static inline void store_last(uint64_t *place, uint64_t value) { __atomic_store_n(place, value, __ATOMIC_RELEASE); }
    """
    void store_last(uint64_t* place, uint64_t value) noexcept nogil

cdef enum:
    RECORD_HEAD = 24
    PAGE = 4096
    PAGES_AHEAD = 32

cdef uint64_t VALUE = (<uint64_t>1 << 48) - 1

HEAD_NUMBERS = 16  # bytes at the start of the head that hold the next number in and out


@cython.final
cdef class Log:
    """The numbers and the current segment; `roll` is called to attach another when it is full."""

    def __cinit__(self, head, bint keeps_messages, roll):
        PyObject_GetBuffer(head, &self.head_buffer, PyBUF_WRITABLE)
        self.head = <uint64_t*>self.head_buffer.buf
        self.keeps_messages = keeps_messages
        self.roll = roll
        self.next_in = open_number(self.head[0])
        self.next_out = open_number(self.head[1])

    def __dealloc__(self):
        self.close()

    def close(self):
        """Release head and segment."""
        self.detach()
        if self.head is not NULL:
            self.head = NULL
            PyBuffer_Release(&self.head_buffer)

    def attach(self, segment, int64_t first):
        """Continue after the last record of `segment`, whose first record is number `first`; return the next number."""
        cdef uint64_t length
        self.detach()
        PyObject_GetBuffer(segment, &self.buffer, PyBUF_WRITABLE)
        self.data = <unsigned char*>self.buffer.buf
        self.size = self.buffer.len
        self.pos = 0
        while self.pos + RECORD_HEAD <= self.size:
            length = (<uint64_t*>(self.data + self.pos))[0]
            if length == 0:
                break
            if not is_whole(self.data, self.pos, self.size, first):
                raise SessionError(f"record of message {first} at byte {self.pos} is damaged")
            self.pos += room_for(length)
            first += 1
        return first

    def detach(self):
        """Release the segment."""
        if self.data is not NULL:
            self.data = NULL
            self.size = self.pos = 0
            PyBuffer_Release(&self.buffer)

    cpdef append(self, int64_t seq_num, bytes message):
        """Keep a message and count it."""
        cdef Py_ssize_t length, room
        cdef unsigned char* record
        if self.head is NULL:
            raise SessionError("the store is closed")
        if message is None:
            raise TypeError("a message is bytes, not None")
        length = PyBytes_GET_SIZE(message)
        room = room_for(length)
        if self.keeps_messages:
            if self.pos + room > self.size:
                self.roll(room)
            record = self.data + self.pos
            (<uint64_t*>(record + room - 8))[0] = 0  # the padding
            memcpy(record + RECORD_HEAD, PyBytes_AS_STRING(message), length)
            if self.pos + room + 8 <= self.size:
                (<uint64_t*>(record + room))[0] = 0
            (<uint64_t*>record)[1] = <uint64_t>seq_num
            (<uint64_t*>record)[2] = check_of(record + RECORD_HEAD, length, seq_num)
            store_last(<uint64_t*>record, length)
            self.pos += room
        self.set_next_out(seq_num + 1)

    cpdef set_next_out(self, int64_t seq_num):
        """Write the next number to send into the head."""
        self.next_out = seq_num
        store_last(self.head + 1, sealed_number(seq_num))

    cpdef set_next_in(self, int64_t seq_num):
        """Write the next number expected into the head."""
        if self.head is NULL:
            raise SessionError("the store is closed")
        self.next_in = seq_num
        store_last(self.head, sealed_number(seq_num))

    def is_half_full(self):
        """Say whether more than half of the segment is used."""
        return 2 * self.pos > self.size

    def touch_ahead(self):
        """Have the kernel make the next pages writable now rather than during an append."""
        cdef Py_ssize_t place = (self.pos // PAGE + 1) * PAGE
        cdef int i
        for i in range(PAGES_AHEAD):
            if place >= self.size:
                return
            self.data[place] = 0
            place += PAGE


def sealed(int64_t value):
    """Return a number as the head holds it, 8 bytes."""
    cdef uint64_t word = sealed_number(value)
    return PyBytes_FromStringAndSize(<char*>&word, 8)


def read(segment, Py_ssize_t offset, int64_t first):
    """Return number, message and next offset of the first record from `offset` on numbered `first` or above."""
    cdef Py_buffer buffer
    cdef unsigned char* data
    cdef uint64_t length
    cdef int64_t seq_num
    PyObject_GetBuffer(segment, &buffer, PyBUF_SIMPLE)
    try:
        data = <unsigned char*>buffer.buf
        while offset + RECORD_HEAD <= buffer.len:
            length = (<uint64_t*>(data + offset))[0]
            if length == 0:
                return None
            seq_num = <int64_t>(<uint64_t*>(data + offset))[1]
            if not is_whole(data, offset, buffer.len, seq_num):
                raise SessionError(f"record at byte {offset} is damaged")
            if seq_num >= first:
                message = PyBytes_FromStringAndSize(<char*>data + offset + RECORD_HEAD, length)
                return seq_num, message, offset + room_for(length)
            offset += room_for(length)
        return None
    finally:
        PyBuffer_Release(&buffer)


def extent(segment):
    """Return how many bytes of a segment hold records."""
    cdef Py_buffer buffer
    cdef Py_ssize_t offset = 0
    cdef uint64_t length
    PyObject_GetBuffer(segment, &buffer, PyBUF_SIMPLE)
    try:
        while offset + RECORD_HEAD <= buffer.len:
            length = (<uint64_t*>(<unsigned char*>buffer.buf + offset))[0]
            if length == 0 or length > <uint64_t>buffer.len or offset + room_for(length) > buffer.len:
                break
            offset += room_for(length)
        return offset
    finally:
        PyBuffer_Release(&buffer)


cdef inline Py_ssize_t room_for(uint64_t length) noexcept nogil:
    return RECORD_HEAD + ((<Py_ssize_t>length + 7) & ~7)


cdef bint is_whole(const unsigned char* data, Py_ssize_t pos, Py_ssize_t size, int64_t seq_num) noexcept nogil:
    cdef const uint64_t* record = <const uint64_t*>(data + pos)
    if record[0] > <uint64_t>size or pos + room_for(record[0]) > size or record[1] != <uint64_t>seq_num:
        return False
    return record[2] == check_of(data + pos + RECORD_HEAD, record[0], seq_num)


@cython.overflowcheck(False)
cdef uint64_t check_of(const unsigned char* data, uint64_t length, uint64_t seq_num) noexcept nogil:
    """A checksum of the padded message, a multiplication for every 8 bytes."""
    cdef uint64_t check = length ^ (seq_num << 32), i
    cdef const uint64_t* words = <const uint64_t*>data
    for i in range((length + 7) // 8):
        check = (check ^ words[i]) * <uint64_t>0x9E3779B97F4A7C15
        check ^= check >> 29
    return check


@cython.overflowcheck(False)
cdef uint64_t sealed_number(uint64_t value) noexcept nogil:
    return value | (((value + 1) * <uint64_t>0x9E3779B97F4A7C15) >> 48 << 48)


cdef int64_t open_number(uint64_t word) except -1:
    cdef uint64_t value = word & VALUE
    if word != sealed_number(value):
        raise SessionError("a sequence number in the head is damaged")
    return <int64_t>value
