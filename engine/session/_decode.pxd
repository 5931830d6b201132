from engine.report cimport ExecutionReport
from engine.session._fields cimport Fields

cpdef bint decode_report(Fields fields, ExecutionReport report, int price_decimals, int size_decimals) except -1
