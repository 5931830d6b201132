from typing import final

from engine.codec._fields import Fields

@final
class FastPath:
    def __new__(
        cls,
        begin_string: str,
        sender_comp_id: str | None,
        target_comp_id: str | None,
        max_latency_ns: int | None = None,
        on_behalf_of: frozenset[str] | None = None,
        deliver_to: frozenset[str] | None = None,
    ) -> FastPath: ...
    def admit(self, fields: Fields, next_in: int, wall_ns: int) -> bool: ...
