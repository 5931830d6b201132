"""Files of keys: which of the segments of a group name what. They repeat what the segments hold, and nothing depends on
them but how quickly a start finds an order.

Shapes  `RUN-FIRST.keys`: 8 bytes of magic, u32 length and u32 CRC-32 of a JSON header, that header, the keys in order,
        u64 little-endian. The header has the first key and the CRC-32 of each block of `BLOCK` keys, and where the
        records of each segment end.
Errors  JournalError for a file that is damaged or of other segments.
Cost    0.4 s to write a file for `PLACES` segments, in the background; a block of it to look a name up.
Thread  any.
"""

import mmap
import os
import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from zlib import crc32

import msgspec

from engine.errors import JournalError
from engine.journal.archive import SUFFIX
from engine.journal.index._keys import PLACES, in_order, keys_in
from engine.journal.reader import SegmentReading, read_header
from engine.journal.segments import RecordKind, journal_paths, number_of, run_of

VERSION = 1
BLOCK = 4096  # keys
_MAGIC = b"FIXLANEK"
_PREFIX = struct.Struct("<8sII")
_PLACE = PLACES - 1
_KEY_BYTES = 8


class KeysHeader(msgspec.Struct, frozen=True):
    """The head of a file of keys."""

    version: int
    run: int
    first: int  # segment
    nonce: str
    ends: tuple[int, ...]  # where the records of each segment end
    count: int
    fences: tuple[int, ...]  # the first key of each block
    sums: tuple[int, ...]  # CRC-32 of each block


def group_of(path: Path) -> tuple[int, int]:
    """Return the run of a segment, and the first segment of its group."""
    return run_of(path), (number_of(path) - 1) // PLACES * PLACES + 1


def keys_path(directory: Path, run: int, first: int) -> Path:
    """Return what the file of a group is called."""
    return directory / f"{run:06}-{first:04}.keys"


def keys_of(reading: SegmentReading) -> tuple[bytes, int]:
    """Return the keys of one segment, and where its records end; JournalError if it is damaged, or has no end."""
    keys, end, kind = keys_in(reading.data, reading.offset, (number_of(reading.path) - 1) % PLACES)
    if kind != RecordKind.END:
        for _ in reading.records():  # names the damage
            pass
    return keys, end


class MemoryKeys:
    """The keys of one segment, made when they are looked up."""

    def __init__(self, path: Path) -> None:
        keys, _ = keys_of(SegmentReading(path))
        self._keys = array("Q", keys)
        self._number = number_of(path)

    def places(self, key: int) -> Iterator[int]:
        """Return the number of the segment if it has a key."""
        at = bisect_left(self._keys, key)
        if at < len(self._keys) and self._keys[at] & ~_PLACE == key:
            yield self._number


class FileKeys:
    """A file of keys, mapped to be looked up; JournalError where it is not what was written, or of another `nonce`."""

    def __init__(self, path: Path, nonce: str = "") -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:  # ValueError: it is empty
            raise self._damage(str(error)) from None
        self.header, start = self._read_header()
        if len(self._data) != start + self.header.count * _KEY_BYTES:
            raise self._damage(f"{len(self._data)} bytes for {self.header.count} keys")
        if nonce and self.header.nonce != nonce:
            raise self._damage(f"of another journal, whose run was {self.header.nonce!r}")
        self._bytes = memoryview(self._data)[start:]
        self._keys = self._bytes.cast("Q")
        self._sound: set[int] = set()  # blocks that were looked at

    def places(self, key: int) -> Iterator[int]:
        """Return the number of each segment that has a key."""
        first = max(bisect_left(self.header.fences, key) - 1, 0)
        for block in range(first, len(self.header.fences)):
            begin, end = block * BLOCK, min((block + 1) * BLOCK, self.header.count)
            self._check_block(block)
            for at in range(bisect_left(self._keys, key, begin, end), end):
                if self._keys[at] & ~_PLACE != key:
                    return
                yield self.header.first + (self._keys[at] & _PLACE)

    def check(self, paths: Sequence[Path]) -> None:
        """Compare all of it with the segments of its group."""
        header, keys = _content(paths)
        if header != self.header or keys != bytes(self._bytes):
            raise self._damage("not the keys of its segments")

    def _check_block(self, number: int) -> None:
        if number not in self._sound:
            begin = number * BLOCK * _KEY_BYTES
            if crc32(self._bytes[begin : begin + BLOCK * _KEY_BYTES]) != self.header.sums[number]:
                raise self._damage(f"block {number}")
            self._sound.add(number)

    def _read_header(self) -> tuple[KeysHeader, int]:
        data = self._data
        if len(data) < _PREFIX.size or data[: len(_MAGIC)] != _MAGIC:
            raise self._damage("no file of keys")
        _, size, checksum = _PREFIX.unpack_from(data)
        body = data[_PREFIX.size : _PREFIX.size + size]
        if len(body) != size or crc32(body) != checksum:
            raise self._damage("header")
        header = msgspec.json.decode(body, type=KeysHeader)
        if header.version != VERSION:
            raise self._damage(f"version {header.version}, and {VERSION} is read")
        if keys_path(self.path.parent, header.run, header.first) != self.path:
            raise self._damage(f"its header says {header.run:06}-{header.first:04}")
        return header, _PREFIX.size + size

    def _damage(self, what: str) -> JournalError:
        return JournalError(f"{self.path}: damaged: {what}: delete it, and it is made again")


def write_keys(paths: Sequence[Path]) -> Path:
    """Write the keys of the segments of one whole group; JournalError where one of them is damaged."""
    header, keys = _content(paths)
    body = msgspec.json.encode(header)
    path = keys_path(paths[0].parent, header.run, header.first)
    unnamed = path.with_suffix(".keys.new")
    with unnamed.open("wb") as file:
        file.write(_PREFIX.pack(_MAGIC, len(body), crc32(body)) + body + keys)
        file.flush()
        os.fsync(file.fileno())
    unnamed.chmod(0o600)
    unnamed.rename(path)
    return path


def _content(paths: Sequence[Path]) -> tuple[KeysHeader, bytes]:
    run, first = group_of(paths[0])
    parts = [keys_of(SegmentReading(path)) for path in paths]
    keys = in_order(b"".join(part for part, _ in parts))
    size = BLOCK * _KEY_BYTES
    blocks = [keys[at : at + size] for at in range(0, len(keys), size)]
    header = KeysHeader(
        VERSION,
        run,
        first,
        read_header(paths[0]).nonce,
        tuple(end for _, end in parts),
        len(keys) // _KEY_BYTES,
        tuple(int.from_bytes(block[:_KEY_BYTES], "little") for block in blocks),
        tuple(map(crc32, blocks)),
    )
    return header, keys


def index_old(directory: Path) -> Iterator[None]:
    """Write the keys of each group whose segments are all compressed and that has no sound file, one at each step."""
    groups: dict[tuple[int, int], list[Path]] = {}
    for path in journal_paths(directory):
        if path.suffix == SUFFIX:
            groups.setdefault(group_of(path), []).append(path)
    for (run, first), paths in groups.items():
        if len(paths) == PLACES and not _is_sound(keys_path(directory, run, first)):
            write_keys(paths)
            yield


def _is_sound(path: Path) -> bool:
    """Return whether a file is there and its header can be read."""
    if not path.exists():
        return False
    try:
        FileKeys(path)
    except JournalError:
        return False
    return True
