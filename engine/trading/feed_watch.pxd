# C fields of the watch: the loop notes the time of a read's last frame by C signature.
cimport cython
from libc.stdint cimport int64_t

from engine.trading.feed_line cimport WatchedLine

cdef int64_t EARLIEST_NS


cdef class FeedWatch:
    cdef list _books, _lines
    cdef set _unawaited
    cdef object _markets, _notices, _limits, _resync, _line_of
    cdef Py_ssize_t _next
    cdef dict _stale_ns, _crossed_ns
    cdef WatchedLine _line

    @cython.locals(venue_ns=int64_t)
    cpdef int note(self, object event, int64_t now_ns) except -1
