cimport cython
from libc.stdint cimport int64_t

from engine.report cimport ExecutionReport
from engine.order cimport Change, Order

cdef int64_t ABSENT


cdef class Orders:
    cdef public str nonce
    cdef public int64_t counter, opened
    cdef str _prefix
    cdef object _fee
    cdef readonly dict _by_id, _by_order_id
    cdef dict _live
    cdef Change _change

    cpdef str next_cl_ord_id(self)
    @cython.locals(order=Order)
    cpdef Order open(
        self, object instrument, int side, int64_t price, int64_t qty, str ord_type, str time_in_force,
        bint post_only, int64_t expire_time_ns, int64_t now_ns, str cl_ord_id=*
    )
    @cython.locals(change=Change, order=Order, kind=cython.int)
    cpdef Change apply(self, ExecutionReport report)
