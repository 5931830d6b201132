"""The files of a journal: how a segment is laid out, made and read.

Units   offsets and sizes in bytes, times in ns.
Shapes  a segment is 8 bytes of magic, u32 length and u32 CRC-32 of a JSON header, that header, records as `_tape`
        describes them, then zeros; `RUN-SEGMENT.journal`, runs counted from 1, one for each start of the engine.
Errors  JournalError for damage: file, offset, what to do. Only a record that a crash cut short, the last of its run, is
        dropped. A last record that is damaged later looks the same, except behind an END.
"""

import contextlib
import mmap
import os
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import msgspec

from engine.errors import JournalError
from engine.instrument import Instrument
from engine.journal._tape import Tape

MAGIC = b"FIXLANEJ"
VERSION = 1
_PREFIX = struct.Struct("<8sII")
_RECORD = struct.Struct("<IIqBBHI")
_NAME = re.compile(r"(\d{6})-(\d{4})\.journal")


class RecordKind:
    """What a record is about."""

    NEW = 1  # an order, before it is sent
    CANCEL = 2
    REPLACE = 3
    REPORT = 4  # what the venue said, before it is acted on
    NOTE = 5
    DISCONNECT = 6
    SETTLE = 7
    REQUEST = 8  # another message that took a ClOrdID, such as a mass cancel
    END = 9  # nothing more in this segment; it has no time
    MARK = 10  # what a market that is held stood at, and its mark: when a day begins, and at an orderly end
    DAY = 11  # a trading day and what it has made so far: when it begins, and at each start


class Listing(msgspec.Struct, frozen=True):
    """An instrument as records mean it by its index."""

    symbol: str
    price_decimals: int
    size_decimals: int


class Header(msgspec.Struct, frozen=True):
    """The head of a segment: which run and segment it is, and the instruments that its records name by index."""

    version: int
    run: int
    segment: int
    size: int
    created_ns: int
    nonce: str
    instruments: tuple[Listing, ...]


class Record(NamedTuple):
    """One record and its place; what `numbers` and `text` hold depends on its kind."""

    kind: int
    time_ns: int
    numbers: tuple[int, ...]
    text: str
    path: Path
    offset: int
    size: int


class Segment:
    """A segment being written, its blocks allocated before the first record comes."""

    __slots__ = ("_map", "_start", "_synced", "_touched", "_used", "path", "tape")

    def __init__(self, directory: Path, header: Header) -> None:
        body = msgspec.json.encode(header)
        body += b" " * (-len(body) % 8)
        self.path = directory / f"{header.run:06}-{header.segment:04}.journal"
        start = _PREFIX.size + len(body)
        if start + _RECORD.size > header.size:
            raise JournalError(f"{self.path}: {header.size} bytes do not hold its header: make segment_bytes larger")
        unnamed = self.path.with_suffix(".new")
        self._map = _allocate(unnamed, header.size)
        self._map[:start] = _PREFIX.pack(MAGIC, len(body), crc32(body)) + body
        os.rename(unnamed, self.path)
        # The last bytes are kept for END
        self.tape = Tape(memoryview(self._map)[: header.size - _RECORD.size], start)
        self._start = start
        self._synced = 0
        self._touched = 0
        self._used = 0  # once ended

    def touch(self, size: int) -> None:
        """Map the next `size` bytes for writing, so that no record has to wait for a page."""
        end = min(self._touched + size, len(self._map))
        for offset in range(self._touched, end, mmap.PAGESIZE):
            self._map[offset] = self._map[offset]
        self._touched = end

    @property
    def is_empty(self) -> bool:
        """Return whether no record has been written yet."""
        return self.tape.offset == self._start

    def sync(self) -> None:
        """Put what was written since the last time on the disk."""
        end = self.tape.offset or self._used
        page = self._synced & -mmap.PAGESIZE
        self._map.flush(page, end - page)
        self._synced = end

    def end(self) -> None:
        """Write END: nothing fits any more."""
        offset = self.tape.offset
        self.tape.release()
        last = Tape(self._map, offset)
        last.write(RecordKind.END, 0, (), "")
        self._used = last.offset
        last.release()

    def close(self) -> None:
        """Unmap the ended segment and cut the file to what it holds."""
        self._map.close()
        with contextlib.suppress(FileNotFoundError):  # gone with its directory
            os.truncate(self.path, self._used)

    def discard(self) -> None:
        """Delete the segment, which was never used."""
        self.tape.release()
        self._map.close()
        self.path.unlink(missing_ok=True)


