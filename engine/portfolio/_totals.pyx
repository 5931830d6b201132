# cython: overflowcheck=True, nonecheck=True, cdivision=False
"""Sums of money over some markets.

Units   money as in `instrument`.
Errors  OverflowError beyond 64 bits.
Thread  the loop thread only.
"""

from libc.stdint cimport int64_t


cdef class Totals:
    """Sums of money over some markets; every amount of every change counts once."""

    cdef int add_up(self, int64_t cash, int64_t cost, int64_t fees, int64_t value) except -1:
        cdef int64_t cash_now = self.cash + cash, cost_now = self.cost + cost
        cdef int64_t fees_now = self.fees + fees, value_now = self.value + value
        self.pnl = cash_now + value_now - fees_now
        self.cash, self.cost, self.fees, self.value = cash_now, cost_now, fees_now, value_now
        return 0

    cdef int64_t profit_of_day(self) except? -1:
        return self.pnl - self.start_pnl

    @property
    def realised(self):
        """What closed quantity has earned, before fees."""
        return self.cash + self.cost

    @property
    def unrealised(self):
        """What the open quantity is worth beyond what it cost."""
        return self.value - self.cost

    @property
    def day_pnl(self):
        """Realised and unrealised profit less fees since the day began."""
        return self.profit_of_day()
