from collections.abc import Callable
from typing import final

@final
class Clock:
    def __new__(cls, source: Callable[[], int]) -> Clock: ...
    def now_ns(self) -> int: ...
