# cython: nonecheck=False
# No member is ever None, and the check would need the GIL inside `nogil`.
"""One inbound FIX message, split once in place, its values read by tag.

Units   decimals become counts of 10**-decimals, timestamps ns since 1970; exactly, never through float.
Shapes  a value is the bytes between `=` and SOH; of a repeated tag the first is returned. The table of one object
        serves every message: it grows to `max_fields` and is never given back.
Errors  DecodeError for bytes that are no message and for a value of the wrong type; an absent tag answers the default.
Cost    one pass to split; a walk to find a tag, which most of the absent ones are spared.
Thread  one thread; values are valid until the next `parse`, what a method returns is a copy.
Source  FIX 4.4 volume 1, tag=value syntax and data fields.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_DecodeLatin1
from libc.limits cimport INT_MAX
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr

from engine._decimal cimport parse_chars, parse_int
from engine.codec._data_fields cimport STANDARD_DATA_FIELDS, DataFields
from engine.codec._timestamp cimport read_timestamp

from engine.errors import DecodeError

cdef enum:
    SIGNATURE = 89  # the one data field whose wrong length is a Reject(3), not a garbled message

# SessionRejectReason(373) of a piece that is no sound field
cdef enum:
    NO_DEFECT = -1
    INVALID_TAG = 0
    NO_VALUE = 4
    SIGNATURE_PROBLEM = 8
    NO_EQUALS = 17


@cython.final
cdef class Fields:
    """The fields of one message; valid during the callback that received it."""

    def __cinit__(self, raw=None, *, int max_fields=4096, data_fields=None):
        if max_fields < 3:
            raise ValueError(f"max_fields must be at least 3, not {max_fields}")
        self.max_fields = max_fields
        self.capacity = min(max_fields, 64)
        self.fields = <Field*>malloc(self.capacity * sizeof(Field))
        if self.fields is NULL:
            raise MemoryError
        self.data_fields = STANDARD_DATA_FIELDS if data_fields is None else DataFields(data_fields)
        self.defect = NO_DEFECT
        if raw is not None:
            self.parse(raw)

    def __dealloc__(self):
        self.release()
        free(self.fields)

    def parse(self, data):
        """Split one whole message that the caller trusts: BodyLength and CheckSum are not proved."""
        cdef int stop
        self.hold(data if not isinstance(data, str) else data.encode("utf-8", "surrogateescape"))
        stop = self.split(self.buffer.len, self.buffer.len)
        if stop > OPEN or self.end < self.buffer.len or not self.is_all_fields() or self.find(35) < 0:
            text = self.fault(stop)
            self.release()
            raise DecodeError(text)

    cpdef void clear(self) noexcept:
        """Forget the message and let go of its buffer."""
        self.release()

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
        cdef int i = self.find(tag)
        return default if i < 0 else self.integer_at(i)

    def decimal(self, int tag, int decimals, default):
        """Return the value as a count of 10**-decimals, exactly."""
        cdef int i = self.find(tag)
        return default if i < 0 else self.decimal_at(i, decimals)

    def timestamp_ns(self, int tag, default):
        """Return a UTCTimestamp in ns since 1970."""
        cdef int64_t ns
        cdef int i = self.find(tag)
        if i < 0:
            return default
        if not read_timestamp(self.data + self.fields[i].start, self.fields[i].length, &ns):
            raise self.wrong(i, "a UTCTimestamp")
        return ns

    def group(self, int count_tag, members):
        """Return the entries of a repeating group, each a list of (tag, value).

        `members` holds every tag that an entry may have, those of nested groups included; the tag that follows
        `count_tag` opens each entry.
        """
        cdef int i = self.find(count_tag) + 1
        cdef int first = self.fields[i].tag if 0 < i < self.count else 0
        entries, entry = [], []
        while 0 < i < self.count and self.fields[i].tag in members:
            if self.fields[i].tag == first:
                entry = []
                entries.append(entry)
            entry.append((self.fields[i].tag, self.copy(self.fields[i].start, self.fields[i].length)))
            i += 1
        return entries

    @cython.overflowcheck(False)
    cdef int split(self, Py_ssize_t available, Py_ssize_t limit) noexcept nogil:
        """Split up to CheckSum(10) or the end of the `available` bytes, of a message of at most `limit` bytes."""
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
            if end < 0 or end == available:
                stop = BAD_DATA if end < 0 else PARTIAL
                break
            start = begin + 1
            tag = data[begin] - 48
            digit = 0
            if 1 <= tag <= 9:
                digit = data[start] - 48
                while digit <= 9:  # SOH is none
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
        """Where the next piece ends, by its length if it is the data field `tag` that another announces.

        `available` if it is not all there, -1 if the length does not lead to SOH.
        """
        cdef Py_ssize_t start = begin
        cdef int64_t length
        cdef int found = read_tag(self.data, &start, available)
        if start == available:
            return available
        if found != tag or self.data[start] != c"=" or not self.copy_int(announcing, &length):
            return find_soh(self.data, begin, available)
        start += 1
        if 0 <= length < limit - start:
            if length >= available - start:
                return available
            if self.data[start + length] == SOH:
                return start + length
        if tag != SIGNATURE:
            return -1
        self.note_defect(SIGNATURE_PROBLEM, tag)
        return find_soh(self.data, begin, available)

    cdef void note_piece(self, int tag, Py_ssize_t start, Py_ssize_t end) noexcept nogil:
        """Note what is wrong with a piece that is no field, or has no value."""
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
        if self.defect == NO_DEFECT:
            self.defect = reason
            self.defect_tag = tag

    cdef void forget(self) noexcept nogil:
        self.count = 0
        self.seen = 0
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
        """Read digits, perhaps after a minus sign; False if the value is anything else or too large."""
        return parse_int(self.data + self.fields[index].start, self.fields[index].length, value)

    cdef int64_t integer_at(self, int index) except? -1:
        cdef int64_t value
        if not self.copy_int(index, &value):
            raise self.wrong(index, "an int")
        return value

    cdef int64_t decimal_at(self, int index, int decimals) except? -1:
        cdef bint ok
        cdef int64_t value
        value = parse_chars(self.data + self.fields[index].start, self.fields[index].length, decimals, &ok)
        if not ok:
            raise self.wrong(index, f"a decimal number of at most {decimals} places")
        return value

    cdef int hold(self, object data) except -1:
        self.release()
        PyObject_GetBuffer(data, &self.buffer, PyBUF_SIMPLE)
        self.is_held = True
        self.data = <const unsigned char*>self.buffer.buf
        if self.buffer.len > INT_MAX:
            self.release()
            raise DecodeError(f"message of more than {INT_MAX} bytes")
        return 0

    cdef void release(self) noexcept:
        self.forget()
        if self.is_held:
            self.is_held = False
            PyBuffer_Release(&self.buffer)

    cdef object copy(self, Py_ssize_t start, Py_ssize_t length):
        return PyBytes_FromStringAndSize(<const char*>self.data + start, length)

    cdef object wrong(self, int index, expected):
        value = self.copy(self.fields[index].start, self.fields[index].length)
        return DecodeError(f"tag {self.fields[index].tag}: not {expected}: {value!r}")

    cdef object fault(self, int stop):
        """Say why the bytes are no message; `stop` is where the split ended."""
        rest = self.copy(self.end, min(32, self.buffer.len - self.end))
        if stop == TOO_MANY:
            return f"more than {self.max_fields} fields"
        if stop == BAD_DATA:
            return f"data after tag {self.fields[self.count - 1].tag} does not have the announced length"
        if not self.is_all_fields():
            return f"no tag=value: {next(value for tag, value in self if not tag)!r}"
        if stop == PARTIAL:
            return f"field not closed by SOH: {rest!r}"
        return f"bytes after CheckSum(10): {rest!r}" if rest else "MsgType(35) missing"
