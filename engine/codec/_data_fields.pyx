"""Which length field announces which data field.

Source  FIX 4.4 and FIXT 1.1 dictionaries: a length field stands directly before its data field.
"""

cimport cython
from libc.stdlib cimport free, malloc

DATA_FIELDS = {
    90: 91, 93: 89, 95: 96, 212: 213, 348: 349, 350: 351, 352: 353, 354: 355, 356: 357, 358: 359, 360: 361,
    362: 363, 364: 365, 445: 446, 618: 619, 621: 622, 1401: 1402, 1403: 1404,
}  # fmt: skip


@cython.final
cdef class DataFields:
    """Maps the tag of each length field to the tag of its data field; looked up once per field."""

    def __cinit__(self, pairs):
        cdef int length_tag, data_tag
        self.pairs = <int*>malloc(max(1, len(pairs)) * 2 * sizeof(int))
        if self.pairs is NULL:
            raise MemoryError
        self.small[0] = 1 << 10  # CheckSum(10) is special too
        for length_tag, data_tag in pairs.items():
            if length_tag <= 0 or data_tag <= 0:
                raise ValueError(f"data pair {length_tag}/{data_tag}: tags are positive")
            self.pairs[2 * self.count] = length_tag
            self.pairs[2 * self.count + 1] = data_tag
            self.count += 1
            if length_tag < 2048:
                self.small[length_tag // 64] |= <uint64_t>1 << (length_tag % 64)

    def __dealloc__(self):
        free(self.pairs)

    cdef int find(self, int length_tag) noexcept nogil:
        """The data field that `length_tag` announces, or 0."""
        cdef int i
        for i in range(self.count):
            if self.pairs[2 * i] == length_tag:
                return self.pairs[2 * i + 1]
        return 0


STANDARD_DATA_FIELDS = DataFields(DATA_FIELDS)
