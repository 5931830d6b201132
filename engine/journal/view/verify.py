"""Whether a journal is as it was written: every record of every segment, and what chains them.

Errors  JournalError names the first damage, in old segments too, which a start would not read any more.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.errors import JournalError
from engine.journal.index._keys import PLACES
from engine.journal.index.files import FileKeys, group_of
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
    files = sorted(directory.glob("*.keys"))
    for file in files:
        _check_keys(file, paths)
    begin = paths[start_of(paths)]
    keys = f", {len(files)} files of keys" if files else ""
    yield f"{directory}: sound: {len(paths)} segments, {count} records{keys}; a start reads from {begin.name} on"


def _check_keys(file: Path, paths: Sequence[Path]) -> None:
    """Compare a file of keys with its segments; where some of these were moved away it is not judged."""
    keys = FileKeys(file)
    group = [path for path in paths if group_of(path) == (keys.header.run, keys.header.first)]
    if len(group) == PLACES:
        keys.check(group)
