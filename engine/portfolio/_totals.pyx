# cython: overflowcheck=True, nonecheck=True, cdivision=False
"""Sums of money over some markets.

Units   money as in `instrument`.
Errors  OverflowError beyond 64 bits.
Thread  the loop thread only.
"""

from libc.stdint cimport int64_t


cdef class Totals:
    """Sums of money over some markets; every amount of every change counts once."""

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
