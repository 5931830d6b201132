# cython: nonecheck=False
# No member is ever None, and the check would need the GIL inside `nogil`.
"""A FIX message split in place into `tag=value` pieces, in one pass.

Shapes  a table of tag, start and length, reused for every message: it grows up to `max_fields` and never shrinks.
        A data field ends where its length says, not at its first SOH.
        One whose length is wrong ends at its first SOH, so that the fields after it can be read.
Errors  none; `defect` notes the first piece that is not a sound field, a field without a value only if there is no
        other.
Thread  one thread; the bytes are the caller's.
Source  FIX 4.4 volume 1, tag=value syntax and data fields.
"""

cimport cython
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr

from engine.codec._data_fields cimport STANDARD_DATA_FIELDS, DataFields

cdef enum:
    SIGNATURE = 89


cdef class Pieces:
    """The pieces of one message."""

    def __dealloc__(self):
        free(self.fields)

    cdef int reserve(self, int max_fields, object data_fields) except -1:
        """Allocate the table; `data_fields` maps the tag of each length to that of its data field, None for FIX 4.4's."""
        if max_fields < 3:
            raise ValueError(f"max_fields must be at least 3, not {max_fields}")
        self.max_fields = max_fields
        self.capacity = min(max_fields, 64)
        self.fields = <Field*>malloc(self.capacity * sizeof(Field))
        if self.fields is NULL:
            raise MemoryError
        self.data_fields = STANDARD_DATA_FIELDS if data_fields is None else DataFields(data_fields)
        self.defect = NO_DEFECT
        return 0

    @cython.overflowcheck(False)
    cdef int split(self, Py_ssize_t available, Py_ssize_t limit) noexcept nogil:
        """Split up to CheckSum(10) or the end of the `available` bytes of a message that may have `limit`."""
        cdef const unsigned char* data = self.data
        cdef Field* field = self.fields
        cdef Field* full = self.fields + self.capacity
        cdef Py_ssize_t begin = 0, start, end
        cdef uint64_t seen = 0
        cdef unsigned int tag, digit
        cdef int data_tag = 0, stop = OPEN
        self.forget()
        while begin < available:
            if data_tag:
                end = self.data_end(data_tag, <int>(field - self.fields) - 1, begin, available, limit)
            else:
                end = find_soh(data, begin, available)
            if end == available:
                stop = PARTIAL
                break
            start = begin + 1
            tag = data[begin] - 48
            digit = 0
            if 1 <= tag <= 9:
                digit = data[start] - 48
                while digit <= 9:  # stops at SOH
                    tag = 10 * tag + digit
                    start += 1
                    digit = data[start] - 48
                start += 1
            if digit != c"=" - 48 or start - begin > LONGEST_TAG + 1:
                tag = 0
                start = end  # noted below
            if field == full:
                self.count = self.capacity
                if not self.grow():
                    stop = TOO_MANY
                    break
                field = self.fields + self.count
                full = self.fields + self.capacity
            if start == end:
                if tag == 0:
                    start = begin  # the whole piece is the value of tag 0
                self.note_piece(tag, start, end)
            field.tag = tag
            field.start = <int>start
            field.length = <int>(end - start)
            field += 1
            seen |= <uint64_t>1 << (tag & 63)
            begin = end + 1
            data_tag = 0
            if self.data_fields.is_special(tag):
                if tag == 10:
                    stop = ENDED
                    break
                data_tag = self.data_fields.find(tag)
        self.count = <int>(field - self.fields)
        self.end = begin
        self.seen = seen
        return stop

    cdef Py_ssize_t data_end(
        self, int tag, int announcing, Py_ssize_t begin, Py_ssize_t available, Py_ssize_t limit
    ) noexcept nogil:
        """Return where the next piece ends: by its announced length if it is the data field `tag`, else at SOH.

        `available` if it has not all arrived. A length that does not lead to SOH is a defect.
        """
        cdef Py_ssize_t start = begin
        cdef int64_t length
        cdef int found = read_tag(self.data, &start, available)
        if start == available:
            return available
        if found != tag or self.data[start] != c"=":
            return find_soh(self.data, begin, available)
        start += 1
        if not self.copy_int(announcing, &length):
            length = -1
        if 0 <= length < limit - start:
            if length >= available - start:
                return available
            if self.data[start + length] == SOH:
                return start + length
        self.note_defect(SIGNATURE_PROBLEM if tag == SIGNATURE else BAD_FORMAT, tag)
        return find_soh(self.data, begin, available)

    cdef void note_piece(self, int tag, Py_ssize_t start, Py_ssize_t end) noexcept nogil:
        """Note what is wrong with a piece that is not a field, or has no value."""
        if tag:
            self.note_defect(NO_VALUE, tag)
        else:
            self.note_defect(NO_EQUALS if memchr(self.data + start, c"=", end - start) is NULL else INVALID_TAG, 0)

    cdef bint is_all_fields(self) noexcept nogil:
        cdef int i
        for i in range(self.count):
            if self.fields[i].tag == 0:
                return False
        return True

    cdef void note_defect(self, int reason, int tag) noexcept nogil:
        if self.defect == NO_DEFECT or (self.defect == NO_VALUE and reason != NO_VALUE):
            self.defect = reason
            self.defect_tag = tag

    cdef bint grow(self) noexcept nogil:
        cdef int capacity = min(2 * self.capacity, self.max_fields)
        cdef Field* fields
        if capacity == self.capacity:
            return False
        fields = <Field*>realloc(self.fields, capacity * sizeof(Field))
        if fields is NULL:
            return False
        self.fields = fields
        self.capacity = capacity
        return True
