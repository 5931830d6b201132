"""A journal's directory, owned by one process: its lock, and the name of the segment that was begun last.

Errors  JournalError where another process holds it.
"""

import contextlib
import fcntl
import os
from io import TextIOWrapper
from pathlib import Path

from engine.errors import JournalError

NEWEST = "newest"  # the file that names the segment that was begun last
_NAME_BYTES = 64  # more than a name has


class OwnedDirectory:
    """The directory, from construction to `release`."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(directory)
        self._newest = os.open(directory / NEWEST, os.O_RDWR | os.O_CREAT, 0o600)
        self._before = os.pread(self._newest, _NAME_BYTES, 0)

    @property
    def is_released(self) -> bool:
        """Return whether another process may have the directory."""
        return self._lock.closed

    def note(self, name: str) -> None:
        """Write which segment was begun last; where that fails an older name stays, which hurts nothing."""
        with contextlib.suppress(OSError):
            os.pwrite(self._newest, f"{name}\n".encode(), 0)

    def take_back(self) -> None:
        """Let the name stand there that stood there before."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._newest, len(self._before))
            os.pwrite(self._newest, self._before, 0)

    def release(self) -> None:
        """Free the directory for another process."""
        if not self._lock.closed:
            os.close(self._newest)
            self._lock.close()


def _lock(directory: Path) -> TextIOWrapper:
    """Return the open lock file; the kernel lets go of it when the process ends, however it ends."""
    path = directory / "lock"
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        owner = file.read().strip()
        file.close()
        raise JournalError(
            f"{path}: held by process {owner}: give each engine a journal directory of its own"
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
