cimport cython
from libc.stdint cimport int64_t, uint64_t

from engine.codec._timestamp cimport TimestampFormat


@cython.final
cdef class Template:
    cdef unsigned char* buffer
    cdef Py_ssize_t length, capacity
    cdef int omitted  # standard fields that this venue does not take
    cdef Py_ssize_t fixed_length  # bytes in front that every message keeps
    cdef readonly TimestampFormat times

    cdef void restart(self) noexcept
    cdef object copy(self)
    cdef int put(self, const char* bytes_, Py_ssize_t length) except -1
    cdef int put_text(self, const char* tag, str value) except -1
    cdef int put_int(self, const char* tag, int64_t value, int decimals) except -1
    cdef int put_time(self, const char* tag, uint64_t time_ns) except -1
    cdef int close(self, unsigned char* out) noexcept
    cdef unsigned char* room(self, Py_ssize_t length) except NULL
    cdef int grow(self, Py_ssize_t length) except -1
