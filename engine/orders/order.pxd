cimport cython
from libc.stdint cimport int64_t

from engine.instrument cimport Instrument

cdef str PENDING_NEW


cdef class Order:
    # For Python they are read-only: a strategy that writes into its orders is stopped, and nothing is changed
    cdef readonly str cl_ord_id, order_id, ord_type, time_in_force, ord_status, pending, pending_cl_ord_id
    cdef readonly Instrument instrument
    cdef readonly str tag
    cdef readonly object options
    cdef readonly int side
    cdef readonly int64_t price, order_qty, cum_qty, leaves_qty, cum_cost, fee_rest, expire_time_ns, sent_ns
    cdef readonly int64_t pending_price, pending_qty
    cdef readonly bint post_only, is_lost
    cdef str _exec_id
    cdef int64_t _last_qty, _last_px, _fee, _cum_qty
    cdef dict _more
    cdef set _undone

    cdef int begin(
        self, str cl_ord_id, Instrument instrument, int side, int64_t price, int64_t order_qty, str ord_type,
        str time_in_force, bint post_only, int64_t expire_time_ns, int64_t sent_ns
    ) except -1
    cpdef bint has_counted(self, str exec_id) except -1
    @cython.locals(kept=tuple)
    cpdef int keep_execution(self, str exec_id, int64_t qty, int64_t price, int64_t fee, int64_t cum_qty) except -1


cdef int _put(Order order, dict state) except -1


cdef class Change:
    cdef public int kind
    cdef public Order order
    cdef public bint is_terminal, is_taker
    cdef public int64_t reason, last_qty, last_px, fee, undo_qty, undo_px, undo_fee
    cdef public str text, symbol
    cdef public object notice
    cpdef void clear_fill(self)
