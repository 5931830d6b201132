"""A journal's directory, owned by one process: its lock, and the name of the segment that was begun last.

Shapes  the file `newest` is the name of that segment and the nonce of its run, or `-` before the first one.
Errors  JournalError where another process holds it, or `newest` is not what was written.
"""

import contextlib
import fcntl
import os
import re
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple

from engine.errors import JournalError

NEWEST = "newest"  # the file that names the segment that was begun last
_NONE = "-"
_BYTES = 64  # of the file, whatever it says, so that one write replaces all of it
_NEWEST = re.compile(r"(?:-|(\d{6}-\d{4,9}\.journal)(?: ([A-Za-z0-9-]{1,20}))?)\s*")


class Newest(NamedTuple):
    """What the file says; a name of "" is none, a nonce of "" is not said."""

    is_there: bool
    name: str = ""
    nonce: str = ""


class OwnedDirectory:
    """The directory, from construction to `release`."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / NEWEST
        self._lock = _lock(directory)
        self._newest = -1
        self._before = b""

    @property
    def is_released(self) -> bool:
        """Return whether another process may have the directory."""
        return self._lock.closed

    def begin(self) -> None:
        """Open the file that `note` writes, and make it where there is none; OSError if that cannot be."""
        if not self._path.exists():
            unnamed = self._path.with_suffix(".new")  # never half of it under its name
            unnamed.write_text(_NONE.ljust(_BYTES - 1) + "\n")
            unnamed.rename(self._path)
        self._newest = os.open(self._path, os.O_RDWR)
        self._before = os.pread(self._newest, _BYTES, 0)

    def note(self, name: str, nonce: str) -> None:
        """Write which segment was begun last; where that fails an older name stays, which hurts nothing."""
        with contextlib.suppress(OSError):
            os.pwrite(self._newest, f"{name} {nonce}".ljust(_BYTES - 1).encode() + b"\n", 0)

    def take_back(self) -> None:
        """Let the name stand there that stood there before."""
        with contextlib.suppress(OSError):
            os.pwrite(self._newest, self._before, 0)
            os.ftruncate(self._newest, len(self._before))

    def release(self) -> None:
        """Free the directory for another process."""
        if not self._lock.closed:
            if self._newest >= 0:
                os.close(self._newest)
            self._lock.close()


def read_newest(directory: Path) -> Newest:
    """Return what the file says; JournalError where it says nothing that a journal wrote."""
    path = directory / NEWEST
    try:
        text = path.read_bytes().decode("latin-1")
    except FileNotFoundError:
        return Newest(is_there=False)
    if (match := _NEWEST.fullmatch(text)) is None:
        raise JournalError(
            f"{path}: damaged: it names the segment that was begun last: restore it from a copy, or write the name of"
            f" that segment into it"
        )
    return Newest(True, match[1] or "", match[2] or "")


def _lock(directory: Path) -> TextIOWrapper:
    """Return the open lock file; the kernel lets go of it when the process ends, however it ends."""
    path = directory / "lock"
    file = path.open("a+", errors="replace")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read(_BYTES).strip()
        file.close()
        raise JournalError(
            f"{path}: held by process {owner}: give each engine a journal directory of its own"
        ) from None
    except OSError as error:
        file.close()
        raise JournalError(
            f"{path}: cannot be locked: {error.strerror}: keep the journal on a local file system"
        ) from None
    try:
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
    except OSError:  # a full disk: who holds the lock is a courtesy
        pass
    return file
