"""One record in the bytes of a segment.

Units   offsets and sizes in bytes, times in ns.
Errors  none: what is no sound record is None.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from engine.journal.segments import RECORD


class Record(NamedTuple):
    """One record and its place; what `numbers` and `text` hold depends on its kind."""

    kind: int
    time_ns: int
    numbers: tuple[int, ...]
    text: str
    path: Path
    offset: int
    size: int


def record_at(path: Path, data: bytes, offset: int) -> Record | None:
    """Return the record at `offset`, None if there is no sound one."""
    start = offset + RECORD.size
    if start > len(data):
        return None
    length, crc, time_ns, kind, count, _, text_size = RECORD.unpack_from(data, offset)
    text_start = start + 8 * count
    end = offset + length
    if text_start + text_size != end or end > len(data) or crc32(data[offset + 8 : end]) != crc:
        return None
    if any(data[end : offset + ((length + 7) & ~7)]):  # no sum counts these
        return None
    numbers = struct.unpack_from(f"<{count}q", data, start)
    text = data[text_start:end].decode()
    return Record(kind, time_ns, numbers, text, path, offset, (length + 7) & ~7)


def sound_ones(path: Path, data: bytes, offset: int) -> Iterator[Record]:
    """Return what reads as a record from any place at or behind `offset`."""
    for later in range(offset, len(data[offset:].rstrip(b"\0")) + offset, 8):
        if (record := record_at(path, data, later)) is not None:
            yield record
