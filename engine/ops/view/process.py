"""Which process wrote a view, and whether it still lives.

A number of a process is used again; with the moment at which it began, counted since boot, it is not.
"""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_START = 18  # the place of `starttime` behind the name and state, see proc(5)


def boot_id() -> str:
    """Return what this boot of the host is called, "" where the kernel does not say."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


@cache
def program_version() -> str:
    """Return the version of the program, "" where it is not installed."""
    try:
        return version("fixlane")
    except PackageNotFoundError:
        return ""


def process_start(pid: int) -> int:
    """Return when a process began, in ticks since boot; 0 where there is none, or it has ended and waits."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (OSError, UnicodeDecodeError):
        return 0
    state, *fields = text.rpartition(")")[2].split()
    return 0 if state in "ZX" else int(fields[_START])
