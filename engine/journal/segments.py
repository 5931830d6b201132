"""The files of a journal: how a segment is laid out and made; `reader` reads them.

Units   offsets and sizes in bytes, times in ns.
Shapes  a segment is 8 bytes of magic, u32 length and u32 CRC-32 of a JSON header, that header, a mark of 8 bytes,
        records as `_tape` describes them, then zeros; `RUN-SEGMENT.journal`, runs counted from 1, one for each start of
        the engine. The first record is a LINK to the segment before it.
Errors  JournalError where a segment cannot be made.
"""

import contextlib
import mmap
import os
import re
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import msgspec

from engine.errors import JournalError
from engine.instrument import Instrument
from engine.journal._pages import populate
from engine.journal._tape import Tape
from engine.journal.archive import name_of
from engine.journal.boot import boot_id

MAGIC = b"FIXLANEJ"
VERSION = 5
UNMARKED_VERSION = 1  # its segments have neither mark nor LINK; those of 2 name no market by LIST, of 3 no boot
MAX_BYTES = 2**31  # of a segment: a mark holds two offsets in 8 bytes
PREFIX = struct.Struct("<8sII")
RECORD = struct.Struct("<IIqBBHI")
MARK = struct.Struct("<II")  # end and beginning of the last record; 0 before the first one
_NAME = re.compile(r"\d{6}-(?:\d{4}|[1-9]\d{4,8})\.journal")  # a run of more than 9999 segments goes on


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
    LINK = 12  # the segment before this one, and what it held; it has no time
    STATE = 13  # a snapshot begins: how many records follow, the last id's number, orders so far, the day
    HOLDING = 14  # of a snapshot: what is held of a market, and what it has made
    ORDER = 15  # of a snapshot: an order with all that it has traded
    DOUBT = 16  # an order that something else than a report contradicted
    KEPT = 17  # of a snapshot: more of what the order before it has traded
    LIST = 18  # a market and the index by which records name it from here on; of a snapshot too
    RETIRE = 19  # a market is over and forgotten: its index is free
    PAST = 20  # of a snapshot: what was made in markets that are forgotten
    OPERATOR = 21  # what a person asked for, who, why, and what came of it
    DENIAL = 22  # a request that risk denied, with its amounts
    CONFIG = 23  # what a run was configured with, by its hash
    OPTIONS = 24  # of the new order before it: what it asks of its venue; of a snapshot's order too
    RESTATE = 25  # what is held of a market from here on, by a person's or the venue's word
    SESSION = 26  # what became of a FIX session: logon, logout, gap, resend, reset
    RECONCILE = 27  # a comparison with the venue: its beginning, each difference with what was decided, its end
    SAVED = 30  # what a strategy keeps for its next run; of a snapshot too
    CUT = 32  # what was damaged was cut off, by whom and why: no order before it is believed
    STANDING = 31  # what the halt word says from here on; of a snapshot too
    SHARE = 33  # of a snapshot: what one of several strategies holds of a market, and has made there
    SHARE_DAY = 34  # of a snapshot, before those: which strategy, and when its day began with which profit


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
    boot: str = ""  # of the machine that wrote it

    @property
    def name(self) -> str:
        """Return what its file is called."""
        return f"{self.run:06}-{self.segment:04}.journal"


class Tail(NamedTuple):
    """Where a segment ends, and what it holds: the next one repeats it, so that no change goes unnoticed."""

    name: str
    end: int
    records: int
    sum: int


NOTHING = Tail("", 0, 0, 0)  # before the first segment


