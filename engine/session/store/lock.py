"""The lock of a session's store: one process at a time counts its numbers.

Shapes  `STEM.lock` beside the store; the system lets go of it when the process ends.
Errors  StoreInUse where another holds it.
"""

import fcntl
import os
from pathlib import Path

from engine.errors import SessionError


class StoreInUse(SessionError):
    """Another session or process works with the store."""


def take(folder: Path, name: str) -> int:
    """Take the lock of a store; return its descriptor, which holds it until it is closed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{name}.lock"
    held = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise StoreInUse(f"{file}: the store is in use by another process; stop it first") from None
    return held
