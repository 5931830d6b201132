"""Reads the files of a journal, and names whatever is not as it was written.

Units   offsets and sizes in bytes, times in ns.
Errors  JournalError for damage: file, offset, what to do. Only the last record of a crashed run may be missing, and
        `SegmentReading.dropped` says so. A segment before the first may be missing if nothing was open when that began.
        Segments of version 1 have no mark and no LINK: zeros to their end are not noticed there.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import msgspec

from engine.errors import JournalError
from engine.journal.archive import SUFFIX, bytes_of, name_of
from engine.journal.directory import NEWEST, Newest, read_newest
from engine.journal.framing import Record, record_at, sound_ones
from engine.journal.segments import (
    MAGIC,
    MARK,
    NOTHING,
    PREFIX,
    UNMARKED_VERSION,
    VERSION,
    Header,
    RecordKind,
    Tail,
    journal_paths,
    number_of,
    run_of,
)

_ADVICE = "restore the file from a copy, or cut the journal before it: `fixlane journal repair DIR`"

UNKNOWN = -1  # of a segment that has a damaged snapshot: how many records it had, and their sum
_PARTS = (RecordKind.HOLDING, RecordKind.ORDER, RecordKind.KEPT, RecordKind.PAST)  # in snapshots only
_BETWEEN = RecordKind.LIST, RecordKind.OPTIONS, RecordKind.SAVED, RecordKind.STANDING  # among them, and elsewhere
_AT_A_START = (
    RecordKind.LINK, RecordKind.END, RecordKind.STATE, RecordKind.HOLDING, RecordKind.ORDER, RecordKind.KEPT,
    RecordKind.MARK, RecordKind.DAY, RecordKind.LIST, RecordKind.PAST, RecordKind.SAVED, RecordKind.STANDING,
)  # fmt: skip


class _AnyHeader(msgspec.Struct):
    """What the head of every version has."""

    version: int


class SegmentReading:
    """One segment, read from its beginning, its first record at `offset` of its `data`.

    `mark` is where its last record ends and begins. `tail`, `dropped` and `spoiled` hold once `records` has ended.

    A snapshot in it may be damaged, unless it `is_strict`: what it repeats is known from what was before.
    """

    def __init__(self, path: Path, is_strict: bool = False) -> None:
        self.path = path
        self._is_strict = is_strict
        self._is_in_snapshot = True  # as far as can be told
        self._left = -1  # records of a snapshot that are to come
        self.data = bytes_of(path)
        self.header, self.offset = _parse_header(path, self.data)
        self.mark = (0, 0)
        if self.header.version != UNMARKED_VERSION:
            if len(self.data) < self.offset + MARK.size:
                raise JournalError(f"{path}: cut to {len(self.data)} of {self.header.size} bytes: {_ADVICE}")
            self.mark = MARK.unpack_from(self.data, self.offset)
            self.offset += MARK.size
        self.tail = Tail(name_of(path), self.offset, 0, 0)
        self.dropped = self.spoiled = ""

    def records(self) -> Iterator[Record]:
        """Return each record in the order they were written; JournalError where one is missing behind them."""
        path, data, offset, count, checksum, kind = self.path, self.data, self.offset, 0, 0, 0
        while (record := record_at(path, data, offset) or self._behind_snapshot(offset)) is not None:
            self._follow(record)
            yield record
            checksum = crc32(data[record.offset : record.offset + 8], checksum)
            kind = record.kind
            offset = record.offset + record.size
            count += 1
        self.tail = Tail(name_of(path), offset, *((UNKNOWN, UNKNOWN) if self.spoiled else (count, checksum)))
        _check_tail(path, data, offset)
        if kind != RecordKind.END and len(data) < self.header.size:
            raise JournalError(f"{path}: cut to {len(data)} of {self.header.size} bytes: {_ADVICE}")
        self._check_mark(offset)

    def _follow(self, record: Record) -> None:
        """Keep in mind whether what comes next is a part of a snapshot."""
        self._left = record.numbers[0] if record.kind == RecordKind.STATE else self._left - 1
        is_part = record.kind in (RecordKind.LINK, RecordKind.STATE, *_BETWEEN, *_PARTS)
        if self.spoiled and record.kind in _PARTS and not self._is_in_snapshot:
            raise JournalError(f"{self.path} offset {record.offset}: a part of a snapshot is in no snapshot: {_ADVICE}")
        self._is_in_snapshot = is_part and (self._is_in_snapshot or record.kind == RecordKind.STATE)

    def _behind_snapshot(self, offset: int) -> Record | None:
        """Return the next record where no sound one is at `offset`, and what is damaged is sure to be a snapshot's."""
        if self._is_strict or not self._is_in_snapshot:
            return None
        found = next(sound_ones(self.path, self.data, offset + 8), None)
        if found is None:
            return None
        length = int.from_bytes(self.data[offset : offset + 4], "little")
        is_last = self._left == 1 and found.offset == offset + ((length + 7) & ~7)
        if found.kind not in _PARTS and not is_last:
            return None
        self._left -= is_last
        self.spoiled = self.spoiled or f"{self.path} offset {offset}: a snapshot is damaged: the one before it serves"
        return found

    def _check_mark(self, offset: int) -> None:
        end, last = self.mark
        if offset >= end:
            return
        if offset != last:
            raise JournalError(f"{self.path} offset {offset}: the records from here to {end} are gone: {_ADVICE}")
        self.dropped = f"{self.path} offset {offset}: the last record was cut short, and is dropped"


