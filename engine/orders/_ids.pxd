cimport cython
from libc.stdint cimport int64_t

from engine.orders.order cimport Order


@cython.final
cdef class OrderIds:
    cdef readonly int64_t last
    cdef str prefix
    cdef int64_t first  # number of the first place in `numbered`
    cdef list numbered  # orders, None for a number that named none
    cdef dict strangers  # orders by every other id

    cpdef str take(self)
    cpdef int restore(self, str cl_ord_id) except -1
    cpdef Order get(self, str cl_ord_id)
    cpdef int keep(self, str cl_ord_id, Order order) except -1
    cpdef int trim(self, Py_ssize_t most) except -1
    cdef bint _is_past(self, str name, Order order)
    cdef int64_t number_of(self, str cl_ord_id) noexcept
