"""The loop of a pass over rows; see `_loop.pyx`."""
from engine.backtest.core._state cimport Pass

cdef enum:  # why `advance` came back
    ENDED = 0
    BOOKS_MOVED = 1  # those in `moved`: the caller tells them and takes `is_read_over` back
    WAS_TOLD = 2  # `told`, of account `told_account`
    WRONG_ROW = 3
    NO_MEMORY = 4

cdef void begin(Pass* run) noexcept nogil
cdef int advance(Pass* run) noexcept nogil
cdef bint do_due(Pass* run) noexcept nogil
