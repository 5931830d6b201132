cimport cython
from libc.stdint cimport int64_t

from engine.risk._activity cimport Activity, EventWindow
from engine.runtime._clock cimport Clock


@cython.final
cdef class Window:
    cdef EventWindow _overall
    cdef dict _of_market
    cdef readonly object limit
    cdef str _what


@cython.final
cdef class Repeats:
    cdef Activity _activity
    cdef Clock _clock
    cdef readonly object executions, rejects
    cdef public object stop_market, halt

    cpdef int filled(self, instrument) except -1
