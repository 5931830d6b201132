"""A segment that may still grow, read again and again from where the last time ended.

Errors  JournalError for damage, which must be seen twice: the first time it may be in the middle of being written.
"""

from collections.abc import Iterator
from pathlib import Path

from engine.errors import JournalError
from engine.journal.framing import Record, record_at, sound_ones
from engine.journal.reader import SegmentReading


class GrowingReading:
    """One segment; `stuck` says what keeps it from being read to its mark."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stuck = ""
        self._at = 0

    def more(self) -> Iterator[Record]:
        """Return the sound records that came since."""
        reading, was_stuck = SegmentReading(self.path), self.stuck
        self._at = max(self._at, reading.offset)
        while (record := record_at(self.path, reading.data, self._at)) is not None:
            self._at += record.size
            yield record
        end, last = reading.mark
        is_behind = self._at < end or any(sound_ones(self.path, reading.data, self._at + 8))
        self.stuck = f"{self.path} offset {self._at}: damaged" if is_behind else ""
        if self.stuck and self.stuck == was_stuck and self._at != last:
            raise JournalError(f"{self.stuck}, and what follows is not shown: fixlane journal verify says more")
