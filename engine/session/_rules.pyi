from collections.abc import Container, Sequence
from typing import final

from engine.session._block import Block
from engine.session._fields import Fields

@final
class Rules:
    def __new__(
        cls,
        header: Block,
        messages: dict[bytes, Block],
        trailer: Block,
        known: Container[int],
        flags: Sequence[bool],
        version: bytes,
    ) -> Rules: ...
    def passes(self, fields: Fields) -> bool: ...
    def check(self, fields: Fields, msg_type: bytes) -> tuple[int, int] | None: ...
    def __contains__(self, msg_type: bytes, /) -> bool: ...
