from collections.abc import Iterable
from typing import final

@final
class Outbound:
    def __new__(
        cls,
        begin_string: str,
        sender_comp_id: str,
        target_comp_id: str,
        header: Iterable[tuple[int, str]] = (),
        precision: int = 3,
    ) -> Outbound: ...
    def sending_time(self, wall_ns: int) -> bytes: ...
    def encode(self, body: bytes, seq_num: int, wall_ns: int) -> bytes: ...