def read_header(path: Path) -> Header:
    """Return the head of a segment; JournalError if it is damaged or of another version."""
    if path.suffix == SUFFIX or not path.exists():
        return _parse_header(path, bytes_of(path))[0]
    with path.open("rb") as file:
        prefix = file.read(PREFIX.size)
        size = PREFIX.unpack(prefix)[1] if len(prefix) == PREFIX.size else 0
        return _parse_header(path, prefix + file.read(size))[0]


def read(path: Path) -> Iterator[Record]:
    """Return the records of one segment in the order they were written."""
    return SegmentReading(path).records()


def read_all(
    paths: Sequence[Path], dropped: list[str] | None = None, is_known_before: bool = False, is_strict: bool = False
) -> Iterator[Record]:
    """Return the records of several segments as one stream, none of which may be missing from the middle.

    Nor may one be missing before the first, unless what was before is known otherwise, as from a snapshot.
    What was dropped of the last run is added to `dropped`, a line each: of earlier ones it was said at their end; so is
    each snapshot that is damaged, which raises where it `is_strict`.
    """
    for path, following in pairwise(paths):
        check_neighbours(path, following)
    before = NOTHING
    for place, path in enumerate(paths):
        reading = SegmentReading(path, is_strict)
        kind = 0
        for record in reading.records():
            kind = record.kind
            if kind == RecordKind.LINK and not (is_known_before and place == 0):
                _check_link(record, before)
            yield record
        before = reading.tail if reading.tail.records else before  # an empty one was never begun
        if reading.dropped and dropped is not None and run_of(path) == run_of(paths[-1]):
            dropped.append(reading.dropped)
        if reading.spoiled and dropped is not None:
            dropped.append(reading.spoiled)
        if place + 1 < len(paths) and run_of(paths[place + 1]) == run_of(path) and kind != RecordKind.END:
            _check_unended(before, paths[place + 1])


def newest_of(directory: Path) -> tuple[Tail, list[Path]]:
    """Return where the segment ends that was begun last, and those behind it, which never were.

    JournalError if it is not there, has lost what it began with, or is another journal's.
    """
    paths = journal_paths(directory)
    newest = read_newest(directory)
    path = directory / newest.name
    if newest.name and path not in paths:
        raise JournalError(f"{path}: begun last, and missing: {_ADVICE}, the file {NEWEST!r} with it")
    if newest.nonce and read_header(path).nonce != newest.nonce:
        raise JournalError(f"{path}: of another journal: its run was {newest.nonce!r} when it was begun: {_ADVICE}")
    if newest.name:
        _check_behind(paths[paths.index(path) :])
    unused: list[Path] = []
    while paths:
        reading = SegmentReading(paths[-1])
        for _ in reading.records():
            pass
        if reading.tail.records:
            if not newest.name and reading.header.version != UNMARKED_VERSION:
                _check_unnamed(paths[-1], newest, reading.tail.records)
            return reading.tail, unused
        if paths[-1].name == newest.name:
            raise JournalError(f"{paths[-1]}: it was begun, and its records are gone: {_ADVICE}")
        unused.append(paths.pop())
    for path in unused:
        _check_only_spares(path, newest)
    return NOTHING, unused


def _check_behind(paths: Sequence[Path]) -> None:
    """Raise if what is behind the segment begun last, whose name could not be written, does not follow it."""
    if any(next(read(path), None) for path in paths[1:]):
        for _ in read_all(paths, is_known_before=True):
            pass


