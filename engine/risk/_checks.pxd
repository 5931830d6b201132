from libc.stdint cimport int64_t

from engine.instrument cimport Instrument
from engine.orders.order cimport Order
from engine.risk._bounds cimport RiskBounds
from engine.risk._exposure cimport Open
from engine.runtime._halt_page cimport HaltPage


cdef class Risk(RiskBounds):
    cdef public int64_t heard_ns
    cdef HaltPage _page
    cdef const volatile int64_t* _word  # on it

    cpdef int check_time_in_force(self, str time_in_force, int64_t expire_time_ns) except -1
    cpdef int check_reduces(self, Instrument instrument, int side, int64_t qty) except -1
    cpdef int check_new(
        self, Instrument instrument, int side, int64_t price, int64_t qty, str ord_type, book, int64_t now_ns
    ) except -1
    cpdef int check_replace(self, Order order, int64_t price, int64_t qty, book, int64_t now_ns) except -1
    cpdef int check_cancel(self, Order order, int64_t now_ns) except -1
    cpdef bint is_within_loss(self) except -1
    cdef int _check_market(self, Py_ssize_t market) except -1
    cdef bint _is_halted_by_word(self) except -1
    cdef int _check_request(
        self, Instrument instrument, Py_ssize_t side_index, int64_t price, int64_t order_qty, int64_t leaves_qty,
        Open held, book, int64_t now_ns
    ) except -1
    cdef int check_worst(
        self, Py_ssize_t side_index, int64_t cost, int64_t price, int64_t qty, Open held
    ) except -1
    cdef int _check_book(self, bint is_sell, int64_t price, book, int64_t now_ns) except -1
