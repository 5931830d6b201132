from engine.counters cimport Counters
from engine.order cimport Change, Order


cdef class Hooks:
    cdef public object strategy, halt
    cdef public Counters _counters
