from collections.abc import Mapping
from enum import IntEnum
from typing import final

from typing_extensions import Buffer

from engine.codec._fields import Fields

class Frame(IntEnum):
    INCOMPLETE = 0
    SOUND = 1
    NO_BEGIN_STRING = 2
    BAD_BODY_LENGTH = 3
    TOO_LARGE = 4
    NO_MSG_TYPE = 5
    BAD_CHECK_SUM = 6

GARBLED: tuple[str, ...]

@final
class FrameReader:
    fields: Fields
    end: int
    max_message_size: int
    check: bool

    def __new__(
        cls,
        *,
        max_message_size: int = 65_536,
        max_fields: int = 4096,
        data_fields: Mapping[int, int] | None = None,
        check: bool = True,
    ) -> FrameReader: ...
    def reset(self) -> None: ...
    def scan(self, buffer: Buffer, offset: int = 0, stop: int = -1) -> int: ...
