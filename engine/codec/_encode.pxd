cimport cython
from libc.stdint cimport int64_t, uint64_t

from engine.codec._timestamp cimport TimestampFormat


@cython.final
cdef class FrameEncoder:
    cdef bytes prefix, ids
    cdef readonly TimestampFormat times

    cpdef bytes encode(self, bytes body, int64_t seq_num, uint64_t now_ns, bytes header=*)
