"""A side file that is begun anew when it is full: `audit.jsonl` moves to `audit.jsonl.1`, that to `.2`, and so on.

Shapes  `most_bytes` a file, give or take what is flushed at once; `keep` earlier files.
Errors  ConfigError at construction, as of a `SideFile`; none afterwards: where names cannot be moved the file grows on,
        and that is told once.
Thread  one thread.
"""

import os
from collections.abc import Callable
from pathlib import Path

from engine.runtime.side_file import SideFile


class RotatedFile:
    """Takes lines as a `SideFile` does."""

    def __init__(self, path: Path, tell: Callable[[str], object], *, most_bytes: int, keep: int) -> None:
        self._path = path
        self._tell = tell
        self._most_bytes = most_bytes
        self._keep = keep
        self._file = SideFile(path, tell)
        self._size = path.stat().st_size
        self._is_stuck = False

    def write(self, line: bytes) -> None:
        """Take one line, which ends with its line break."""
        self._file.write(line)
        self._size += len(line)

    def flush(self) -> None:
        """Hand the lines to the operating system, and begin a new file if this one is full."""
        self._file.flush()
        if self._size >= self._most_bytes:
            self._rotate()

    def close(self) -> None:
        """Write what is left, and close the file."""
        self._file.close()

    def _rotate(self) -> None:
        self._size = 0  # also where it fails: the next attempt is for the next full file
        try:
            for number in range(self._keep, 0, -1):
                earlier = self._numbered(number - 1)
                if earlier.exists():
                    os.replace(earlier, self._numbered(number))
            self._is_stuck = False
        except OSError as error:
            if not self._is_stuck:
                self._tell(f"{self._path} is full and cannot be moved, it grows on: {error.strerror}")
            self._is_stuck = True

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path
