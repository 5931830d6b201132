"""The file of a segment: made whole, in one step, and its pages made ready.

Shapes  zeros, and at the end what says whose segment it is.
Errors  OSError where the disk has no room.
"""

import mmap
import os
from contextlib import suppress
from pathlib import Path

from engine.session.store.head import mapped, sync_names

_MADV_POPULATE_WRITE = 23


def make(file: Path, size: int, binding: bytes, is_synced: bool) -> mmap.mmap:
    """Return a new segment, its disk space allocated; it and its name are on the disk where it `is_synced`."""
    temporary = file.with_suffix(".new")
    with temporary.open("wb") as opened:
        os.posix_fallocate(opened.fileno(), 0, size)
        os.pwrite(opened.fileno(), binding, size - len(binding))
        if is_synced:
            os.fsync(opened.fileno())
    os.replace(temporary, file)
    if is_synced:
        sync_names(file.parent)
    return mapped(file, writable=True)


def populate(segment: mmap.mmap, start: int, size: int) -> None:
    """Have the kernel make these pages writable now; before Linux 5.14 they fault in one by one."""
    with suppress(OSError):
        segment.madvise(_MADV_POPULATE_WRITE, start, min(size, len(segment) - start))
