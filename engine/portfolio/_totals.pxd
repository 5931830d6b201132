cimport cython
from libc.stdint cimport int64_t

cdef extern from *:
    """
    /* whole * part / all, rounded down, for a part of the same sign as all: only the product may need more than 64 bits */
    static CYTHON_INLINE int64_t share_of(int64_t whole, int64_t part, int64_t all) {
        __int128 product = (__int128)whole * part, share = product / all;
        return (int64_t)(share * all != product && (product < 0) != (all < 0) ? share - 1 : share);
    }
    """
    int64_t share_of(int64_t whole, int64_t part, int64_t all) noexcept nogil


cdef class Totals:
    cdef readonly int64_t cash, cost, fees, value, pnl
    cdef int64_t start_pnl  # when the day began

    cdef int64_t profit_of_day(self) except? -1


# Inline, so that a fill pays no call for each of its three sums.
@cython.overflowcheck(True)
cdef inline int add_up(Totals to, int64_t cash, int64_t cost, int64_t fees, int64_t value) except -1:
    cdef int64_t cash_now = to.cash + cash, cost_now = to.cost + cost
    cdef int64_t fees_now = to.fees + fees, value_now = to.value + value
    to.pnl = cash_now + value_now - fees_now
    to.cash, to.cost, to.fees, to.value = cash_now, cost_now, fees_now, value_now
    return 0
