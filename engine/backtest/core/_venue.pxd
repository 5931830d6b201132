"""What rows do to the orders of an account; see `_venue.pyx`."""
from libc.stdint cimport int32_t, int64_t

from engine.backtest.core._state cimport Account, Pass

cdef void level_moved(
    Pass* run, Account* account, int32_t market, int row, int32_t rank, int64_t was, int64_t size, int flags,
    int32_t join, int64_t now_ns,
) noexcept nogil
cdef void traded(
    Pass* run, Account* account, int32_t market, int row, int32_t rank, int64_t qty, bint is_paired, int64_t now_ns
) noexcept nogil
cdef void hit(
    Pass* run, Account* account, int32_t market, int row, int32_t rank, int64_t qty, int64_t now_ns
) noexcept nogil
