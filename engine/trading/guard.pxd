cimport cython

from engine.orders.order cimport Change, Order
from engine.strategy.base cimport Strategy
from engine.trading.controls.repeats cimport Repeats
from engine.trading.counters cimport Counters

cdef int FILLED, ACCEPTED, REPLACED, NOTHING, CANCELED, EXPIRED, DUPLICATE, UNKNOWN, REJECTED, CANCEL_REJECTED


cdef class Guard:
    cdef public object strategy
    cdef readonly Strategy native  # the strategy, where its hooks are C
    cdef readonly object halt, contradicted, explain, check_options
    cdef readonly Counters counters
    cdef readonly object rejects
    cdef readonly Repeats repeats
    cdef object _record_denial
    cdef bint _has_rejects  # in a row, in any market

    @cython.locals(kind=cython.int, order=Order)
    cpdef changed(self, Change change)
    cdef int _tell_order(self, Order order) except -1
