from collections.abc import Iterable
from typing import final

from engine.codec._timestamp import TimestampFormat

@final
class FrameEncoder:
    times: TimestampFormat

    def __new__(
        cls,
        begin_string: str,
        sender: str,
        target: str,
        *,
        header: Iterable[tuple[int, str]] = (),
        precision: int = 3,
    ) -> FrameEncoder: ...
    def encode(self, body: bytes, seq_num: int, now_ns: int, header: bytes = b"") -> bytes: ...
