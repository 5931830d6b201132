"""The machine that a figure was measured on, and how its processes were pinned."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from engine.errors import EngineError

PACKAGES = ("fixlane", "quickfix", "cython", "uvloop", "msgspec", "picows", "sortedcontainers", "hdrhistogram")


class PinError(EngineError):
    """A process could not be pinned, so no figure may be printed as pinned."""


def venue_and_engine_cores() -> tuple[int, int]:
    """Return the two cores to use: the first allowed one for the venue, the last for the engine."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise PinError(
            f"two cores are needed and this process may use {allowed}: give it two, or measure with --no-pin"
        )
    return allowed[0], allowed[-1]


def pin(core: int) -> None:
    """Keep this process on one core, and verify it."""
    try:
        os.sched_setaffinity(0, {core})
    except OSError as error:
        raise PinError(f"cannot pin to core {core}: {error}; --no-pin measures unpinned") from None
    if os.sched_getaffinity(0) != {core}:
        raise PinError(f"asked for core {core}, got {sorted(os.sched_getaffinity(0))}")


def describe() -> dict[str, object]:
    """Return what a reader needs to repeat or doubt a figure."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "clock_source": _read("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "isolated_cores": _read("/sys/devices/system/cpu/isolated"),
        "transparent_huge_pages": _read("/sys/kernel/mm/transparent_hugepage/enabled"),
    }


def versions() -> dict[str, str]:
    """Return the versions of what the figures depend on."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def commit() -> str:
    """Return the commit of the source tree, marked when the tree differs from it; empty outside of one."""
    here = Path(__file__).parent
    try:
        name = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"], cwd=here, capture_output=True, text=True
        )
    except OSError:
        return ""
    return name.stdout.strip() if name.returncode == 0 else ""


def _cpu_model() -> str:
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
