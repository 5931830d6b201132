from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memchr

from engine.session._data_pairs cimport DataPairs

cdef enum:
    SOH = 1
    SMALL_TAGS = 2048  # tags below are found through a table, the others by a walk

# Where a split stopped
cdef enum:
    ENDED  # after CheckSum(10)
    OPEN  # after a whole field, the bytes used up
    PARTIAL  # inside a field, the bytes used up
    BAD_DATA  # a data field whose length does not lead to SOH
    TOO_MANY  # fields

cdef struct Field:
    int tag  # 0 for a piece that is no field; its value is then the whole piece
    int start
    int length


cdef class Fields:
    cdef const unsigned char* data
    cdef Field* fields
    cdef int count, capacity, max_fields
    cdef Py_ssize_t end  # bytes split
    cdef readonly int defect, defect_tag
    cdef uint64_t serial
    cdef uint64_t place[SMALL_TAGS]
    cdef DataPairs data_pairs
    cdef Py_buffer buffer
    cdef bint is_held

    cdef int hold(self, object data) except -1
    cdef void release(self) noexcept
    cdef int split(self, Py_ssize_t available, Py_ssize_t limit) noexcept nogil
    cdef int split_data(self, int data_tag, Py_ssize_t available, Py_ssize_t limit) noexcept nogil
    cdef bint append(self, int tag, Py_ssize_t start, Py_ssize_t end) noexcept nogil
    cdef void note_defect(self, int reason, int tag) noexcept nogil
    cdef void forget(self) noexcept nogil
    cdef bint grow(self) noexcept nogil
    cdef bint copy_int(self, int index, int64_t* value) noexcept nogil
    cdef int64_t integer_at(self, int index) except? -1
    cdef int64_t decimal_at(self, int index, int decimals) except? -1
    cdef object copy(self, Py_ssize_t start, Py_ssize_t length)
    cdef object wrong(self, int index, expected)
    cdef object fault(self, int stop)

    cdef inline int find(self, int tag) noexcept nogil:
        """Index of the first field `tag`, or -1."""
        cdef int i
        if 0 < tag < SMALL_TAGS:
            return <int>(self.place[tag] - self.serial) if self.place[tag] >= self.serial else -1
        if tag > 0:
            for i in range(self.count):
                if self.fields[i].tag == tag:
                    return i
        return -1


cdef inline Py_ssize_t find_soh(const unsigned char* data, Py_ssize_t start, Py_ssize_t available) noexcept nogil:
    """The place of the next SOH, or `available`."""
    cdef const void* soh = memchr(data + start, SOH, available - start)
    return available if soh is NULL else <Py_ssize_t>soh - <Py_ssize_t>data


cdef inline int read_tag(const unsigned char* data, Py_ssize_t* pos, Py_ssize_t available) noexcept nogil:
    """Move `pos` over at most nine digits; return their value."""
    cdef Py_ssize_t i = pos[0], stop = min(available, pos[0] + 9)
    cdef int tag = 0
    while i < stop and 48 <= data[i] <= 57:
        tag = tag * 10 + data[i] - 48
        i += 1
    pos[0] = i
    return tag
