# C fields of a loop's books: the path finds one by its index.
from libc.stdint cimport int64_t

from engine.instrument cimport Instrument


cdef class Books:
    cdef readonly int64_t listings
    cdef readonly tuple books, instruments, numbers
    cdef int64_t _last_number
    cdef tuple _places
    cdef public tuple _apply
    cdef list _dirty

    cpdef object book(self, Instrument instrument)
