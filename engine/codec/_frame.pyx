# cython: nonecheck=False
# No member is ever None, and the check would need the GIL inside `nogil`.
"""Finds FIX messages in a byte stream and verifies BodyLength and CheckSum.

Shapes  a frame is a place in the caller's buffer; its fields are valid until the next `scan`. One that cannot be read
        to its end is sound too if BodyLength and CheckSum are: its fields end early and have a defect.
Errors  none for what the peer sends: every outcome is a `Frame` code. ValueError for places outside the buffer.
Cost    one pass over a frame and a sum of its bytes; an incomplete frame is read again from its start.
Thread  one reader for each connection, one thread.
Source  FIX 4.4 volume 2, data integrity and garbled messages. An unverified BodyLength is never used to skip
        bytes: after garbage the stream resumes at the next `8=FIX` that follows SOH.
"""

cimport cython
from libc.string cimport memcmp

from engine.codec._fields cimport Fields
from engine.codec._pieces cimport BAD_FORMAT, ENDED, NO_DEFECT, OPEN, SOH, TOO_MANY, TOO_MANY_FIELDS, find_soh

GARBLED = (
    "",
    "",
    "BeginString(8) is not first or not FIX.n.m",
    "BodyLength(9) is not second or does not lead to CheckSum(10)",
    "longer than the largest message allowed",
    "MsgType(35) is not third",
    "CheckSum(10) is wrong or not three digits",
)


