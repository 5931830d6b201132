"""What a venue says about an order, in one form for every venue and session; compiled in `_report.pyx`."""

from engine._report import ABSENT, ExecutionReport

__all__ = ["ABSENT", "ExecutionReport"]
