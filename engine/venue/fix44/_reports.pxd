from engine.codec._fields cimport Fields
from engine.orders.report cimport ExecutionReport

cpdef bint decode_report(Fields fields, ExecutionReport report, int price_decimals, int size_decimals) except -1
