cimport cython

from engine.orders.order cimport Change, Order
from engine.trading.counters cimport Counters


cdef int FILLED


cdef class Hooks:
    cdef public object strategy, halt
    cdef public Counters _counters
    cdef object _explain

    @cython.locals(kind=cython.int, order=Order)
    cpdef changed(self, Change change)
