cimport cython
from libc.stdint cimport int64_t

from engine.instrument cimport Instrument
from engine.orders.order cimport Order
from engine.portfolio._portfolio cimport Position

cdef struct Claim:  # the worst that an order's state and its request in flight allow
    int64_t qty, cost, price
    Py_ssize_t side_index


cdef int64_t times(int64_t qty, int64_t price) noexcept


@cython.final
cdef class Open:
    """An order's claim as it is counted."""

    cdef Claim claim


@cython.final
cdef class Exposure:
    cdef readonly tuple instruments
    cdef readonly int64_t open_orders, open_cost, gross_position
    cdef tuple positions  # by market
    cdef dict open  # order: Open
    cdef list ours  # by side_index, the set of Open
    cdef dict events  # event: its place in event_worst
    cdef int64_t[::1] payout, event, worst  # by market
    cdef int64_t[::1] fee_per_lot, fee_rate, fee_unit, fee_per_order  # by market, of its FeeBound
    cdef int64_t[::1] event_worst
    # By side_index; `best` is the price of ours that would trade first, `at_best` the number of orders there.
    cdef int64_t[::1] open_qty, best, at_best

    cdef Py_ssize_t index(self, Instrument instrument) except -2
    cdef Py_ssize_t known(self, Instrument instrument) except -1
    cdef int64_t cost(self, Py_ssize_t side_index, int64_t price, int64_t qty) except? -1
    cdef int64_t net(self, Py_ssize_t market) except? -1
    cpdef int update(self, Order order) except -1
    cdef Claim worst_case(self, Order order) except *
    cdef int add(self, Open open) except -1
    cdef int remove(self, Open open) except -1
    cdef int find_best(self, Py_ssize_t side_index) except -1
    cdef int refresh_worst(self, Py_ssize_t market) except -1
