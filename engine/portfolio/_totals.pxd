from libc.stdint cimport int64_t


cdef class Totals:
    cdef readonly int64_t cash, cost, fees, value, pnl
    cdef int64_t start_pnl  # when the day began

    cdef int add_up(self, int64_t cash, int64_t cost, int64_t fees, int64_t value) except -1
    cdef int64_t profit_of_day(self) except? -1
