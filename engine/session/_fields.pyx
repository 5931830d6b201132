"""One inbound FIX message, split once in place, its values read by tag.

Units   decimals become counts of 10**-decimals, timestamps ns since 1970; exactly, never through float.
Shapes  a value is the bytes between `=` and SOH; of a repeated tag the first is returned. The tables of one object
        serve every message: they grow to `max_fields` and are never given back.
Errors  DecodeError for bytes that are no message and for a value of the wrong type; an absent tag answers the default.
Cost    about 5 ns a field to split, O(1) to find a tag below 2048, a walk for the others; see bench.micro.
Thread  one thread; values are valid until the next `parse`, what a method returns is a copy.
Source  FIX 4.4 volume 1, tag=value syntax and data fields.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeLatin1
from libc.limits cimport INT_MAX
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr, memset

from engine._decimal cimport parse_chars

from engine.errors import DecodeError

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    unsigned char* PyUnicode_1BYTE_DATA(object text)

# The length field, which stands directly before its data field, and that field: FIX 4.4 and FIXT 1.1.
DATA_PAIRS = {
    90: 91, 93: 89, 95: 96, 212: 213, 348: 349, 350: 351, 352: 353, 354: 355, 356: 357, 358: 359, 360: 361,
    362: 363, 364: 365, 445: 446, 618: 619, 621: 622, 1401: 1402, 1403: 1404,
}  # fmt: skip

cdef enum:
    SOH = 1

# SessionRejectReason(373) of a piece that is no sound field
cdef enum:
    NO_DEFECT = -1
    INVALID_TAG = 0
    NO_VALUE = 4
    NO_EQUALS = 17


@cython.final
cdef class DataPairs:
    """Which length field announces which data field."""

    def __cinit__(self, pairs):
        cdef int length_tag, data_tag
        self.pairs = <int*>malloc(max(1, len(pairs)) * 2 * sizeof(int))
        if self.pairs is NULL:
            raise MemoryError
        for length_tag, data_tag in pairs.items():
            if length_tag <= 0 or data_tag <= 0:
                raise ValueError(f"data pair {length_tag}/{data_tag}: tags are positive")
            self.pairs[2 * self.count] = length_tag
            self.pairs[2 * self.count + 1] = data_tag
            self.count += 1
            if length_tag < SMALL_TAGS:
                self.small[length_tag // 64] |= <uint64_t>1 << (length_tag % 64)

    def __dealloc__(self):
        free(self.pairs)

    cdef int data_tag(self, int length_tag) noexcept nogil:
        """The data field that `length_tag` announces, or 0."""
        cdef int i
        if length_tag < SMALL_TAGS and not self.small[length_tag >> 6] >> (length_tag & 63) & 1:
            return 0
        for i in range(self.count):
            if self.pairs[2 * i] == length_tag:
                return self.pairs[2 * i + 1]
        return 0


cdef DataPairs STANDARD_PAIRS = DataPairs(DATA_PAIRS)


@cython.final
cdef class Fields:
    """The fields of one message; valid during the callback that received it."""

    def __cinit__(self, raw=None, *, int max_fields=4096, data_pairs=None):
        if max_fields < 3:
            raise ValueError(f"max_fields must be at least 3, not {max_fields}")
        self.max_fields = max_fields
        self.capacity = min(max_fields, 64)
        self.fields = <Field*>malloc(self.capacity * sizeof(Field))
        if self.fields is NULL:
            raise MemoryError
        self.data_pairs = STANDARD_PAIRS if data_pairs is None else DataPairs(data_pairs)
        self.serial = 1
        self.defect = NO_DEFECT
        if raw is not None:
            self.parse(raw)

    def __dealloc__(self):
        self.clear()
        free(self.fields)

    def parse(self, data):
        """Split one whole message that the caller trusts: BodyLength and CheckSum are not proved."""
        cdef int stop
        self.hold(data if not isinstance(data, str) else data.encode("utf-8", "surrogateescape"))
        stop = self.split(self.buffer.len, self.buffer.len)
        if stop > OPEN or self.end < self.buffer.len or self.defect not in (NO_DEFECT, NO_VALUE) or self.find(35) < 0:
            text = self.fault(stop)
            self.clear()
            raise DecodeError(text)

    def clear(self):
        """Forget the message and let go of its buffer."""
        self.forget()
        if self.is_held:
            self.is_held = False
            PyBuffer_Release(&self.buffer)

    @property
    def raw(self):
        """A copy of the whole message."""
        return self.copy(0, self.end)

    @property
    def msg_type(self):
        return self.text(35)

    def __len__(self):
        return self.count

    def __contains__(self, int tag):
        return self.find(tag) >= 0

    def __iter__(self):
        """Yield (tag, value) in wire order; the tag of a piece that is no field is 0."""
        cdef int i = 0
        while i < self.count:
            yield self.fields[i].tag, self.copy(self.fields[i].start, self.fields[i].length)
            i += 1

    def get(self, int tag):
        """Return the value's bytes, or None."""
        cdef int i = self.find(tag)
        return None if i < 0 else self.copy(self.fields[i].start, self.fields[i].length)

    def text(self, int tag, default=""):
        """Return the value, one character a byte."""
        cdef int i = self.find(tag)
        if i < 0:
            return default
        return PyUnicode_DecodeLatin1(<const char*>self.data + self.fields[i].start, self.fields[i].length, NULL)

    def integer(self, int tag, default):
        cdef int64_t value
        cdef int i = self.find(tag)
        if i < 0:
            return default
        if not self.copy_int(i, &value):
            raise self.wrong(i, "an int")
        return value

    def decimal(self, int tag, int decimals, default):
        """Return the value as a count of 10**-decimals, exactly."""
        cdef bint ok
        cdef int64_t value
        cdef int i = self.find(tag)
        if i < 0:
            return default
        value = parse_chars(self.data + self.fields[i].start, self.fields[i].length, decimals, &ok)
        if not ok:
            raise self.wrong(i, f"a decimal number of at most {decimals} places")
        return value

    def group(self, int count_tag, members):
        """Return the entries of a repeating group, each a list of (tag, value).

        `members` holds every tag that an entry may have, those of nested groups included; the tag that follows
        `count_tag` opens each entry.
        """
        cdef int i = self.find(count_tag)
        cdef int tag, first
        entries, entry = [], []
        if i < 0 or i + 1 == self.count:
            return entries
        first = self.fields[i + 1].tag
        for i in range(i + 1, self.count):
            tag = self.fields[i].tag
            if tag not in members:
                break
            if tag == first:
                entry = []
                entries.append(entry)
            entry.append((tag, self.copy(self.fields[i].start, self.fields[i].length)))
        return entries

    cdef int split(self, Py_ssize_t available, Py_ssize_t limit) noexcept nogil:
        """Split up to CheckSum(10) or the end of the `available` bytes, of a message of at most `limit` bytes."""
        cdef const unsigned char* data = self.data
        cdef const unsigned char* soh
        cdef Py_ssize_t pos = 0, start, begin
        cdef int64_t announced = 0
        cdef unsigned int digit
        cdef int tag, data_tag = 0
        self.forget()
        while pos < available:
            begin = pos
            tag = 0
            digit = <unsigned int>data[pos] - 48
            while digit <= 9 and pos - begin < 9:
                tag = tag * 10 + <int>digit
                pos += 1
                if pos == available:
                    return PARTIAL
                digit = <unsigned int>data[pos] - 48
            if data[pos] == c"=" and pos > begin and data[begin] != c"0":
                start = pos + 1
            else:  # no tag: the whole piece is the value of tag 0
                start = begin
                tag = 0
            if tag == data_tag and tag:
                if announced < 0 or announced >= limit - start:
                    return BAD_DATA
                if announced >= available - start:
                    return PARTIAL
                pos = start + announced
                if data[pos] != SOH:
                    return BAD_DATA
            else:
                soh = <const unsigned char*>memchr(data + start, SOH, available - start)
                if soh is NULL:
                    return PARTIAL
                pos = soh - data
            if self.count == self.capacity and not self.grow():
                return TOO_MANY
            self.append(tag, start, pos - start)
            pos += 1
            self.end = pos
            if tag == 10:
                return ENDED
            data_tag = self.data_pairs.data_tag(tag)
            if data_tag and not self.copy_int(self.count - 1, &announced):
                data_tag = 0
        return OPEN

    cdef inline void append(self, int tag, Py_ssize_t start, Py_ssize_t length) noexcept nogil:
        cdef Field* field = &self.fields[self.count]
        field.tag = tag
        field.start = <int>start
        field.length = <int>length
        if 0 < tag < SMALL_TAGS and self.place[tag] < self.serial:
            self.place[tag] = self.serial + self.count
        self.count += 1
        if (tag == 0 or length == 0) and self.defect == NO_DEFECT:
            self.note_defect(tag, self.data + start, length)

    cdef void note_defect(self, int tag, const unsigned char* piece, Py_ssize_t length) noexcept nogil:
        self.defect_tag = tag
        if tag:
            self.defect = NO_VALUE
        elif memchr(piece, c"=", length) is NULL:
            self.defect = NO_EQUALS
        else:
            self.defect = INVALID_TAG

    cdef void forget(self) noexcept nogil:
        self.serial += self.count  # every place noted so far is now in the past
        self.count = 0
        self.end = 0
        self.defect = NO_DEFECT
        self.defect_tag = 0

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

    cdef bint copy_int(self, int index, int64_t* value) noexcept nogil:
        """Read digits, perhaps after a minus sign, that fit 18 places; False if the value is anything else."""
        cdef const unsigned char* text = self.data + self.fields[index].start
        cdef int length = self.fields[index].length
        cdef bint ok
        if length == 0 or length > 19 or text[0] == c"+" or memchr(text, c".", length) is not NULL:
            return False
        value[0] = parse_chars(text, length, 0, &ok)
        return ok

    cdef int hold(self, object data) except -1:
        self.clear()
        PyObject_GetBuffer(data, &self.buffer, PyBUF_SIMPLE)
        self.is_held = True
        self.data = <const unsigned char*>self.buffer.buf
        if self.buffer.len > INT_MAX:
            self.clear()
            raise DecodeError(f"message of more than {INT_MAX} bytes")
        return 0

    cdef object copy(self, Py_ssize_t start, Py_ssize_t length):
        return PyBytes_FromStringAndSize(<const char*>self.data + start, length)

    cdef object wrong(self, int index, expected):
        value = self.copy(self.fields[index].start, self.fields[index].length)
        return DecodeError(f"tag {self.fields[index].tag}: not {expected}: {value!r}")

    cdef object fault(self, int stop):
        """Say why the bytes are no message; `stop` is where the split ended."""
        if stop == TOO_MANY:
            return f"more than {self.max_fields} fields"
        if stop == BAD_DATA:
            return f"data after tag {self.fields[self.count - 1].tag} does not have the announced length"
        if self.defect not in (NO_DEFECT, NO_VALUE):
            return f"no tag=value: {next(value for tag, value in self if not tag)!r}"
        if stop == PARTIAL:
            return f"field not closed by SOH: {self.copy(self.end, min(32, self.buffer.len - self.end))!r}"
        if self.end < self.buffer.len:
            return f"bytes after CheckSum(10): {self.copy(self.end, min(32, self.buffer.len - self.end))!r}"
        return "MsgType(35) missing"
