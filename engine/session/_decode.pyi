from engine.report import ExecutionReport
from engine.session._fields import Fields

def decode_report(fields: Fields, report: ExecutionReport, price_decimals: int, size_decimals: int) -> bool: ...
