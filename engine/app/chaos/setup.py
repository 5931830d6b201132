"""What every process of one life needs to know, in a file of its directory.

Errors  EngineError where the file is missing.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

FILE = "life.json"
Ask = Callable[..., dict[str, Any]]  # the venue's control port


class Setup(msgspec.Struct, frozen=True):
    """One life: which venue and session, where it listens, and what the venue said of itself."""

    directory: str
    venue: str
    session: str
    seed: int
    ports: tuple[int, ...]  # fixed, so that a venue comes back where it was
    ready: dict[str, Any] = {}

    @property
    def place(self) -> Path:
        """Return the directory."""
        return Path(self.directory)

    def write(self) -> None:
        """Keep it for the processes."""
        (self.place / FILE).write_bytes(msgspec.json.encode(self))


def read(directory: Path) -> Setup:
    """Return the setup of a life."""
    return msgspec.json.decode((directory / FILE).read_bytes(), type=Setup)
