cimport cython
from libc.stdint cimport int64_t, uint64_t

from engine._decimal cimport parse_int
from engine._text cimport count_trailing_zeros, load_8
from engine.codec._data_fields cimport DataFields

cdef enum:
    SOH = 1
    LONGEST_TAG = 9  # digits
    NO_DEFECT = -1

# SessionRejectReason(373) of a piece that is not a sound field
cdef enum:
    INVALID_TAG = 0
    NO_VALUE = 4
    BAD_FORMAT = 6
    SIGNATURE_PROBLEM = 8
    NO_EQUALS = 17
    TOO_MANY_FIELDS = 99

# Where a split stopped
cdef enum:
    ENDED  # after CheckSum(10)
    OPEN  # after a whole field, the bytes used up
    PARTIAL  # inside a field, the bytes used up
    TOO_MANY  # fields

cdef struct Field:
    int tag  # 0 for a piece that is no field; its value is then the whole piece
    int start
    int length


cdef class Pieces:
    cdef const unsigned char* data
    cdef Field* fields
    cdef int count, capacity, max_fields
    cdef Py_ssize_t end  # bytes split
    cdef readonly int defect, defect_tag
    cdef uint64_t seen  # one bit for each value of tag & 63: most absent tags need no search
    cdef DataFields data_fields

    cdef int reserve(self, int max_fields, object data_fields) except -1
    cdef int split(self, Py_ssize_t available, Py_ssize_t limit) noexcept nogil
    cdef Py_ssize_t data_end(
        self, int tag, int announcing, Py_ssize_t begin, Py_ssize_t available, Py_ssize_t limit
    ) noexcept nogil
    cdef void note_piece(self, int tag, Py_ssize_t start, Py_ssize_t end) noexcept nogil
    cdef bint is_all_fields(self) noexcept nogil
    cdef void note_defect(self, int reason, int tag) noexcept nogil
    cdef bint grow(self) noexcept nogil

    cdef inline void forget(self) noexcept nogil:
        self.count = 0
        self.seen = 0
        self.end = 0
        self.defect = NO_DEFECT
        self.defect_tag = 0

    cdef inline bint copy_int(self, int index, int64_t* value) noexcept nogil:
        """Read digits, perhaps after a minus sign; False if the value is anything else or too large."""
        return parse_int(self.data + self.fields[index].start, self.fields[index].length, value)

    cdef inline int find(self, int tag) noexcept nogil:
        """Index of the first field `tag`, or -1."""
        cdef int i
        if tag > 0 and self.seen >> (tag & 63) & 1:
            for i in range(self.count):
                if self.fields[i].tag == tag:
                    return i
        return -1


@cython.overflowcheck(False)
cdef inline Py_ssize_t find_soh(const unsigned char* data, Py_ssize_t start, Py_ssize_t available) noexcept nogil:
    """The place of the next SOH, or `available`."""
    cdef uint64_t word
    while start + 8 <= available:
        word = load_8(data + start) ^ <uint64_t>0x0101010101010101  # SOH becomes zero
        word = (word - <uint64_t>0x0101010101010101) & ~word & <uint64_t>0x8080808080808080  # lowest bit: first zero
        if word:
            return start + (count_trailing_zeros(word) >> 3)
        start += 8
    while start < available and data[start] != SOH:
        start += 1
    return start


cdef inline int read_tag(const unsigned char* data, Py_ssize_t* pos, Py_ssize_t available) noexcept nogil:
    """Advance `pos` past at most LONGEST_TAG digits; return their value."""
    cdef Py_ssize_t i = pos[0], stop = min(available, pos[0] + LONGEST_TAG)
    cdef int tag = 0
    while i < stop and 48 <= data[i] <= 57:
        tag = tag * 10 + data[i] - 48
        i += 1
    pos[0] = i
    return tag
