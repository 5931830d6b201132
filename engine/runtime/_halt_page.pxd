from libc.stdint cimport int64_t


cdef class HaltPage:
    cdef const volatile int64_t* word