def listings(instruments: Iterable[Instrument]) -> tuple[Listing, ...]:
    """Return the instruments as a header lists them."""
    return tuple(Listing(each.symbol, each.price_decimals, each.size_decimals) for each in instruments)


def journal_paths(directory: Path) -> list[Path]:
    """Return every segment in the directory, oldest first."""
    return sorted(path for path in directory.glob("*.journal") if _NAME.fullmatch(path.name))


def run_of(path: Path) -> int:
    """Return which run of the engine a segment belongs to."""
    return int(path.name[:6])


def read_header(path: Path) -> Header:
    """Return the head of a segment; JournalError if it is damaged or of another version."""
    with path.open("rb") as file:
        prefix = file.read(_PREFIX.size)
        size = _PREFIX.unpack(prefix)[1] if len(prefix) == _PREFIX.size else 0
        return _parse_header(path, prefix + file.read(size))[0]


def read(path: Path) -> Iterator[Record]:
    """Return the records of one segment in the order they were written."""
    data = path.read_bytes()
    header, offset = _parse_header(path, data)
    kind = 0
    while (record := _record_at(path, data, offset)) is not None:
        yield record
        kind = record.kind
        offset += record.size
    _check_tail(path, data, offset)
    if kind != RecordKind.END and len(data) < header.size:
        raise JournalError(f"{path}: cut to {len(data)} of {header.size} bytes: {_ADVICE}")


def read_all(paths: Sequence[Path]) -> Iterator[Record]:
    """Return the records of several segments as one stream, none of which may be missing from the middle."""
    for before, after in pairwise(paths):
        _check_neighbours(before, after)
    last: Record | None = None
    for path in paths:
        for record in read(path):
            if (
                last is not None
                and last.path != path
                and last.kind != RecordKind.END
                and run_of(last.path) == run_of(path)
            ):
                raise JournalError(f"{last.path} offset {last.offset + last.size}: its end is missing: {_ADVICE}")
            last = record
            yield record


_ADVICE = "restore the file from a copy, or move the journal away and reconcile with the venue"


def _allocate(path: Path, size: int) -> mmap.mmap:
    """Return a new mapped file with all its blocks: a full disk shows here, not as SIGBUS in the middle of a write."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.posix_fallocate(file, 0, size)
        return mmap.mmap(file, size, flags=mmap.MAP_SHARED)
    except OSError as error:
        raise JournalError(f"{path}: cannot allocate {size} bytes: {error.strerror}: free disk space") from error
    finally:
        os.close(file)


def _parse_header(path: Path, data: bytes) -> tuple[Header, int]:
    if len(data) < _PREFIX.size or not data.startswith(MAGIC):
        raise JournalError(f"{path} offset 0: not a journal segment: move it out of the directory")
    _, size, crc = _PREFIX.unpack_from(data)
    start = _PREFIX.size + size
    body = data[_PREFIX.size : start]
    if len(body) != size or crc32(body) != crc:
        raise JournalError(f"{path} offset {_PREFIX.size}: header damaged: {_ADVICE}")
    header = msgspec.json.decode(body, type=Header)
    if header.version != VERSION:
        raise JournalError(
            f"{path}: version {header.version}, this engine reads {VERSION}: use the engine that wrote it"
        )
    return header, start


def _record_at(path: Path, data: bytes, offset: int) -> Record | None:
    """Return the record at `offset`, None if there is no sound one."""
    start = offset + _RECORD.size
    if start > len(data):
        return None
    length, crc, time_ns, kind, count, _, text_size = _RECORD.unpack_from(data, offset)
    text_start = start + 8 * count
    end = offset + length
    if text_start + text_size != end or end > len(data) or crc32(data[offset + 8 : end]) != crc:
        return None
    numbers = struct.unpack_from(f"<{count}q", data, start)
    text = data[text_start:end].decode()
    return Record(kind, time_ns, numbers, text, path, offset, (length + 7) & ~7)


def _check_tail(path: Path, data: bytes, offset: int) -> None:
    """Pass what a crash left of a last record; raise where sound records follow, for then the file is damaged."""
    end = len(data[offset:].rstrip(b"\0")) + offset
    for later in range(offset + 8, end, 8):
        if _record_at(path, data, later) is not None:
            raise JournalError(f"{path} offset {offset}: record damaged, sound ones follow at {later}: {_ADVICE}")


def _check_neighbours(before: Path, after: Path) -> None:
    run, segment = run_of(before), int(before.name[7:11])
    if after.name not in (f"{run:06}-{segment + 1:04}.journal", f"{run + 1:06}-0001.journal"):
        raise JournalError(f"{after}: does not follow {before.name}, segments between them are missing: {_ADVICE}")
