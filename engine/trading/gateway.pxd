from libc.stdint cimport int64_t

from engine.codec._fields cimport Fields
from engine.orders.order cimport Order


cdef class Gateway:
    cpdef new_order(self, Order order, int64_t now_ns)
    cpdef replace(self, Order order, int64_t now_ns)
    cpdef cancel(self, Order order, int64_t now_ns)
    cpdef pass_on(self, object request)
    cpdef mass_cancel(self, str cl_ord_id, int64_t now_ns)
    cpdef bint order_status(self, Order order, int64_t now_ns) except -1


cdef class SessionGateway(Gateway):
    cdef public object send, encode_new, encode_replace, encode_cancel
    cdef object _refuse, _encode_optional, _encode_mass_cancel, _encode_status
