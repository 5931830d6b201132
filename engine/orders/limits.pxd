# C signatures: called for each fill.
cimport cython
from libc.stdint cimport int64_t

from engine.orders.order cimport Order

@cython.locals(most=int64_t)
cpdef bint is_absurd_fee(Order order, int64_t qty, int64_t fee) except -1
