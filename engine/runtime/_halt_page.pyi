from typing import Self

from typing_extensions import disjoint_base

MAGIC: bytes
FREE_WORD: int
REDUCE_WORD: int

@disjoint_base
class HaltPage:
    def __new__(cls) -> Self: ...
    def attach(self, descriptor: int) -> None: ...
    def value(self) -> int: ...
