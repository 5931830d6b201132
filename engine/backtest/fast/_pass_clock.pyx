# cython: overflowcheck=False
"""The time of a desk on rows, and what is due then.

Units   ns since 1970.
"""
from heapq import heappop, heappush

cimport cython
from libc.stdint cimport int64_t

from engine.backtest.core._state cimport NEVER_NS

cdef int64_t _NEVER_NS = NEVER_NS


@cython.final
cdef class PassClock:
    """Time that stands still unless it is moved, as `engine.backtest.clock.MovedClock` is, read without Python."""

    def __init__(self, int64_t now_ns):
        """Begin at a time."""
        self.now_ns, self.next_ns, self._due = now_ns, _NEVER_NS, []

    def __call__(self):
        return self.now_ns

    def call_later(self, int64_t delay_ns, callback):
        """Have `callback` called when time has moved `delay_ns` on; two that are due at once in the order asked for."""
        self._number += 1
        heappush(self._due, (self.now_ns + delay_ns, self._number, callback))
        self.next_ns = self._due[0][0]

    def ring(self):
        """Move time on to what is due next, and call it."""
        self.now_ns = max(self.now_ns, self.next_ns)
        while self._due and self._due[0][0] <= self.now_ns:
            callback = heappop(self._due)[2]
            self.next_ns = self._due[0][0] if self._due else _NEVER_NS
            callback()
