from mmap import mmap
from typing import final

from engine.orders.order import Order
from engine.orders.report import ExecutionReport

@final
class Tape:
    offset: int
    size: int
    sum: int
    count: int
    def __new__(cls, buffer: mmap | memoryview | bytearray, offset: int, mark: int) -> Tape: ...
    def release(self) -> None: ...
    def write(self, kind: int, time_ns: int, numbers: tuple[int, ...], text: str) -> bool: ...
    def write_new(self, kind: int, time_ns: int, order: Order) -> bool: ...
    def write_report(self, kind: int, time_ns: int, report: ExecutionReport) -> bool: ...
