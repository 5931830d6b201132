"""A journal of small segments, and the notes in one."""

from pathlib import Path

from engine.journal.framing import Record
from engine.journal.reader import read, read_all
from engine.journal.segments import RecordKind
from engine.journal.writer import Journal
from tests.support.order_reports import INSTRUMENTS

SMALL = 2048


def journal_in(directory: Path, **options: object) -> Journal:
    return Journal(directory, "J", INSTRUMENTS, 99, **options)  # type: ignore[arg-type]


def notes(paths: list[Path]) -> list[str]:
    return [record.text for record in read_all(paths) if record.kind == RecordKind.NOTE]


def written(path: Path) -> list[Record]:
    """Return what was appended to one segment."""
    return [record for record in read(path) if record.kind != RecordKind.LINK]
