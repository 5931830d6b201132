from libc.stdint cimport uint64_t


cdef class DataPairs:
    cdef uint64_t small[32]  # a bit for each tag below 2048: is it a length field?
    cdef int count
    cdef int* pairs
    cdef int find(self, int length_tag) noexcept nogil

    cdef inline int data_tag(self, int length_tag) noexcept nogil:
        """The data field that `length_tag` announces, or 0."""
        if length_tag < 2048 and not self.small[length_tag >> 6] >> (length_tag & 63) & 1:
            return 0
        return self.find(length_tag)


cdef DataPairs STANDARD_PAIRS
