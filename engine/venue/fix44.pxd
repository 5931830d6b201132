from engine.report cimport ExecutionReport
from engine.session._body cimport OrderEncoder


cdef class Fix44(OrderEncoder):
    cdef ExecutionReport _report
    cdef dict _decimals
    cdef tuple _common
