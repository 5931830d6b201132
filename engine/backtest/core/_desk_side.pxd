"""The desk's side of a pass: risk, requests, money, and the compiled quoter; see `_desk_side.pyx`."""
from libc.stdint cimport int32_t, int64_t

from engine.backtest.core._state cimport Account, Answer, Pass

cdef int32_t submit(
    Pass* run, Account* account, int32_t market, int row, int32_t price, int64_t qty, int tif, bint is_post_only
) noexcept nogil
cdef int cancel(Pass* run, Account* account, int32_t slot) noexcept nogil
cdef int replace(Pass* run, Account* account, int32_t slot, int32_t price, int64_t qty) noexcept nogil
cdef void heard(Pass* run, Account* account, Answer* answer) noexcept nogil
cdef void quote(Pass* run, Account* account, int32_t market) noexcept nogil
cdef int64_t worth(Pass* run, Account* account, int32_t market) noexcept nogil
