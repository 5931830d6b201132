from engine.report cimport ExecutionReport
from engine.session._body cimport OrderEncoder
from engine.session._decode cimport decode_report
from engine.session._fields cimport Fields


cdef class Fix44(OrderEncoder):
    cdef ExecutionReport _report
    cdef dict _decimals
    cdef tuple _common

    cpdef ExecutionReport decode(self, Fields fields)
