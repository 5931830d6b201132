from typing import final

from typing_extensions import Buffer

@final
class TimestampFormat:
    precision: int

    def __new__(cls, precision: int = 3) -> TimestampFormat: ...
    def format(self, now_ns: int) -> bytes: ...

def parse_timestamp(text: Buffer) -> int: ...
