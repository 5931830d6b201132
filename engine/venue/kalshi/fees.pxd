# Products of a fee need more than 64 bits: the numbers stay Python's.
from engine.instrument cimport Instrument


cdef class QuadraticFee:
    cdef object _maker, _taker, _dollar, _unit
    cdef int _price_decimals, _size_decimals
    cdef bint _is_whole

    cdef int _take_decimals(self, int price_decimals, int size_decimals) except -1
    cpdef fee(self, Instrument instrument, price, qty, is_taker)
