cimport cython
from libc.stdint cimport int64_t

from engine.orders.order cimport Order
from engine.risk._tables cimport RiskTables

cdef struct Claim:  # the worst that an order's state and its request in flight allow
    int64_t qty, cost, price
    int64_t spare  # what its fees can cost beyond what its market pays where it wins
    Py_ssize_t side_index


cdef int64_t times(int64_t qty, int64_t price) noexcept


@cython.final
cdef class Open:
    """An order's claim as it is counted."""

    cdef Claim claim


@cython.final
cdef class Exposure(RiskTables):
    cdef readonly int64_t open_orders, open_cost, gross_position

    cdef int64_t cost(self, Py_ssize_t side_index, int64_t price, int64_t qty) except? -1
    cdef int64_t net(self, Py_ssize_t market) except? -1
    cpdef int update(self, Order order) except -1
    cdef int64_t spare_of(self, Py_ssize_t market, int64_t qty, int64_t cost) noexcept
    cdef Claim worst_case(self, Order order) except *
    cdef int count(self, Claim* claim, int sign) noexcept
    cdef int count_in(self, Open open) except -1
    cdef int count_out(self, Open open) except -1
    cdef int find_best(self, Py_ssize_t side_index) except -1
    cdef int refresh_worst(self, Py_ssize_t market) except -1
