"""Whether a journal is as it was written: every record of every segment, and what chains them.

Errors  JournalError names the first damage, in old segments too, which a start would not read any more.
"""

from collections.abc import Iterator
from pathlib import Path

from engine.errors import JournalError
from engine.journal.reader import SegmentReading, newest_of, read_all
from engine.journal.segments import journal_paths
from engine.journal.starts import has_snapshot, start_of


def verify(path: Path) -> Iterator[str]:
    """Return lines that say that a segment, or all that a directory holds, is sound."""
    yield from _verify_directory(path) if path.is_dir() else _verify_segment(path)


def _verify_segment(path: Path) -> Iterator[str]:
    reading = SegmentReading(path, is_strict=True)
    count = sum(1 for _ in reading.records())
    if reading.dropped:
        yield reading.dropped
    yield f"{path}: sound: {count} records; what it follows was not looked at"


def _verify_directory(directory: Path) -> Iterator[str]:
    paths = journal_paths(directory)
    if not paths:
        raise JournalError(f"{directory}: no journal: no file in it is called RUN-SEGMENT.journal")
    dropped: list[str] = []
    is_known_before = has_snapshot(*paths)
    count = sum(1 for _ in read_all(paths, dropped, is_known_before, is_strict=True))
    newest_of(directory)
    yield from dropped
    begin = paths[start_of(paths)]
    yield f"{directory}: sound: {len(paths)} segments, {count} records; a start reads from {begin.name} on"
