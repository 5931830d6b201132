# C fields of the watch: the loop notes the time of a read's last frame by C signature.
cimport cython
from libc.stdint cimport int64_t

cdef int64_t EARLIEST_NS


cdef class FeedWatch:
    cdef list _books
    cdef set _unawaited
    cdef object _markets, _notices, _limits, _resync, _reconnect, _lag
    cdef Py_ssize_t _next
    cdef dict _stale_ns, _crossed_ns
    cdef str _lost
    cdef bint _is_late
    cdef int64_t _difference_ns, _late_after_ns
    cdef int64_t _calm_ns, _patience_ns, _bad_ns, _worst_ns

    @cython.locals(venue_ns=int64_t)
    cpdef int note(self, object event, int64_t now_ns) except -1
