"""Old segments, compressed: no start reads them any more, and they stay readable as what happened.

Shapes  `RUN-SEGMENT.journal.zst` is one Zstandard frame, with a checksum, of the whole segment.
Errors  JournalError that names the file where it is damaged, or where Zstandard is not installed.
Cost    20 ms a segment of 4 MiB, a tenth of its size; by a thread of the lowest priority.
Thread  any; `Archive` has one of its own.
"""

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from engine.errors import JournalError
from engine.runtime import log

SUFFIX = ".zst"
MOST_BYTES = 2**31  # of a segment
STOP_S = 10.0  # for the segment that it is at: half of it is made again by the next run
_LEVEL = 6
_LOGGER = logging.getLogger(log.LOGGER)


def name_of(path: Path) -> str:
    """Return what a segment is called, compressed or not."""
    return path.name.removesuffix(SUFFIX)


def bytes_of(path: Path) -> bytes:
    """Return what a segment holds; one that was compressed since it was looked for is found all the same."""
    if path.suffix != SUFFIX:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            path = path.with_name(path.name + SUFFIX)
            if not path.exists():
                raise
    return _unpacked(path, path.read_bytes())


def _unpacked(path: Path, data: bytes) -> bytes:
    zstandard = _zstandard()
    try:
        size = zstandard.frame_content_size(data)
        if not 0 <= size <= MOST_BYTES:
            raise JournalError(f"{path}: damaged: it says that it holds {size} bytes: restore it from a copy")
        held: bytes = zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise JournalError(f"{path}: damaged: {error}: restore it from a copy") from None
    return held


def compress(path: Path) -> None:
    """Put a compressed segment in the place of `path`: at every moment one of the two is there, whole."""
    data = path.read_bytes()
    packed = path.with_name(path.name + SUFFIX)
    unnamed = packed.with_name(packed.name + ".new")
    with unnamed.open("wb") as file:
        file.write(_zstandard().ZstdCompressor(level=_LEVEL, write_checksum=True).compress(data))
        file.flush()
        os.fsync(file.fileno())
    unnamed.chmod(0o600)
    if _unpacked(unnamed, unnamed.read_bytes()) != data:
        raise JournalError(f"{unnamed}: damaged: it does not hold what {path.name} does: look at the disk")
    unnamed.rename(packed)
    path.unlink()


def _zstandard() -> Any:
    try:
        import zstandard
    except ImportError:
        raise JournalError("old segments are compressed: install the package zstandard") from None
    return zstandard


class Archive:
    """Compresses what `old` returns, each time it is woken, one segment after the other, then takes the steps of
    `index`, until it is stopped.
    """

    def __init__(self, old: Callable[[], list[Path]], index: Callable[[], Iterable[object]] = tuple) -> None:
        self._old = old
        self._index = index
        self._woken = threading.Event()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._work, name="archive", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Let it look for what is old now."""
        self._woken.set()

    def stop(self) -> None:
        """End it, after the segment that it is at."""
        self._is_stopped = True
        self._woken.set()
        self._thread.join(STOP_S)

    def _work(self) -> None:
        with contextlib.suppress(OSError):  # it may be forbidden
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        while not self._is_stopped:
            self._woken.wait()
            self._woken.clear()
            try:
                for path in self._old():
                    if self._is_stopped:
                        return
                    compress(path)
                for _ in self._index():
                    if self._is_stopped:
                        return
            except Exception as error:  # what is not compressed is there all the same
                _LOGGER.warning("journal: old segments are not compressed, or not indexed: %s", error)
