from collections.abc import Sequence
from typing import Final

from typing_extensions import Buffer

from bench.venue._fix import FixVenue

UNASKED: Final = -1
ANNULLED: Final = -2

class FrameScript:
    def __init__(
        self,
        frames: Sequence[bytes],
        seq_at: Sequence[int],
        is_due: Sequence[bool],
        asks: Sequence[int],
        first_seq: int,
    ) -> None: ...
    def take(self) -> tuple[bytes, int]: ...

def drive_closed(feed_fd: int, venue: FixVenue, script: FrameScript, interval_ns: int, stamps: Buffer) -> None: ...
def drive_open(
    feed_fd: int,
    venue: FixVenue,
    script: FrameScript,
    schedule: Buffer,
    stamps: Buffer,
    most_lag_ns: int,
    omits_annulled: bool,
) -> int: ...
def drive_triggers(
    trigger_fd: int, venue: FixVenue, interval_ns: int, count: int, most_lag_ns: int, burst: int = 1
) -> int: ...
