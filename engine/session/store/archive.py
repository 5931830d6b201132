"""The messages that a session sent before a reset: segments of older runs, in `archive` beside the store.

Shapes  `STEM.TIME.RUN.I.log`, TIME when it was last written, truncated to its records. They are never deleted.
Errors  SessionError for a damaged record.
Source  FIX 4.4 volume 2, state matrix 1 and 16: a session that ends is restarted.
"""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

from engine.codec import TimestampFormat
from engine.codec.redaction import redact
from engine.session.store._log import extent, read

_TIME = TimestampFormat(0)


def keep(segment: Path) -> None:
    """Move a finished segment to the archive; delete one that was never written."""
    with segment.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        used = extent(mapped)  # what says whose it is stands behind zeros, or is no record
    if not used:
        segment.unlink()
        return
    stem, run, index, _ = segment.name.rsplit(".", 3)
    written = _TIME.format(segment.stat().st_mtime_ns).decode().replace(":", "")
    folder = segment.parent / "archive"
    folder.mkdir(mode=0o700, exist_ok=True)
    os.truncate(segment, used)
    segment.rename(folder / f"{stem}.{written}.{run}.{index}.log")


def messages(file: Path) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of each message of an archived segment."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        offset = 0
        while (found := read(mapped, offset, 0)) is not None:
            yield found[0], found[1]
            offset = found[2]


def lines(file: Path) -> Iterator[str]:
    """Yield each message of an archived segment as a line, `|` for SOH, secrets of a Logon left out."""
    return (redact(message).decode("latin-1").replace("\x01", "|") for _, message in messages(file))
