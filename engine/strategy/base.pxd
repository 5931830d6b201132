# The hooks of the path in C: what a strategy that is a cdef class overrides is called without Python.
from libc.stdint cimport int64_t

from engine.orders.order cimport Order


cdef class Strategy:
    cdef public object context, parameters

    cpdef object on_book(self, object book)
    cpdef object on_trade(self, object instrument, int side, int64_t price, int64_t size)
    cpdef object on_order(self, Order order)
    cpdef object on_fill(self, Order order, int64_t price, int64_t qty)
