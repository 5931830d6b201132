cimport cython
from libc.stdint cimport int64_t


@cython.final
cdef class DuplicateWindow:
    cdef int64_t _max_orders, _window_ns
    cdef int64_t _next  # sequence number of the next order; its slot is the low bits
    cdef int64_t _mask
    cdef int64_t[::1] _newest, _before, _side, _price, _qty, _sent_ns

    cpdef bint is_full(self, int64_t side, int64_t price, int64_t qty, int64_t now_ns) except -1
    cpdef int add(self, int64_t side, int64_t price, int64_t qty, int64_t now_ns) except -1
    cdef int _put(self, int64_t side, int64_t price, int64_t qty, int64_t now_ns) except -1
    cdef Py_ssize_t _bucket(self, int64_t side, int64_t price, int64_t qty) noexcept
    cdef int _reset(self, Py_ssize_t capacity) except -1
    cdef int _grow(self) except -1
