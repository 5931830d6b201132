"""UTCTimestamp text to nanoseconds and back.

Units   ns since 1970-01-01 UTC without leap seconds; second 60 is the first of the next minute.
Errors  DecodeError for text that is not a UTCTimestamp of the years 1700 to 2261, OverflowError for a time before 1970.
Cost    about 10 ns inside a message: date and time of day are rendered once per second, the last date read is kept.
Thread  one thread for each TimestampFormat; the last date read is guarded by the GIL.
Source  FIX 4.4 volume 1, data types; FIXT 1.1 for finer fractions than milliseconds.
"""

cimport cython
from libc.string cimport memcpy

from engine._text cimport load_8

from engine.errors import DecodeError

cdef enum:
    DAY = 86_400  # seconds
    SECOND = 1_000_000_000  # ns
    TO_SECOND = 17  # length of YYYYMMDD-HH:MM:SS

cdef int* DAYS_BEFORE = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365]


@cython.final
cdef class TimestampFormat:
    """Formats times with a fixed precision of 0 to 9 decimal places."""

    def __cinit__(self, int precision=3):
        if not 0 <= precision <= 9:
            raise ValueError(f"precision must be 0 to 9 digits of a second, not {precision}")
        self.precision = precision
        self.length = TO_SECOND + precision + (1 if precision else 0)
        self.unit = (<object>10) ** (9 - precision)
        self.show(0)

    def format(self, uint64_t now_ns):
        """Return the time as bytes, its last digit rounded down."""
        cdef unsigned char out[LONGEST_TIMESTAMP]
        return out[: self.write(out, now_ns)]

    cdef int write(self, unsigned char* out, uint64_t now_ns) noexcept nogil:
        """Write at most LONGEST_TIMESTAMP characters; return how many."""
        cdef uint64_t second = now_ns // SECOND
        cdef uint64_t fraction
        cdef int i
        if second != self.second:
            self.show(second)
        memcpy(out, self.text, TO_SECOND)
        if self.precision:
            out[TO_SECOND] = c"."
            fraction = (now_ns - second * SECOND) // self.unit
            for i in range(self.length - 1, TO_SECOND, -1):
                out[i] = <unsigned char>(48 + fraction % 10)
                fraction //= 10
        return self.length

    cdef void show(self, uint64_t second) noexcept nogil:
        """Render `second` into `text`, all but the fraction."""
        cdef int time = <int>(second % DAY), days = <int>(second // DAY)
        cdef int year = 1970 + days // 366, month = 1
        while days >= days_until(year + 1):
            year += 1
        days -= days_until(year)
        while days >= days_before(year, month + 1):
            month += 1
        days -= days_before(year, month)
        self.second = second
        put_digits(self.text, year, 4)
        put_digits(self.text + 4, month, 2)
        put_digits(self.text + 6, days + 1, 2)
        put_digits(self.text + 9, time // 3600, 2)
        put_digits(self.text + 12, time // 60 % 60, 2)
        put_digits(self.text + 15, time % 60, 2)
        self.text[8] = c"-"
        self.text[11] = self.text[14] = c":"


@cython.overflowcheck(False)
cdef bint read_timestamp(const unsigned char* text, Py_ssize_t length, int64_t* ns) noexcept:
    """Read a UTCTimestamp with any fraction, truncated to nanoseconds; False if it is not one."""
    cdef uint64_t time
    cdef int64_t fraction = 0
    cdef unsigned int hour, minute, second, digit
    cdef Py_ssize_t i
    if length < TO_SECOND or text[8] != c"-":
        return False
    if load_8(text) != last_date and not read_date(text):
        return False
    time = load_8(text + 9) ^ <uint64_t>0x30303A30303A3030  # digits become their numbers, colons zero
    if (time | (time + <uint64_t>0x76767F76767F7676)) & <uint64_t>0x8080808080808080:  # a number above 9, or no colon
        return False
    time = 10 * time + (time >> 8)  # each pair in the byte of its tens
    hour, minute, second = time & 0xFF, time >> 24 & 0xFF, time >> 48 & 0xFF
    if hour > 23 or minute > 59 or second > 60:
        return False
    if length > TO_SECOND:
        if text[TO_SECOND] != c"." or length == TO_SECOND + 1:
            return False
        for i in range(TO_SECOND + 1, length):
            digit = text[i] - 48
            if digit > 9:
                return False
            if i < LONGEST_TIMESTAMP:
                fraction = 10 * fraction + digit
        for i in range(length, LONGEST_TIMESTAMP):
            fraction *= 10
    ns[0] = (last_day * DAY + hour * 3600 + minute * 60 + second) * SECOND + fraction
    return True


cdef uint64_t last_date = load_8(b"19700101")  # the date that was read last,
cdef int64_t last_day = 0  # and its days since 1970-01-01


cdef bint read_date(const unsigned char* text) noexcept:
    """Read YYYYMMDD into `last_day`; False if it is no date."""
    global last_date, last_day
    cdef int year = read_digits(text, 4), month = read_digits(text + 4, 2), day = read_digits(text + 6, 2)
    if not (1700 <= year <= 2261 and 1 <= month <= 12):
        return False
    if not 1 <= day <= days_before(year, month + 1) - days_before(year, month):
        return False
    last_date = load_8(text)
    last_day = days_until(year) + days_before(year, month) + day - 1
    return True


def parse_timestamp(const unsigned char[:] text):
    """Return UTCTimestamp `text` (bytes) in ns."""
    cdef int64_t ns
    if text.shape[0] == 0 or not read_timestamp(&text[0], text.shape[0], &ns):
        raise DecodeError(f"not a UTCTimestamp: {bytes(text)!r}")
    return ns


cdef inline int days_until(int year) noexcept nogil:
    """Days from 1970-01-01 to the first day of `year`, which is after 1600."""
    cdef int past = year - 1
    return 365 * (year - 1970) + past // 4 - past // 100 + past // 400 - 477


cdef inline int days_before(int year, int month) noexcept nogil:
    """Days of `year` before `month`, 1 to 13."""
    cdef bint is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return DAYS_BEFORE[month] + (is_leap and month > 2)


cdef inline int read_digits(const unsigned char* text, int count) noexcept nogil:
    """The number that `count` digits make, or -1."""
    cdef int i, value = 0
    for i in range(count):
        if not 48 <= text[i] <= 57:
            return -1
        value = value * 10 + text[i] - 48
    return value


cdef inline void put_digits(unsigned char* out, int value, int count) noexcept nogil:
    cdef int i
    for i in range(count - 1, -1, -1):
        out[i] = <unsigned char>(48 + value % 10)
        value //= 10
