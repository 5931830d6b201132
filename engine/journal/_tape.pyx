"""Writes one journal record at a time into a memory-mapped segment.

Shapes  a record is a header of 24 bytes (u32 length, u32 CRC-32 of what follows, i64 time_ns, u8 kind, u8 count of
        integers, u16 0, u32 length of the text), `count` i64, the text in UTF-8, zeros to a multiple of 8; length
        counts without those zeros; little-endian. Behind each record the mark is moved: u32 offset of its end, u32 of
        its beginning, in one aligned store.
Errors  a record that does not fit is not written: False.
Cost    one pass over the text and the integers, no allocation: 0.1 us.
Thread  the loop thread only.
"""

cimport cython
from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from engine.orders.order cimport Order
from engine.orders.report cimport ExecutionReport

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL

cdef enum:
    HEADER = 24
    SLICES = 8
    ORDER_NUMBERS = 6
    NUMBERS = 13  # of a report
    TEXTS = 12

# CRC-32 as zlib computes it, eight bytes a step: _crc[n][b] is the remainder of byte b with n zero bytes behind it.
cdef uint32_t[SLICES][256] _crc


cdef void _fill_tables() noexcept:
    cdef uint32_t value
    cdef int byte, step
    for byte in range(256):
        value = byte
        for step in range(8):
            value = (value >> 1) ^ (0xEDB88320 if value & 1 else 0)
        _crc[0][byte] = value
    for byte in range(256):
        for step in range(1, SLICES):
            value = _crc[step - 1][byte]
            _crc[step][byte] = (value >> 8) ^ _crc[0][value & 0xFF]


_fill_tables()


cdef uint32_t _crc32(const uint8_t* data, Py_ssize_t size, uint32_t seed = 0) noexcept nogil:
    cdef uint32_t crc = ~seed
    cdef uint32_t low, high
    while size >= 8:
        memcpy(&low, data, 4)
        memcpy(&high, data + 4, 4)
        low ^= crc
        crc = (
            _crc[7][low & 0xFF] ^ _crc[6][(low >> 8) & 0xFF] ^ _crc[5][(low >> 16) & 0xFF] ^ _crc[4][low >> 24]
            ^ _crc[3][high & 0xFF] ^ _crc[2][(high >> 8) & 0xFF] ^ _crc[1][(high >> 16) & 0xFF] ^ _crc[0][high >> 24]
        )
        data += 8
        size -= 8
    while size > 0:
        crc = (crc >> 8) ^ _crc[0][(crc ^ data[0]) & 0xFF]
        data += 1
        size -= 1
    return ~crc


