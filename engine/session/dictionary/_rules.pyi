from collections.abc import Container, Sequence
from typing import final

from engine.codec._fields import Fields
from engine.session.dictionary._component import Component

@final
class Rules:
    def __new__(
        cls,
        header: Component,
        messages: dict[bytes, Component],
        trailer: Component,
        known: Container[int],
        flags: Sequence[bool],
        version: bytes,
    ) -> Rules: ...
    def passes(self, fields: Fields) -> bool: ...
    def check(self, fields: Fields, msg_type: bytes) -> tuple[int, int] | None: ...
    def __contains__(self, msg_type: bytes, /) -> bool: ...