@cython.final
cdef class FrameReader:
    """Finds the frames of one connection and splits each into `fields`."""

    def __cinit__(self, *, Py_ssize_t max_message_size=65_536, int max_fields=4096, data_fields=None, bint check=True):
        """With `check` off BodyLength and CheckSum may be wrong: a frame ends at its first CheckSum(10)."""
        if not 32 <= max_message_size <= 2**30:
            raise ValueError(f"max_message_size must be 32 to {2**30}, not {max_message_size}")
        self.fields = Fields(max_fields=max_fields, data_fields=data_fields)
        self.max_message_size = max_message_size
        self.check = check

    def reset(self):
        """Forget the stream: the next byte is the first of a new connection."""
        self.is_lost = False
        self.end = 0
        self.fields.release()

    cpdef int scan(self, object buffer, Py_ssize_t offset=0, Py_ssize_t stop=-1) except -1:
        """Return what is found at `offset` in the bytes before `stop` (-1: the whole buffer).

        SOUND: the frame ends at `end`, its fields are in `fields`. INCOMPLETE: keep the bytes from `offset` on; the
        buffer is released. Anything else: the bytes up to `end` are garbled, continue there.
        """
        cdef int code
        cdef Fields fields = self.fields
        fields.hold(buffer)
        if stop == -1:
            stop = fields.buffer.len
        if not 0 <= offset <= stop <= fields.buffer.len:
            fields.release()
            raise ValueError(f"{offset} to {stop} does not lie inside the buffer")
        fields.data += offset
        code = self.judge(stop - offset)
        if code == Frame.SOUND:
            self.end = offset + fields.end
            return code
        self.end = offset if code == Frame.INCOMPLETE else offset + self.resync(stop - offset)
        fields.release()
        return code

    cdef int judge(self, Py_ssize_t available) noexcept nogil:
        cdef int code, stop
        if self.is_lost:
            return Frame.NO_BEGIN_STRING if available else Frame.INCOMPLETE
        code = self.read_header(available)
        if code != Frame.SOUND:
            return code
        stop = self.fields.split(min(available, self.limit), self.limit)
        if stop == TOO_MANY:
            self.fields.note_defect(TOO_MANY_FIELDS, 0)
            return self.judge_unread(available)
        if stop != ENDED:
            if available < self.limit:
                return Frame.INCOMPLETE
            if not self.check:
                return Frame.TOO_LARGE
            if stop == OPEN:  # data of a wrong length took the trailer in
                self.fields.note_defect(BAD_FORMAT, self.fields.fields[self.fields.count - 1].tag)
                return self.judge_unread(available)
            return Frame.BAD_BODY_LENGTH
        if not self.check:
            return Frame.SOUND
        if self.fields.fields[self.fields.count - 1].start == self.limit - 4:
            return Frame.SOUND if self.is_check_sum_right() else Frame.BAD_CHECK_SUM
        if self.fields.defect == NO_DEFECT:
            return Frame.BAD_BODY_LENGTH
        return self.judge_unread(available)  # `10=` may have stood inside data of a wrong length

    cdef int judge_unread(self, Py_ssize_t available) noexcept nogil:
        """Judge a frame whose fields could not all be read by BodyLength and CheckSum alone."""
        cdef const unsigned char* data = self.fields.data
        if not self.check:
            return self.skip_unread(available)
        if available < self.limit:
            return Frame.INCOMPLETE
        if memcmp(data + self.limit - TRAILER - 1, b"\x0110=", 4) or data[self.limit - 1] != SOH:
            return Frame.BAD_BODY_LENGTH
        self.fields.end = self.limit
        return Frame.SOUND if self.is_check_sum_right() else Frame.BAD_CHECK_SUM

    cdef int skip_unread(self, Py_ssize_t available) noexcept nogil:
        """End a frame of which neither BodyLength nor CheckSum counts at its next CheckSum(10)."""
        cdef const unsigned char* data = self.fields.data
        cdef Py_ssize_t begin = self.fields.end, end = find_soh(data, begin, available)
        while end < available and memcmp(data + begin, b"10=", 3):
            begin = end + 1
            end = find_soh(data, begin, available)
        self.fields.end = end + 1
        if end < available:
            return Frame.SOUND
        return Frame.INCOMPLETE if available < self.limit else Frame.TOO_LARGE

    cdef int read_header(self, Py_ssize_t available) noexcept nogil:
        """Read `8=FIX.n.m|9=nnn|35=` as far as it has arrived; set the limit of the frame."""
        cdef const unsigned char* data = self.fields.data
        cdef Py_ssize_t pos = 0, body_length = 0, digits
        if available >= 12 and memcmp(data, b"8=FIX.4.4\x019=", 12) == 0:  # how most messages begin, compared at once
            pos = 12
        else:
            if not skip(data, &pos, available, b"8=FIX"):
                return Frame.NO_BEGIN_STRING
            if pos < available and data[pos] == c"T":
                pos += 1
            if not skip(data, &pos, available, b".#.#\x01"):
                return Frame.NO_BEGIN_STRING
            if not skip(data, &pos, available, b"9="):
                return Frame.BAD_BODY_LENGTH
        digits = pos
        while pos < available and pos - digits < 10 and 48 <= data[pos] <= 57:
            body_length = body_length * 10 + data[pos] - 48
            pos += 1
            if body_length > self.max_message_size:
                return Frame.TOO_LARGE
        if pos < available and pos == digits or not skip(data, &pos, available, b"\x01"):
            return Frame.BAD_BODY_LENGTH
        self.limit = pos + body_length + TRAILER
        if self.limit > self.max_message_size:
            return Frame.TOO_LARGE
        if not self.check:
            self.limit = self.max_message_size
        if not skip(data, &pos, available, b"35="):
            return Frame.NO_MSG_TYPE
        return Frame.SOUND if pos < available else Frame.INCOMPLETE

    cdef bint is_check_sum_right(self) noexcept nogil:
        cdef const unsigned char* data = self.fields.data
        cdef const unsigned char* text = data + self.limit - 4
        cdef int i, announced = 0
        for i in range(3):
            if not 48 <= text[i] <= 57:
                return False
            announced = announced * 10 + text[i] - 48
        return announced == sum_of(data, self.limit - TRAILER)

    cdef Py_ssize_t resync(self, Py_ssize_t available) noexcept nogil:
        """The next place where a message may begin, at least one byte on."""
        cdef const unsigned char* data = self.fields.data
        cdef Py_ssize_t pos, begin = 0
        while True:
            pos = find_soh(data, begin, available)
            self.is_lost = pos == available
            if self.is_lost:
                return available
            pos += 1
            begin = pos
            if skip(data, &pos, available, b"8=FIX"):
                return begin


cdef bint skip(const unsigned char* data, Py_ssize_t* pos, Py_ssize_t available, const char* pattern) noexcept nogil:
    """Advance `pos` past the pattern, where `#` is any digit, as far as there are bytes; False where they differ."""
    while pattern[0] and pos[0] < available:
        if not (48 <= data[pos[0]] <= 57 if pattern[0] == c"#" else data[pos[0]] == pattern[0]):
            return False
        pos[0] += 1
        pattern += 1
    return True
