# cython: nonecheck=False
# No member is ever None, and the check would need the GIL inside `nogil`.
"""One inbound FIX message, its values read by tag.

Units   decimals become counts of 10**-decimals, timestamps ns since 1970; exactly, never through float.
Shapes  a value is the bytes between `=` and SOH; of a repeated tag the first is returned.
Errors  DecodeError for bytes that are no message and for a value of the wrong type; an absent tag answers the default.
Cost    one pass to split, a linear search to find a tag; most absent tags are known to be absent without one.
Thread  one thread; values are valid until the next `parse`, but methods return copies.
Source  FIX 4.4 volume 1, tag=value syntax.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_DecodeLatin1
from libc.limits cimport INT_MAX

from engine._decimal cimport parse_chars
from engine.codec._pieces cimport BAD_FORMAT, OPEN, PARTIAL, TOO_MANY
from engine.codec._timestamp cimport read_timestamp

from engine.codec.charsets import readable
from engine.errors import DecodeError


cdef enum:
    USER_DEFINED = 5000  # the first tag that no standard defines


@cython.final
cdef class Fields(Pieces):
    """The fields of one message; valid during the callback that received it."""

    def __cinit__(self, raw=None, *, int max_fields=4096, data_fields=None):
        """`data_fields` maps the tag of each length to that of its data field, None for those of FIX 4.4."""
        self.reserve(max_fields, data_fields)
        if raw is not None:
            self.parse(raw)

    def __dealloc__(self):
        self.release()

    def parse(self, data):
        """Split one whole message; BodyLength and CheckSum are not verified."""
        cdef int stop
        self.hold(data if not isinstance(data, str) else data.encode("utf-8", "surrogateescape"))
        stop = self.split(self.buffer.len, self.buffer.len)
        if (
            stop > OPEN or self.end < self.buffer.len or self.defect == BAD_FORMAT
            or not self.is_all_fields() or self.find(35) < 0
        ):  # fmt: skip
            text = self.fault(stop)
            self.release()
            raise DecodeError(text)

    cpdef void clear(self) noexcept:
        """Forget the message and release its buffer."""
        self.release()

    @property
    def raw(self):
        """A copy of the whole message."""
        return self.copy(0, self.end)

    @property
    def msg_type(self):
        """The value of MsgType(35)."""
        return self.text(35)

    def __len__(self):
        return self.count

    def __contains__(self, int tag):
        return self.find(tag) >= 0

    def __iter__(self):
        """Yield (tag, value) in wire order; a piece that is not a field has tag 0."""
        cdef int i = 0
        while i < self.count:
            yield self.fields[i].tag, self.copy(self.fields[i].start, self.fields[i].length)
            i += 1

    def get(self, int tag):
        """Return the value's bytes, or None."""
        cdef int i = self.find(tag)
        return None if i < 0 else self.copy(self.fields[i].start, self.fields[i].length)

    def text(self, int tag, default=""):
        """Return the value, one character per byte."""
        cdef int i = self.find(tag)
        if i < 0:
            return default
        return PyUnicode_DecodeLatin1(<const char*>self.data + self.fields[i].start, self.fields[i].length, NULL)

    def remark(self):
        """Return what the sender says in words: Text(58), and EncodedText(355) where that says more."""
        return readable(self.get(58) or b"", self.get(355) or b"", self.text(347))

    def integer(self, int tag, default):
        """Return the value as an int."""
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

        `members` holds every tag that an entry may have, those of nested groups included; the first of them after
        `count_tag` opens each entry. Other tags may stand inside until as many entries have begun as are announced.
        """
        cdef int64_t announced = 0
        cdef int i = self.find(count_tag) + 1
        cdef int first = 0
        entries, entry = [], []
        if i == 0 or not self.copy_int(i - 1, &announced):
            return entries
        while i < self.count:
            if self.fields[i].tag not in members:
                if len(entries) >= announced and self.fields[i].tag < USER_DEFINED:
                    break
                i += 1
                continue
            first = first or self.fields[i].tag
            if self.fields[i].tag == first:
                entry = []
                entries.append(entry)
            entry.append((self.fields[i].tag, self.copy(self.fields[i].start, self.fields[i].length)))
            i += 1
        return entries

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
        """Say why the bytes are not a message; `stop` is where the split ended."""
        rest = self.copy(self.end, min(32, self.buffer.len - self.end))
        if stop == TOO_MANY:
            return f"more than {self.max_fields} fields"
        if self.defect == BAD_FORMAT:
            return f"data of tag {self.defect_tag} does not have the announced length"
        if not self.is_all_fields():
            return f"no tag=value: {next(value for tag, value in self if not tag)!r}"
        if stop == PARTIAL:
            return f"field not closed by SOH: {rest!r}"
        return f"bytes after CheckSum(10): {rest!r}" if rest else "MsgType(35) missing"
