from libc.stdint cimport int64_t

cdef int64_t parse_chars(const unsigned char* text, Py_ssize_t length, int decimals, bint* ok) noexcept nogil
cdef bint parse_int(const unsigned char* text, Py_ssize_t length, int64_t* value) noexcept nogil
cdef Py_ssize_t format_chars(int64_t value, int decimals, unsigned char* out) noexcept nogil
