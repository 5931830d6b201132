# C fields of a loop's books: the path finds one by its index.
from libc.stdint cimport int64_t

from engine.instrument cimport Instrument
from engine.trading.counters cimport Counters


cdef class Books:
    cdef readonly int64_t listings
    cdef readonly tuple books, instruments, numbers
    cdef readonly Counters counters
    cdef readonly object notices
    cdef public object went_stale
    cdef int64_t _last_number
    cdef tuple _places
    cdef public tuple _apply
    cdef list _dirty

    cdef bint _moved(self, object book, int moved, int64_t now_ns) except -1
    cpdef object book(self, Instrument instrument)
