"""What a strategy in Python sees; see `_rows_desk.pyx`."""
cimport cython
from libc.stdint cimport int32_t, int64_t

from engine.backtest.core._state cimport Account, Pass


@cython.final
cdef class RowsDesk:
    cdef object owner
    cdef Pass* run
    cdef Account* account

    cdef int32_t _slot(self, int64_t order) except? -2
    cdef int64_t _best(self, int market, int row) except? -2
    cdef int _known(self, int market) except -1


cdef RowsDesk desk_of(object owner, Pass* run, Account* account)
cdef int64_t handle_of(int64_t number, int32_t slot) noexcept
cdef int row_of(int side) except -1
cdef int check(Pass* run) except -1
