cimport cython

from engine.counters cimport Counters
from engine.order cimport Change, Order


cdef int FILLED


cdef class Hooks:
    cdef public object strategy, halt
    cdef public Counters _counters

    @cython.locals(kind=cython.int, order=Order)
    cpdef changed(self, Change change)
