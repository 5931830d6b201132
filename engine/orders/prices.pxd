# C signatures: called for each fill.
from libc.stdint cimport int64_t

from engine.instrument cimport Instrument
from engine.orders.order cimport Order
from engine.orders.report cimport ExecutionReport

cdef int64_t ABSENT
cdef int BUY
cdef str LIMIT

cpdef bint is_possible(Instrument instrument, int64_t price) noexcept
cpdef bint is_beyond(Order order, int64_t price) noexcept
cpdef bint may_trade(Order order, int64_t price) noexcept
cpdef str wrong_price(Order order, ExecutionReport report)
