from libc.stdint cimport int64_t

cdef enum:
    SAFE_DIGITS = 18  # a number of so many is below 2**63

cdef int64_t parse_chars(const unsigned char* text, Py_ssize_t length, int decimals, bint* ok) noexcept nogil
cdef Py_ssize_t format_chars(int64_t value, int decimals, unsigned char* out) noexcept nogil
