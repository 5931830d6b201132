from engine.codec._fields cimport Fields
from engine.orders.report cimport ExecutionReport
from engine.venue.fix44._orders cimport OrderEncoder
from engine.venue.fix44._reports cimport decode_report


cdef class Fix44(OrderEncoder):
    cdef ExecutionReport _report
    cdef dict _decimals
    cdef tuple _common

    cpdef ExecutionReport decode(self, Fields fields)
