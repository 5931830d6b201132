cimport cython
from libc.stdint cimport int64_t

from engine.instrument cimport Instrument
from engine.orders._ids cimport OrderIds
from engine.orders.event cimport ends_order, event_of
from engine.orders.order cimport Change, Order
from engine.orders.report cimport ExecutionReport
from engine.orders.steps cimport close_request, fill, move

cdef int64_t MOST_EXECUTIONS
cdef int _CANCEL_REJECTED, _REPLACED, _REMEMBERED, _FILLED, _BUSTED
cdef str EXECUTION_REPORT, _TRADE, _LAST_TRADE, SAME
cdef dict PLAIN, TABLE, STEPS
cdef frozenset TERMINAL, _NAMES_ORDER


cdef class Orders:
    cdef readonly str nonce
    cdef readonly OrderIds ids
    cdef readonly int64_t opened
    cdef object _fee
    cdef dict _live
    cdef Change _change

    @cython.locals(order=Order)
    cpdef Order open(
        self, Instrument instrument, int side, int64_t price, int64_t qty, str ord_type, str time_in_force,
        bint post_only, int64_t expire_time_ns, int64_t now_ns, str cl_ord_id=*, object options=*
    )
    cpdef int request_cancel(self, Order order, int64_t now_ns, str cl_ord_id=*) except -1
    cpdef int request_replace(self, Order order, int64_t price, int64_t qty, int64_t now_ns, str cl_ord_id=*) except -1
    cpdef _request(self, Order order, str msg_type, str cl_ord_id, int64_t now_ns)
    cpdef doubt(self, Order order)
    @cython.locals(order=Order)
    cpdef list on_disconnect(self)
    cpdef _refuse_request(self, Order order, ExecutionReport report)
    cpdef _settle_filled(self, Order order)
    @cython.locals(change=Change, order=Order, kind=cython.int, is_answer=cython.bint, event=str, state=str, rows=dict, row=tuple, fault=str)
    cpdef Change apply(self, ExecutionReport report)
