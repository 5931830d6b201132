from libc.stdint cimport int64_t

from engine.codec._pieces cimport Pieces


cdef class Fields(Pieces):
    cdef Py_buffer buffer
    cdef bint is_held

    cdef int hold(self, object data) except -1
    cpdef void clear(self) noexcept
    cdef void release(self) noexcept
    cdef int64_t integer_at(self, int index) except? -1
    cdef int64_t decimal_at(self, int index, int decimals) except? -1
    cdef object copy(self, Py_ssize_t start, Py_ssize_t length)
    cdef object wrong(self, int index, expected)
    cdef object fault(self, int stop)