def _check_only_spares(path: Path, newest: Newest) -> None:
    """Raise where no record and no name is left of a journal that went further than a first start that was killed."""
    is_begun = not newest.is_there or run_of(path) > 1 or number_of(path) > 2
    if is_begun and read_header(path).version != UNMARKED_VERSION:
        said = "says that nothing was begun" if newest.is_there else "missing"
        raise JournalError(f"{path.with_name(NEWEST)}: {said}, and {path.name} is there, without a record: {_ADVICE}")


def _check_unnamed(path: Path, newest: Newest, records: int) -> None:
    """Raise if a segment holds more than what a start writes before it names it."""
    file = path.with_name(NEWEST)
    if not newest.is_there:
        raise JournalError(f"{file}: missing: restore it from a copy, or write {path.name} into it if that is the last")
    if records > 1:
        raise JournalError(f"{file}: says that nothing was begun, and {path.name} holds {records} records: {_ADVICE}")


def cleared(directory: Path) -> Tail:
    """Delete what a killed run had made ready and never used; return where what it did use ends."""
    tail, unused = newest_of(directory)
    for path in (*directory.glob("*.new"), *unused):
        path.unlink()
    return tail


def has_traded(paths: Sequence[Path]) -> bool:
    """Return whether more is in these segments than an engine writes before it connects."""
    return any(record.kind not in _AT_A_START for path in paths for record in read(path))


def _parse_header(path: Path, data: bytes) -> tuple[Header, int]:
    if len(data) < PREFIX.size or not data.startswith(MAGIC):
        raise JournalError(f"{path} offset 0: not a journal segment: move it out of the directory")
    _, size, crc = PREFIX.unpack_from(data)
    start = PREFIX.size + size
    body = data[PREFIX.size : start]
    if len(body) != size or crc32(body) != crc:
        raise JournalError(f"{path} offset {PREFIX.size}: header damaged: {_ADVICE}")
    try:
        version = msgspec.json.decode(body, type=_AnyHeader).version
    except msgspec.DecodeError:  # blanked: nothing has the checksum 0 too
        raise JournalError(f"{path} offset {PREFIX.size}: header damaged: {_ADVICE}") from None
    if not UNMARKED_VERSION <= version <= VERSION:
        raise JournalError(
            f"{path}: of version {version}, and this engine reads versions {UNMARKED_VERSION} to {VERSION}:"
            " use the engine that wrote it, or a later one"
        )
    header = msgspec.json.decode(body, type=Header)
    if header.name != name_of(path):
        raise JournalError(f"{path}: its header says {header.name}: give the file its name back, or {_ADVICE}")
    return header, start


def _check_tail(path: Path, data: bytes, offset: int) -> None:
    """Pass what a crash left of a last record; raise where sound records follow, for then the file is damaged."""
    for later in sound_ones(path, data, offset + 8):
        raise JournalError(f"{path} offset {offset}: record damaged, sound ones follow at {later.offset}: {_ADVICE}")


def check_neighbours(before: Path, after: Path) -> None:
    """Raise if a segment does not follow another one."""
    run, segment = run_of(before), number_of(before)
    if name_of(after) not in (f"{run:06}-{segment + 1:04}.journal", f"{run + 1:06}-0001.journal"):
        raise JournalError(f"{after}: does not follow {before.name}, segments between them are missing: {_ADVICE}")


def _check_unended(before: Tail, after: Path) -> None:
    """Raise for a segment without its END that others of its run follow, unless these were never begun."""
    for record in SegmentReading(after).records():
        raise JournalError(
            f"{after.with_name(before.name)} offset {before.end}: its end is missing, and {record.path.name}"
            f" follows: {_ADVICE}"
        )


def _check_link(link: Record, before: Tail) -> None:
    """Raise if the segment before is not the one that was there when this one was begun."""
    end, records, checksum, open_count = link.numbers
    expected = Tail(link.text, end, records, checksum)
    if before == expected or (before is NOTHING and open_count == 0):
        return
    if before.sum == UNKNOWN and before[:2] == expected[:2]:
        return
    if before is NOTHING:
        raise JournalError(
            f"{link.path.with_name(link.text)}: missing: {link.path.name} follows it, and something was open: {_ADVICE}"
        )
    raise JournalError(
        f"{link.path.with_name(before.name)}: it ends at {before.end} with {before.records} records and sum"
        f" {before.sum:08x}, and was {expected.name} with {end}, {records} and {checksum:08x} when"
        f" {link.path.name} was begun: {_ADVICE}"
    )