@cython.final
cdef class Tape:
    """The part of a writable buffer behind `offset`, filled record by record; the mark is in the 8 bytes at `mark`.

    `count` records were written, and `sum` is the CRC-32 of their lengths and checksums; both go on from what they are
    set to.
    """

    def __cinit__(self, buffer not None, Py_ssize_t offset, Py_ssize_t mark):
        PyObject_GetBuffer(buffer, &self._buffer, PyBUF_WRITABLE)
        self._start = <uint8_t*>self._buffer.buf
        self.size = self._buffer.len
        self.offset = offset
        if mark < 0 or mark & 7 or offset & 7 or not mark + 8 <= offset <= self.size:
            self.release()
            raise ValueError("mark and offset must be multiples of 8 inside the buffer, the mark first")
        self._mark = <uint64_t*>(self._start + mark)

    def __dealloc__(self):
        self.release()

    cpdef void release(self) noexcept:
        """Let go of the buffer; nothing fits any more."""
        if self._start != NULL:
            self._start = NULL
            self._mark = NULL
            self.size = self.offset = 0
            PyBuffer_Release(&self._buffer)

    cdef uint8_t* _reserve(self, Py_ssize_t size) noexcept:
        return NULL if size > self.size - self.offset else self._start + self.offset

    cdef void _commit(
        self, uint8_t* record, Py_ssize_t size, uint8_t kind, int64_t time_ns, uint8_t count, uint32_t text_size
    ) noexcept:
        """Put the header before what was written behind it, its length last: until then there is no record."""
        cdef uint32_t word
        cdef uint64_t begin = self.offset
        memcpy(record + 8, &time_ns, 8)
        record[16] = kind
        record[17] = count
        memcpy(record + 20, &text_size, 4)
        word = _crc32(record + 8, size - 8)
        memcpy(record + 4, &word, 4)
        word = <uint32_t>size
        memcpy(record, &word, 4)
        self.offset = min((self.offset + size + 7) & ~7, self.size)
        self._mark[0] = begin << 32 | <uint64_t>self.offset
        self.sum = _crc32(record, 8, self.sum)
        self.count += 1

    def write(self, uint8_t kind, int64_t time_ns, tuple numbers not None, str text not None):
        """Append one record and return whether it fitted."""
        cdef Py_ssize_t text_size, size, at = HEADER
        cdef Py_ssize_t count = len(numbers)
        cdef const char* chars = PyUnicode_AsUTF8AndSize(text, &text_size)
        cdef uint8_t* record
        cdef int64_t number
        size = HEADER + 8 * count + text_size
        record = self._reserve(size)
        if record == NULL or count > 255:
            return False
        for item in numbers:
            number = item
            memcpy(record + at, &number, 8)
            at += 8
        memcpy(record + at, chars, text_size)
        self._commit(record, size, kind, time_ns, <uint8_t>count, <uint32_t>text_size)
        return True

    cpdef bint write_new(self, uint8_t kind, int64_t time_ns, Order order) except -1:
        """Append a new order: its numbers, and ClOrdID, OrdType and TimeInForce joined by SOH."""
        cdef int64_t[ORDER_NUMBERS] numbers = [
            order.instrument.index, order.side, order.price, order.order_qty, order.post_only, order.expire_time_ns,
        ]
        return self._put(
            kind, time_ns, numbers, ORDER_NUMBERS, (order.cl_ord_id, order.ord_type, order.time_in_force)
        )

    cpdef bint write_report(self, uint8_t kind, int64_t time_ns, ExecutionReport report) except -1:
        """Append a report, its texts joined by SOH, as `journal.report_of` reads it."""
        cdef int64_t[NUMBERS] numbers = [
            report.side, report.price, report.order_qty, report.cum_qty, report.leaves_qty, report.last_px,
            report.last_qty, report.fee, report.reason, report.ref_seq_num,
            report.is_taker, report.poss_dup, report.poss_resend,
        ]
        return self._put(kind, time_ns, numbers, NUMBERS, (
            report.msg_type, report.cl_ord_id, report.orig_cl_ord_id, report.order_id, report.exec_id,
            report.exec_ref_id, report.exec_type, report.ord_status, report.symbol, report.cxl_rej_response_to,
            report.ref_msg_type, report.text,
        ))  # fmt: skip

    cdef bint _put(self, uint8_t kind, int64_t time_ns, const int64_t* numbers, int count, tuple texts) except -1:
        """Append a record of integers, and of texts joined by SOH."""
        cdef const char* chars[TEXTS]
        cdef Py_ssize_t[TEXTS] lengths
        cdef Py_ssize_t at = HEADER + 8 * count, size = at + len(texts) - 1
        cdef uint8_t* record
        cdef int i
        for i in range(<int>len(texts)):
            chars[i] = PyUnicode_AsUTF8AndSize(texts[i], &lengths[i])
            size += lengths[i]
        record = self._reserve(size)
        if record == NULL:
            return False
        memcpy(record + HEADER, numbers, 8 * count)
        for i in range(<int>len(texts)):
            memcpy(record + at, chars[i], lengths[i])
            at += lengths[i]
            if at < size:  # behind the last one stands no separator
                record[at] = 1
                at += 1
        self._commit(record, size, kind, time_ns, <uint8_t>count, <uint32_t>(size - HEADER - 8 * count))
        return True