class Segment:
    """A segment being written, its blocks allocated before the first record comes."""

    __slots__ = ("_first", "_map", "_mark", "_synced", "_tail", "_touched", "path", "tape")

    def __init__(self, directory: Path, header: Header) -> None:
        body = msgspec.json.encode(header)
        body += b" " * (-len(body) % 8)
        self.path = directory / header.name
        self._mark = PREFIX.size + len(body)
        self._first = self._mark + MARK.size
        if self._first + RECORD.size > header.size:
            raise JournalError(f"{self.path}: {header.size} bytes do not hold its header: make segment_bytes larger")
        unnamed = self.path.with_suffix(".new")
        self._map = _allocate(unnamed, header.size)
        self._map[: self._mark] = PREFIX.pack(MAGIC, len(body), crc32(body)) + body
        try:
            os.rename(unnamed, self.path)
        except OSError as error:
            self._map.close()
            raise JournalError(f"{self.path}: cannot be made: {error.strerror}") from error
        # The last bytes are kept for END
        self.tape = Tape(memoryview(self._map)[: header.size - RECORD.size], self._first, self._mark)
        self._synced = 0
        self._touched = 0
        self._tail = NOTHING  # once ended

    def link(self, before: Tail, open_count: int) -> bool:
        """Write what this segment follows, and how much was open then (-1: not said); False if it does not fit."""
        fits = self.tape.write(RecordKind.LINK, 0, (before.end, before.records, before.sum, open_count), before.name)
        self._first = self.tape.offset
        return fits

    def touch(self, size: int) -> None:
        """Map the next `size` bytes for writing, so that no record has to wait for a page."""
        end = min(self._touched + size, len(self._map))
        for offset in range(self._touched, end, mmap.PAGESIZE):
            self._map[offset] = self._map[offset]
        self._touched = end

    def populate(self) -> None:
        """Map all of it at once; for a thread of its own."""
        if not populate(self._map):
            self.touch(len(self._map))

    @property
    def is_empty(self) -> bool:
        """Return whether no record but the LINK has been written yet."""
        return self.tape.offset == self._first

    def sync(self) -> None:
        """Put what was written since the last time on the disk, and the mark behind it."""
        end = self.tape.offset or self._tail.end
        page = self._synced & -mmap.PAGESIZE
        try:
            self._flush(page, end - page)
            if page:
                self._flush(0, self._first)
        except OSError as error:
            raise JournalError(f"{self.path}: cannot be put on the disk: {error.strerror}") from error
        self._synced = end

    def _flush(self, start: int, size: int) -> None:
        self._map.flush(start, size)

    def end(self) -> Tail:
        """Write END, once; nothing fits any more; return what the next segment is linked to."""
        if self._tail is not NOTHING:
            return self._tail
        tape = self.tape
        last = Tape(self._map, tape.offset, self._mark)
        last.sum, last.count = tape.sum, tape.count
        tape.release()
        last.write(RecordKind.END, 0, (), "")
        self._tail = Tail(self.path.name, last.offset, last.count, last.sum)
        last.release()
        return self._tail

    def close(self) -> None:
        """Unmap the ended segment and cut the file to what it holds; where that fails zeros stay behind END."""
        self._map.close()
        with contextlib.suppress(OSError):  # such as gone with its directory
            os.truncate(self.path, self._tail.end)

    def discard(self) -> None:
        """Delete the segment; where that fails, one that was never used hurts nothing."""
        self.tape.release()
        self._map.close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def listings(instruments: Iterable[Instrument]) -> tuple[Listing, ...]:
    """Return the instruments as a header lists them."""
    return tuple(Listing(each.symbol, each.price_decimals, each.size_decimals) for each in instruments)


def journal_paths(directory: Path) -> list[Path]:
    """Return every segment in the directory, oldest first; one that is there compressed as well is meant as it was."""
    found = {name_of(path): path for pattern in ("*.journal.zst", "*.journal") for path in directory.glob(pattern)}
    return sorted((path for name, path in found.items() if _NAME.fullmatch(name)), key=_place_of)


def paths_of_run(directory: Path, run: int) -> list[Path]:
    """Return the segments of one run, oldest first."""
    return [path for path in journal_paths(directory) if run_of(path) == run]


def first_header(directory: Path, size: int, created_ns: int, nonce: str, instruments: Iterable[Instrument]) -> Header:
    """Return the header of the run after those in the directory, of no segment yet."""
    paths = journal_paths(directory)
    run = run_of(paths[-1]) + 1 if paths else 1
    return Header(VERSION, run, 0, size, created_ns, nonce, listings(instruments), boot_id())


def is_first(path: Path) -> bool:
    """Return whether a segment is the first of the first run."""
    return name_of(path) == "000001-0001.journal"


def run_of(path: Path) -> int:
    """Return which run of the engine a segment belongs to."""
    return int(path.name[:6])


def number_of(path: Path) -> int:
    """Return which segment of its run it is, counted from 1."""
    return int(path.name[7 : path.name.index(".")])


def _place_of(path: Path) -> tuple[int, int]:
    return run_of(path), number_of(path)


def _allocate(path: Path, size: int) -> mmap.mmap:
    """Return a new mapped file with all its blocks: a full disk shows here, not as SIGBUS in the middle of a write."""
    advice = ""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            advice = ": free disk space"
            os.posix_fallocate(file, 0, size)
            return mmap.mmap(file, size, flags=mmap.MAP_SHARED)
        except OSError:
            with contextlib.suppress(OSError):  # some file systems keep the blocks that there were
                path.unlink()
            raise
        finally:
            os.close(file)
    except OSError as error:
        raise JournalError(f"{path}: cannot be made: {error.strerror}{advice}") from error
