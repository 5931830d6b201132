from typing import final

@final
class TimestampFormat:
    precision: int

    def __new__(cls, precision: int = 3) -> TimestampFormat: ...
    def format(self, now_ns: int) -> bytes: ...

def parse_timestamp(text: bytes | bytearray | memoryview) -> int: ...
