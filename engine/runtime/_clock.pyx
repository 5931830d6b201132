"""A source of time that compiled code reads by one C call.

Units   nanoseconds, of whatever the source counts from.
Errors  what the source raises; TypeError for one that returns no integer.
Cost    `time.monotonic_ns` and `time.time_ns` are read without a Python call, any other source by calling it.
"""

import time

cimport cython
from libc.stdint cimport int64_t
from posix.time cimport CLOCK_MONOTONIC, CLOCK_REALTIME, clock_gettime, timespec

cdef enum:
    CALLED = -1  # another callable than those two


@cython.final
cdef class Clock:
    """Whatever `source` says; a test gives one of its own."""

    def __cinit__(self, source not None):
        self.source = source
        self.id = CLOCK_MONOTONIC if source is time.monotonic_ns else CLOCK_REALTIME if source is time.time_ns else CALLED

    cpdef int64_t now_ns(self) except? -1:
        """Return the time, in ns."""
        cdef timespec now
        cdef Py_ssize_t said  # takes integers alone; an int64_t would cut 1.5 to 1
        if self.id == CALLED:
            said = self.source()
            return said
        clock_gettime(self.id, &now)
        return <int64_t>now.tv_sec * 1_000_000_000 + now.tv_nsec
