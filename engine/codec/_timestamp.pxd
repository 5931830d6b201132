from libc.stdint cimport int64_t, uint64_t

cdef enum:
    LONGEST_TIMESTAMP = 27  # YYYYMMDD-HH:MM:SS.nnnnnnnnn

cdef bint read_timestamp(const unsigned char* text, Py_ssize_t length, int64_t* ns) noexcept


cdef class TimestampFormat:
    cdef readonly int precision
    cdef int length
    cdef uint64_t unit  # ns in one unit of the last digit
    cdef uint64_t second  # the one that `text` shows
    cdef unsigned char text[18]

    cdef void show(self, uint64_t second) noexcept nogil
    cdef int write(self, unsigned char* out, uint64_t now_ns) noexcept nogil
