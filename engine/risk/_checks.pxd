from libc.stdint cimport int64_t

from engine.instrument cimport Instrument
from engine.orders.order cimport Order
from engine.portfolio._portfolio cimport Portfolio
from engine.risk._exposure cimport Open
from engine.risk._markets cimport RiskMarkets
from engine.runtime._halt_page cimport HaltPage
from engine.runtime._rate cimport TokenBucket


cdef class Risk(RiskMarkets):
    cdef readonly object state
    cdef readonly str reason  # of it
    cdef public int64_t heard_ns
    cdef Portfolio _portfolio
    cdef int _state
    cdef bint _allow_crossed, _has_collar
    cdef int64_t _max_order_qty, _max_order_notional, _max_order_cost, _collar_opposite, _collar_own
    cdef int64_t _max_position, _max_event_position, _max_gross_position, _max_open_orders, _max_open_cost
    cdef int64_t _max_daily_loss, _max_book_age_ns, _new_tokens, _amend_tokens, _cancel_tokens, _reserve
    cdef HaltPage _page
    cdef const volatile int64_t* _word  # on it
    cdef TokenBucket _bucket

    cdef int _take_limits(self, limits) except -1
    cpdef int check_time_in_force(self, str time_in_force, int64_t expire_time_ns) except -1
    cpdef int check_reduces(self, Instrument instrument, int side, int64_t qty) except -1
    cpdef int check_new(
        self, Instrument instrument, int side, int64_t price, int64_t qty, str ord_type, book, int64_t now_ns
    ) except -1
    cpdef int check_replace(self, Order order, int64_t price, int64_t qty, book, int64_t now_ns) except -1
    cpdef int check_cancel(self, Order order, int64_t now_ns) except -1
    cpdef bint is_within_loss(self) except -1
    cdef int _turn(self, state, str reason) except -1
    cdef int _check_market(self, Py_ssize_t market) except -1
    cdef bint _is_halted_by_word(self) except -1
    cdef int _check_request(
        self, Instrument instrument, Py_ssize_t side_index, int64_t price, int64_t order_qty, int64_t leaves_qty,
        Open held, book, int64_t now_ns
    ) except -1
    cdef int _check_book(self, bint is_sell, int64_t price, book, int64_t now_ns) except -1
