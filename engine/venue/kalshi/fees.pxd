# Products of a fee need more than 64 bits: the numbers of a rule stay Python's, what it makes of them fits.
cimport cython
from libc.stdint cimport int64_t

from engine.instrument cimport Instrument
from engine.orders.order cimport Order

cdef int BUY


cdef class QuadraticFee:
    cdef object _maker, _taker, _dollar, _unit
    cdef int _price_decimals, _size_decimals
    cdef bint _is_whole
    cdef readonly int64_t precision

    cdef int _take_decimals(self, int price_decimals, int size_decimals) except -1
    cpdef fee(self, Instrument instrument, price, qty, is_taker)


cdef class KalshiFees:
    cdef object _terms
    cdef dict _rules

    cdef QuadraticFee _rule(self, Instrument instrument)
    @cython.locals(
        rule=QuadraticFee, trade_fee=int64_t, precision=int64_t, revenue=int64_t, rounding=int64_t,
        accumulated=int64_t, charged=int64_t, rebate=int64_t,
    )
    cpdef charge(self, Order order, int64_t price, int64_t qty, bint is_taker)
