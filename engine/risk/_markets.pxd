from libc.stdint cimport int64_t

from engine.orders.order cimport Order
from engine.risk._duplicates cimport DuplicateWindow
from engine.risk._exposure cimport Exposure


cdef class RiskMarkets:
    cdef readonly object limits
    cdef readonly Exposure exposure
    cdef DuplicateWindow _duplicates
    cdef int64_t[::1] _is_restricted, _stops, _reduces  # by market
    cdef int64_t[::1] _own_position, _own_loss  # limits of one market, tighter than those of all

    cdef int list_markets(self, tuple added) except -1
    cpdef int update(self, Order order) except -1
