"""The memory of a pass; see `_building.pyx`."""
from engine.backtest.core._state cimport Pass

cdef list take_columns(Pass* run, object columns)
cdef int take_markets(Pass* run, object markets) except -1
cdef int take_sets(Pass* run, object sets) except -1
cdef void release(Pass* run) noexcept
