from engine.orders.order cimport Order
from engine.orders.report cimport ExecutionReport

cpdef str event_of(Order order, ExecutionReport report)
cpdef bint answers_replace(Order order, ExecutionReport report) except -1
cpdef bint ends_order(Order order, ExecutionReport report) except -1
