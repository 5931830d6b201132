"""The page by which a driver makes things fail inside a process, and the library that reads it there (`shim.c`).

Shapes  a page is a file of one int64 for each `PageWord`, mapped by both sides; zero is health.
Errors  EngineError where there is no C compiler or it fails, with its words.
"""

import ctypes
import mmap
import os
import subprocess
from enum import IntEnum, auto
from pathlib import Path

from engine.errors import EngineError

SOURCE = Path(__file__).with_name("shim.c")
COMPILER = "cc"


class PageWord(IntEnum):
    """What stands where on a page; the enum of `shim.c`."""

    STEPS = 0  # done so far
    ACT_AT = auto()  # the step at which SIGNAL is raised
    SIGNAL = auto()
    CLOCK_NS = auto()  # added to the wall clock
    DISK_ERRNO = auto()  # what calls about files in DISK_PLACES fail with, 0 none
    DISK_PLACES = auto()  # bits of `DiskPlace`
    DISK_NS = auto()  # how long they take
    SWALLOW = auto()  # orders, cancels and reports yet to get lost
    REPEAT = auto()  # orders, cancels and reports yet to be sent twice
    FAILED = auto()  # calls that failed so far
    MISCHIEF = auto()  # what the strategy does, see `mischief`
    HOLD = auto()  # orders, cancels and reports yet to be overtaken by the next message of their connection


class DiskPlace:
    """Bits of DISK_PLACES: what a path contains."""

    JOURNAL, STORE, LOG, STATE = 1, 2, 4, 8


class FaultPage:
    """One process's page."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(bytes(8 * len(PageWord)))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._words = memoryview(self._map).cast("q")

    def __getitem__(self, word: PageWord) -> int:
        return self._words[word]

    def __setitem__(self, word: PageWord, value: int) -> None:
        self._words[word] = value

    def clear(self) -> None:
        """Let everything be well; what was counted stays."""
        for word in PageWord:
            if word not in (PageWord.STEPS, PageWord.FAILED):
                self._words[word] = 0

    def close(self) -> None:
        """Let go of the file."""
        self._words.release()
        self._map.close()


def compiled(folder: Path) -> Path:
    """Return the library, compiled into `folder`."""
    library = folder / "shim.so"
    command = [COMPILER, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise EngineError(f"{COMPILER}: {error.strerror}: chaos compiles {SOURCE.name}: install a C compiler") from None
    if done.returncode:
        raise EngineError(f"{' '.join(command)}: {done.stderr.strip()}")
    return library


def environment(library: Path) -> dict[str, str]:
    """Return this process's environment, with the library loaded before any other."""
    return os.environ | {"LD_PRELOAD": str(library)}


def attach(path: Path) -> None:
    """Let this process obey a page; EngineError where the library is not loaded."""
    try:
        failed = ctypes.CDLL(None).chaos_attach(os.fsencode(path))
    except AttributeError:
        raise EngineError("the shim is not loaded: LD_PRELOAD must name it") from None
    if failed:
        raise EngineError(f"{path}: no page that can be mapped")


def step() -> None:
    """Count a step of this process, the last one if it is the one to die at."""
    ctypes.CDLL(None).chaos_step()
