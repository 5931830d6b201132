# cython: nonecheck=True
"""What was asked of the venue lately, and what came of it.

Units   times in ns of one monotonic clock; one that goes back counts as one that stands still.
Shapes  `Activity` counts by steps of a 64th of its window, so that the window is that much too long at most;
        `EventWindow` keeps the time of every event and is exact.
Errors  ConfigError for a window that is none.
Cost    4 ns an event.
Thread  the loop thread only.
"""

from array import array

from libc.stdint cimport int64_t
from libc.string cimport memset

from engine.errors import ConfigError

MOST_EVENTS = 100_000


cdef class Activity:
    """Requests, cancels and fills of a window; without `ratios` nothing is counted. By market it counts from the start."""

    def __cinit__(self, ratios):
        self._step_ns = 0 if ratios is None else max(1, -(-ratios.window_ns // STEPS))
        self._of_market = array("q")

    cdef int count(self, int kind, Py_ssize_t market, int64_t now_ns) except -1:
        """Count one more in this market, -1 for none."""
        if not self._step_ns:
            return 0
        if market >= 0:
            if KINDS * market >= len(self._of_market):
                self.widen(market)
            self._of_market[KINDS * market + kind] += 1
        self.move_to(now_ns // self._step_ns)
        self._counts[kind * STEPS + self._newest % STEPS] += 1
        self._totals[kind] += 1
        return 0

    cdef int widen(self, Py_ssize_t market) except -1:
        """Have room for so many markets, and then some."""
        missing = KINDS * 2 * (market + 1) - len(self._of_market)
        self._of_market = array("q", self._of_market) + array("q", bytes(8 * missing))
        return 0

    cdef int move_to(self, int64_t step) noexcept:
        cdef Py_ssize_t kind, place
        if step <= self._newest:
            return 0
        if step - self._newest >= STEPS:
            self.clear()
            self._newest = step
        while self._newest < step:
            self._newest += 1
            for kind in range(KINDS):
                place = kind * STEPS + self._newest % STEPS
                self._totals[kind] -= self._counts[place]
                self._counts[place] = 0
        return 0

    cpdef void clear(self) noexcept:
        """Begin anew, as when a person has looked at what happened."""
        memset(self._counts, 0, sizeof(self._counts))
        memset(self._totals, 0, sizeof(self._totals))

    def ordered(self, int64_t now_ns, Py_ssize_t market=-1):
        """Count a new order or a replace."""
        self.count(ORDERS, market, now_ns)

    def cancelled(self, int64_t now_ns, Py_ssize_t market=-1):
        """Count a cancel that was asked for."""
        self.count(CANCELS, market, now_ns)

    def filled(self, int64_t now_ns, Py_ssize_t market=-1):
        """Count a fill."""
        self.count(FILLS, market, now_ns)

    def by_market(self):
        """Return what was counted by market since the start, for `since`."""
        return array("q", self._of_market)

    def since(self, const int64_t[::1] before, int64_t least):
        """Return (market, orders, cancels, fills) since an earlier `by_market` where there were `least` orders."""
        cdef Py_ssize_t place, each, size = len(before)
        cdef int64_t counts[KINDS]
        found = []
        for place in range(0, len(self._of_market), KINDS):
            for each in range(KINDS):
                counts[each] = self._of_market[place + each] - (before[place + each] if place < size else 0)
            if counts[ORDERS] >= least:
                found.append((place // KINDS, counts[ORDERS], counts[CANCELS], counts[FILLS]))
        return found

    def totals(self, int64_t now_ns):
        """Return the orders and replaces, the cancels and the fills of the window."""
        if self._step_ns:
            self.move_to(now_ns // self._step_ns)
        return self._totals[ORDERS], self._totals[CANCELS], self._totals[FILLS]


cdef class EventWindow:
    """Says when more than `most` events lie within `window_ns`."""

    def __cinit__(self, int64_t most, int64_t window_ns):
        if not 1 <= most <= MOST_EVENTS or window_ns < 1:
            raise ConfigError(f"must be 1 to {MOST_EVENTS} in a positive window, not {most} in {window_ns} ns")
        self.most, self.window_ns = most, window_ns
        self._at_ns = array("q", bytes(8 * most))

    cpdef bint add(self, int64_t now_ns) except -1:
        """Take one event; answer whether it was one too many. One exactly `window_ns` ago does not count any more."""
        cdef bint is_full = self._used == self.most and now_ns - self._at_ns[self._place] < self.window_ns
        self._at_ns[self._place] = now_ns
        self._place = self._place + 1 if self._place + 1 < self.most else 0
        self._used = min(self._used + 1, <Py_ssize_t>self.most)
        return is_full

    def clear(self):
        """Forget every event."""
        self._used = 0

    def count(self, int64_t now_ns):
        """Return how many events lie in the window now, `most` at most."""
        cdef Py_ssize_t back, place = self._place
        for back in range(self._used):
            place = place - 1 if place else self.most - 1
            if now_ns - self._at_ns[place] >= self.window_ns:
                return back
        return self._used
