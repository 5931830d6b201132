# C signatures: an order and a report are read as structs.
cimport cython
from libc.stdint cimport int64_t

from engine.orders.order cimport Change, Order
from engine.orders.event cimport answers_replace
from engine.orders.limits cimport is_absurd_fee
from engine.orders.prices cimport is_beyond, is_possible, may_trade, wrong_price
from engine.orders.report cimport ExecutionReport

cdef int64_t ABSENT
cdef str LIMIT, GTC, NEW, PARTIALLY_FILLED, FILLED, CANCELED, UNKNOWN, REJECTED, CANCEL, REPLACE, LIVE, PROVEN, OVER
cdef frozenset TERMINAL

@cython.locals(leaves_qty=int64_t)
cpdef int move(Order order, str state) except -1
cpdef int close_request(Order order) except -1
cpdef int take_back(Order order) except -1
cpdef int clear_requests(Order order) except -1
cpdef str _lose(Order order, ExecutionReport report, str state, Change change, object fee)
cpdef str _reconcile(Order order, ExecutionReport report)
cpdef _take_chain_id(Order order, ExecutionReport report)
cpdef str _undo(Order order, ExecutionReport report, str state, Change change, object fee)
cpdef str _nothing(Order order, ExecutionReport report, str state, Change change, object fee)
cpdef str _accept(Order order, ExecutionReport report, str state, Change change, object fee)
@cython.locals(qty=int64_t, price=int64_t, cum_qty=int64_t, money=int64_t)
cpdef str fill(Order order, ExecutionReport report, str state, Change change, object fee)
cpdef str _replace(Order order, ExecutionReport report, str state, Change change, object fee)
cdef str _wrong_cum_qty(ExecutionReport report, int64_t cum_qty)
cdef str _wrong_quantities(ExecutionReport report, int64_t cum_qty, int64_t order_qty)
cdef str _wrong_sum(ExecutionReport report, int64_t cum_qty, int64_t order_qty)
cdef str _take_price(Order order, ExecutionReport report)
