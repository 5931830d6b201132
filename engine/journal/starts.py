"""Where a start begins to read: at the last snapshot that is whole.

Errors  JournalError for damage that no other snapshot makes good.
Cost    the first records of each segment, from the last one back to a snapshot.
"""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from engine.journal.archive import SUFFIX
from engine.journal.boot import is_other_boot
from engine.journal.reader import SegmentReading, read, read_header
from engine.journal.segments import RecordKind, journal_paths, run_of

SNAPSHOT_KINDS = (
    RecordKind.STATE, RecordKind.HOLDING, RecordKind.ORDER, RecordKind.KEPT, RecordKind.LIST, RecordKind.PAST,
    RecordKind.SHARE, RecordKind.SHARE_DAY,
)  # fmt: skip
BOTH_KINDS = RecordKind.OPTIONS, RecordKind.SAVED, RecordKind.STANDING  # in a snapshot, and outside


def start_of(paths: Sequence[Path]) -> int:
    """Return the place of the last segment that begins with a whole snapshot, 0 if there is none."""
    for place in range(len(paths) - 1, 0, -1):
        if has_snapshot(*paths[place:]):
            return place
    return 0


def has_snapshot(path: Path, *following: Path) -> bool:
    """Return whether a segment begins with a snapshot that is whole there, or with what `following` hold of its run."""
    readings = (SegmentReading(each) for each in (path, *following) if run_of(each) == run_of(path))
    records = (
        (record, reading)
        for reading in readings
        for record in reading.records()
        if record.kind not in (RecordKind.LINK, RecordKind.END)
    )
    head, reading = next(records, (None, None))
    if head is None or reading is None or head.kind != RecordKind.STATE or head.path != path:
        return False
    parts = [each for each in islice(records, head.numbers[0])]
    is_spoiled = any(each.spoiled for _, each in parts) or bool(reading.spoiled)
    kinds = (*SNAPSHOT_KINDS[1:], *BOTH_KINDS)
    return not is_spoiled and sum(record.kind in kinds for record, _ in parts) == head.numbers[0]


def cut_off(paths: Sequence[Path]) -> list[str]:
    """Return a line if the last run did not end itself, and the machine was started again since."""
    used = next((path for path in reversed(paths) if any(True for _ in read(path))), None)
    if used is None or not is_other_boot(read_header(used).boot) or [*read(used)][-1].kind == RecordKind.END:
        return []
    return [f"{used}: the machine ended before this run did: what was written last may be gone without a trace"]


def old_segments(directory: Path) -> list[Path]:
    """Return what is older than the last snapshot but one, and not compressed yet: no start reads it."""
    paths = journal_paths(directory)
    last = start_of(paths)
    return [path for path in paths[: start_of(paths[:last])] if path.suffix != SUFFIX]
