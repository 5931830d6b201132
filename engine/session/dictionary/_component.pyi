from collections.abc import Sequence
from typing import final

MAX_ITEMS: int

@final
class Component:
    def __new__(
        cls, fields: Sequence[tuple[int, str, bool, frozenset[bytes] | None, Component | None]]
    ) -> Component: ...
