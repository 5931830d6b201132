from libc.stdint cimport uint64_t


cdef class DataFields:
    cdef uint64_t small[32]  # a bit for each special tag below 2048
    cdef int count
    cdef int* pairs
    cdef int find(self, int length_tag) noexcept nogil

    cdef inline bint is_special(self, unsigned int tag) noexcept nogil:
        """False for a tag that announces no data and is not CheckSum(10)."""
        return tag >= 2048 or self.small[tag >> 6] >> (tag & 63) & 1


cdef DataFields STANDARD_DATA_FIELDS
