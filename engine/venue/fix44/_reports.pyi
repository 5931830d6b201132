from engine.codec._fields import Fields
from engine.orders.report import ExecutionReport

def decode_report(fields: Fields, report: ExecutionReport, price_decimals: int, size_decimals: int) -> bool: ...
