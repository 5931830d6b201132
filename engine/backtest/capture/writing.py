"""The files of one run, one after the other; a block is in its file whole, or not at all.

Units   times in ns since 1970, sizes in bytes.
Errors  OSError; the file then ends with its last whole block, and the next block is tried again in a new file.
Thread  one, the writer's.
"""

import os
from pathlib import Path

from engine.backtest.capture import index
from engine.backtest.capture.blocks import BlockCompressor


class RunFiles:
    """Writes blocks; begins a new file after `file_bytes` or `file_ns`. `run` is its name."""

    def __init__(self, directory: Path, now_ns: int, process: int, file_bytes: int, file_ns: int) -> None:
        self.dropped = 0
        self._directory = directory
        self.run = index.run_name(now_ns, process)
        self._file_bytes = file_bytes
        self._file_ns = file_ns
        self._compressor = BlockCompressor()
        self._number = 0
        self._told_dropped = 0
        self._descriptor = -1
        self._size = self._frames = self._first_ns = self._last_ns = 0  # of the present file
        self._begin()

    def write(self, data: bytes, frames: int, first_ns: int, last_ns: int) -> None:
        """Write a block of frames that were heard from `first_ns` to `last_ns`."""
        if self._frames and (self._size >= self._file_bytes or last_ns - self._first_ns >= self._file_ns):
            self.close()
        if self._descriptor < 0:
            self._begin()
        block = memoryview(self._compressor.block(data))
        try:
            written = 0
            while written < len(block):
                written += os.write(self._descriptor, block[written:])
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            os.lseek(self._descriptor, self._size, os.SEEK_SET)
            raise
        self._size += len(block)
        self._first_ns = self._first_ns or first_ns
        self._last_ns = last_ns
        self._frames += frames

    def close(self) -> None:
        """Put the file on the disk, and name it in the index; an empty one is removed."""
        if self._descriptor < 0:
            return
        descriptor, self._descriptor = self._descriptor, -1
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if not self._frames:
            self._path.unlink()
            return
        lost, self._told_dropped = self.dropped - self._told_dropped, self.dropped
        index.append(
            self._directory,
            index.RecordedFile(
                file=self._path.name,
                frames=self._frames,
                first_ns=self._first_ns,
                last_ns=self._last_ns,
                bytes=self._size,
                dropped=lost,
            ),
        )

    def _begin(self) -> None:
        self._number += 1
        self._path = self._directory / index.file_name(self.run, self._number)
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self._size = self._frames = self._first_ns = self._last_ns = 0
