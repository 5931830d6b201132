cimport cython
from libc.stdint cimport int64_t


@cython.final
cdef class TokenBucket:
    cdef int64_t _per_second, _full, _level, _fill_ns, _updated_ns  # full and level in tokens * 10**9

    cpdef bint take(self, int64_t tokens, int64_t now_ns, int64_t reserve=*) except -1
    cpdef int drain(self, int64_t tokens, int64_t now_ns) except -1
    cpdef int64_t available(self, int64_t now_ns) except -1
    cdef int _refill(self, int64_t now_ns) except -1
