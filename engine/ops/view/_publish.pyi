import mmap
from collections.abc import Iterable
from typing import Final, Self, final

from engine.trading.loop import TradingLoop

LIMIT_KINDS: Final[tuple[str, ...]]

@final
class ViewWriter:
    @property
    def markets(self) -> int: ...
    def __new__(
        cls, buffer: mmap.mmap | bytearray, loop: TradingLoop, limit_kinds: Iterable[str], room: int = 0
    ) -> Self: ...
    def release(self) -> None: ...
    def stage(self, block: str, records: bytes, used: int) -> None: ...
    def publish(self, now_ns: int, utc_ns: int, ended_utc_ns: int = 0) -> int: ...
