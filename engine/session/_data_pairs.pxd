from libc.stdint cimport uint64_t


cdef class DataPairs:
    cdef uint64_t small[32]  # a bit for each tag below 2048: is it a length field?
    cdef int count
    cdef int* pairs
    cdef int data_tag(self, int length_tag) noexcept nogil


cdef DataPairs STANDARD_PAIRS
