# cython: nonecheck=True
"""What each market and each event makes at its worst, whatever part of the open orders fills.

A market pays 0 or its payout L. With A its cash less fees, N its net position, D what its open orders can lose if it
pays 0 and U what they can lose if it pays L, it makes A - D at worst if it pays 0 (`base`), and `swing` = L * N + D - U
more if it pays L. In a fixed outcome each order adds its gain or its loss by itself, so the worst fills exactly those
that lose; that is why a fill or a cancel of an order that counts never makes the worst worse.

Of an event whose markets exclude each other one pays at most: its worst is the sum of `base` and the lowest swing below
0. Of any other event every market may pay: the sum of all swings below 0 counts.

Units   money as in `instrument`.
Shapes  one int64 a market or an event; the markets of an event are a list linked by `next`.
Errors  none.
Cost    a question some ns, a change as much; where the lowest swings of an exclusive event rise, all its markets are
        looked through, 2 ns each.
Thread  the loop thread only.
"""

from array import array

from libc.stdint cimport int64_t


cdef class Losses:
    """The tables of one `Exposure`, which tells of every change."""

    def __cinit__(self):
        self.swing = self.base = self.next = array("q")
        self.first = self.event_base = self.below = self.is_exclusive = array("q")
        self.least = self.least_at = self.second = array("q")

    cdef int grow(self, Py_ssize_t count) except -1:
        """Have room for so many markets, and as many events."""
        cdef Py_ssize_t more = count - len(self.swing)
        none, nobody = array("q", bytes(8 * more)), array("q", [-1]) * more
        self.swing, self.base = array("q", self.swing) + none, array("q", self.base) + none
        self.next = array("q", self.next) + nobody
        self.first, self.event_base = array("q", self.first) + nobody, array("q", self.event_base) + none
        self.below, self.is_exclusive = array("q", self.below) + none, array("q", self.is_exclusive) + none
        self.least, self.least_at = array("q", self.least) + none, array("q", self.least_at) + nobody
        self.second = array("q", self.second) + none
        return 0

    cdef int place(self, Py_ssize_t market, Py_ssize_t event, bint is_exclusive) except -1:
        """Take a market, with nothing in it, into an event; the first one there says whether it is exclusive."""
        if self.first[event] < 0:
            self.is_exclusive[event] = is_exclusive
            self.event_base[event] = self.below[event] = 0
            self.find_least(event)
        self.swing[market] = self.base[market] = 0
        self.next[market] = self.first[event]
        self.first[event] = market
        return 0

    cdef int remove(self, Py_ssize_t market, Py_ssize_t event) except -1:
        """Forget a market; what it has made stays in its event as long as that has another one."""
        cdef Py_ssize_t before = self.first[event]
        self.put(market, event, self.base[market], 0)
        if before == market:
            self.first[event] = self.next[market]
        else:
            while self.next[before] != market:
                before = self.next[before]
            self.next[before] = self.next[market]
        self.next[market] = -1
        self.base[market] = 0
        return 0

    cdef int put(self, Py_ssize_t market, Py_ssize_t event, int64_t base, int64_t swing) noexcept:
        """Take what a market makes now into its event."""
        cdef int64_t old = self.swing[market]
        self.event_base[event] += base - self.base[market]
        self.base[market] = base
        if swing == old:
            return 0
        self.swing[market] = swing
        self.below[event] += min(swing, 0) - min(old, 0)
        if not self.is_exclusive[event]:
            return 0
        if swing < self.least[event] and self.least_at[event] != market:
            self.second[event] = self.least[event]
            self.least[event], self.least_at[event] = swing, market
        elif swing <= self.second[event] and self.least_at[event] == market:
            self.least[event] = swing
        elif old < 0 and old <= self.second[event]:
            self.find_least(event)
        elif swing < self.second[event]:
            self.second[event] = swing
        return 0

    cdef int set_exclusive(self, Py_ssize_t event, bint is_exclusive) noexcept:
        """Net the markets of an event from now on, or add them up again."""
        self.is_exclusive[event] = is_exclusive
        return self.find_least(event)

    cdef int find_least(self, Py_ssize_t event) noexcept:
        cdef int64_t least = 0, second = 0, at = -1, swing
        cdef Py_ssize_t market = self.first[event]
        while market >= 0:
            swing = self.swing[market]
            if swing < least:
                second = least
                least, at = swing, market
            elif swing < second:
                second = swing
            market = self.next[market]
        self.least[event], self.least_at[event], self.second[event] = least, at, second
        return 0

    cdef int64_t of_market(self, Py_ssize_t market, int64_t more_no, int64_t more_yes) noexcept:
        """Return what the market makes at worst with one more order that can lose so much if it pays 0, and if it pays."""
        return self.base[market] - more_no + min(0, self.swing[market] + more_no - more_yes)

    cdef int64_t of_event(self, Py_ssize_t market, Py_ssize_t event, int64_t more_no, int64_t more_yes) noexcept:
        """Return what the event makes at worst with one more order in one of its markets."""
        cdef int64_t swing = self.swing[market], after = swing + more_no - more_yes, others
        if self.is_exclusive[event]:
            others = self.second[event] if self.least_at[event] == market else self.least[event]
            return self.event_base[event] - more_no + min(others, after)
        return self.event_base[event] - more_no + self.below[event] - min(0, swing) + min(0, after)

    cdef int64_t event_now(self, Py_ssize_t event) noexcept:
        """Return what the event makes at worst."""
        return self.event_base[event] + (self.least[event] if self.is_exclusive[event] else self.below[event])
