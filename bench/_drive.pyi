from array import array
from collections.abc import Sequence
from typing import Final

from bench._venue import FixVenue

UNASKED: Final[int]
ANNULLED: Final[int]

class FrameScript:
    def __new__(
        cls,
        frames: Sequence[bytes],
        seq_at: Sequence[int],
        is_due: Sequence[bool],
        asks: Sequence[int],
        first_seq: int,
    ) -> FrameScript: ...

def drive_closed(feed_fd: int, venue: FixVenue, script: FrameScript, interval_ns: int, stamps: array[int]) -> None: ...
def drive_open(
    feed_fd: int,
    venue: FixVenue,
    script: FrameScript,
    schedule: array[int],
    stamps: array[int],
    most_lag_ns: int,
    omits_annulled: bool,
) -> int: ...
def drive_triggers(trigger_fd: int, venue: FixVenue, interval_ns: int, count: int, most_lag_ns: int) -> int: ...
