cimport cython
from libc.stdint cimport int64_t

cdef enum:
    ORDERS = 0
    CANCELS = 1
    FILLS = 2
    KINDS = 3
    STEPS = 64


@cython.final
cdef class Activity:
    cdef int64_t _step_ns, _newest  # the number of the step that is counted in
    cdef int64_t _counts[KINDS * STEPS]
    cdef int64_t _totals[KINDS]
    cdef int64_t[::1] _of_market  # since the start, at KINDS * market + kind

    cdef int count(self, int kind, Py_ssize_t market, int64_t now_ns) except -1
    cdef int widen(self, Py_ssize_t market) except -1
    cdef int move_to(self, int64_t step) noexcept
    cpdef void clear(self) noexcept


@cython.final
cdef class EventWindow:
    cdef readonly int64_t most, window_ns
    cdef int64_t[::1] _at_ns
    cdef Py_ssize_t _place, _used

    cpdef bint add(self, int64_t now_ns) except -1
