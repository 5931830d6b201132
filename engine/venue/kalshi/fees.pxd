# Products of a fee need more than 64 bits: the numbers stay Python's.
cdef class QuadraticFee:
    cdef object _maker, _taker

    cpdef fee(self, instrument, price, qty, is_taker)
