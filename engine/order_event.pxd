from engine.report cimport ExecutionReport
from engine.order cimport Order

cpdef str event_of(Order order, ExecutionReport report)
cpdef bint ends_order(Order order, ExecutionReport report) except -1
