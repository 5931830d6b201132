"""The time of a desk on rows; see `_pass_clock.pyx`."""
cimport cython
from libc.stdint cimport int64_t


@cython.final
cdef class PassClock:
    cdef public int64_t now_ns
    cdef readonly int64_t next_ns
    cdef list _due
    cdef int64_t _number
