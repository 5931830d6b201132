# C fields of a connection's line: its watch notes the time of a read's last frame in them.
from libc.stdint cimport int64_t


cdef class WatchedLine:
    cdef public str loss
    cdef public int64_t difference_ns, late_after_ns
    cdef readonly bint is_late
    cdef readonly str text
    cdef object _notices, _stop, _lift, _reconnect, _lag
    cdef int64_t _max_lag_ns, _calm_ns, _patience_ns, _bad_ns, _worst_ns
