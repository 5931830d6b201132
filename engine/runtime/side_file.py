"""A file of lines that is written beside the main job and can never hurt it, such as a log of messages.

What cannot be written is dropped and counted, told once, and told again when the file takes lines again. A file that
was renamed or deleted is begun anew under its name.

Shapes  lines are bytes; up to 64 KiB of them wait in memory until `flush`.
Errors  ConfigError at construction, where the file cannot be opened; none afterwards.
Cost    0.1 us a line; a flush is a system call, and one more that looks whether the file is still under its name.
Thread  one thread.
"""

import os
from collections.abc import Callable
from pathlib import Path

from engine.errors import ConfigError

_MOST_HELD = 1 << 16  # bytes


class SideFile:
    """One file, appended to. `tell` takes words for the operator; `mode` is that of a new file, without the umask."""

    def __init__(self, path: Path, tell: Callable[[str], object], mode: int = 0o600) -> None:
        self._path = path
        self._mode = mode
        self._tell = tell
        self._held: list[bytes] = []
        self._size = 0
        self._dropped = 0
        try:
            self._descriptor = self._open()
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}: choose another folder") from None

    def write(self, line: bytes) -> None:
        """Take one line, which ends with its line break."""
        self._held.append(line)
        self._size += len(line)
        if self._size > _MOST_HELD:
            self.flush()

    def flush(self) -> None:
        """Hand the lines to the operating system; those that it does not take are lost."""
        if not self._held:
            return
        lines, self._held, self._size = self._held, [], 0
        try:
            if self._has_moved():
                self._reopen()
            _write_all(self._descriptor, b"".join(lines))
        except OSError as error:
            if not self._dropped:
                self._tell(f"{self._path} cannot be written, lines are lost: {error.strerror}")
            self._dropped += len(lines)
            return
        if self._dropped:
            self._tell(f"{self._path} is written again, {self._dropped} lines were lost")
            self._dropped = 0

    def close(self) -> None:
        """Write what is left, and close the file."""
        self.flush()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, self._mode)

    def _has_moved(self) -> bool:
        try:
            named, ours = os.stat(self._path), os.fstat(self._descriptor)
        except OSError:
            return True
        return (named.st_dev, named.st_ino) != (ours.st_dev, ours.st_ino)

    def _reopen(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._descriptor = self._open()


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
