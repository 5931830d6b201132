cimport cython
from libc.stdint cimport int64_t

from engine.instrument cimport Instrument
from engine.orders.order cimport Change
from engine.portfolio._totals cimport Totals


@cython.final
cdef class Position(Totals):
    cdef readonly Instrument instrument
    cdef readonly int64_t net, mark
    cdef readonly bint is_settled
    cdef Totals _event, _whole
    cdef bint _is_frozen, _is_believed
    cdef int64_t _long_mark, _short_mark

    cdef int fill(self, int side, int64_t qty, int64_t price, int64_t fee) except -1
    cdef int settle(self, int64_t price, int64_t fee) except -1
    cdef int take_marks(self, int64_t long_mark, int64_t short_mark) except -1
    cdef int become(self, int64_t net, int64_t cash, int64_t cost, int64_t fees) except -1


cdef class Portfolio(Totals):
    cdef readonly int64_t day_start_ns
    cdef tuple _positions  # by index, None where it is free
    cdef dict _events, _gone
    cdef Totals _past  # what was made in markets that are forgotten
    cdef tuple _decimals

    cdef Position find(self, Instrument instrument)
    cpdef int fill(self, Instrument instrument, int side, int64_t qty, int64_t price, int64_t fee) except -1
    cpdef int book(self, Change change) except -1
    cpdef int settle(self, Instrument instrument, int64_t price, int64_t fee=*) except -1
    cpdef int mark(self, Instrument instrument, int64_t best_bid, int64_t best_ask) except -1
    cpdef int mark_book(self, book) except -1
