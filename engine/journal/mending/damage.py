"""Where a journal is sound to: what a start would read of it, up to the first thing that is not as it was written.

Errors  none: what cannot be read is the answer.
Cost    that of a start.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from engine.errors import JournalError
from engine.journal.framing import Record
from engine.journal.reader import SegmentReading, check_neighbours, newest_of, read_all
from engine.journal.segments import journal_paths
from engine.journal.starts import has_snapshot


class Damage(NamedTuple):
    """What a start refuses, and the last record before it; None where nothing is sound."""

    why: str
    last: Record | None

    def is_of(self, path: Path) -> bool:
        """Return whether the last sound record is in this segment."""
        return self.last is not None and self.last.path == path


def damage_in(directory: Path) -> Damage | None:
    """Return what a start would refuse; None where the journal is sound."""
    paths = journal_paths(directory)
    begin = _start_of(paths)
    neighbours, why = _neighbours(paths[begin:])
    last: Record | None = None
    try:
        for record in read_all(neighbours, is_known_before=begin > 0 or _begins_known(paths)):
            last = record
        if not why:
            newest_of(directory)
    except JournalError as error:
        why = str(error)
    return Damage(why, last) if why else None


def is_whole(path: Path, last: Record) -> bool:
    """Return whether a segment can be read, and has nothing behind its last sound record."""
    try:
        *_, found = SegmentReading(path).records()
    except JournalError:
        return False
    return found.offset == last.offset


def _start_of(paths: Sequence[Path]) -> int:
    """Return the place of the last segment with a whole snapshot, as far as it can be told."""
    return next((place for place in range(len(paths) - 1, 0, -1) if _is_start(paths[place:])), 0)


def _begins_known(paths: Sequence[Path]) -> bool:
    return bool(paths) and _is_start(paths)


def _is_start(paths: Sequence[Path]) -> bool:
    try:
        return has_snapshot(*paths)
    except JournalError:
        return False


def _neighbours(paths: Sequence[Path]) -> tuple[list[Path], str]:
    """Return the segments before the first gap, and what is said about that."""
    found = list(paths[:1])
    for before, after in pairwise(paths):
        try:
            check_neighbours(before, after)
        except JournalError as error:
            return found, str(error)
        found.append(after)
    return found, ""
