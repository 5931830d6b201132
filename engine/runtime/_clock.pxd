cimport cython
from libc.stdint cimport int64_t


@cython.final
cdef class Clock:
    cdef object source
    cdef int id

    cpdef int64_t now_ns(self) except? -1
