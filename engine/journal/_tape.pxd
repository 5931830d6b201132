cimport cython
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from engine.orders.order cimport Order
from engine.orders.report cimport ExecutionReport


cdef uint32_t _crc32(const uint8_t* data, Py_ssize_t size, uint32_t seed=*) noexcept nogil


@cython.final
cdef class Tape:
    cdef Py_buffer _buffer
    cdef uint8_t* _start
    cdef uint64_t* _mark
    cdef readonly Py_ssize_t offset  # where the next record goes
    cdef readonly Py_ssize_t size
    cdef public uint32_t sum
    cdef public int64_t count

    cpdef void release(self) noexcept
    cdef uint8_t* _reserve(self, Py_ssize_t size) noexcept
    cdef void _commit(
        self, uint8_t* record, Py_ssize_t size, uint8_t kind, int64_t time_ns, uint8_t count, uint32_t text_size
    ) noexcept
    cpdef bint write_new(self, uint8_t kind, int64_t time_ns, Order order) except -1
    cpdef bint write_report(self, uint8_t kind, int64_t time_ns, ExecutionReport report) except -1
    cdef bint _put(self, uint8_t kind, int64_t time_ns, const int64_t* numbers, int count, tuple texts) except -1
