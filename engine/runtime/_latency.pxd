cimport cython
from libc.stdint cimport int64_t

cdef enum:
    BUCKETS = 27648  # of 11 digits up to 36 bits: (36 - 11 + 2) * 1024


@cython.final
cdef class LatencyRecorder:
    cdef int64_t counts[BUCKETS]
    cdef readonly int64_t count, total_ns, max_ns, last_ns, clipped

    cpdef void clear(self) noexcept
    cpdef void record(self, int64_t duration_ns) noexcept
