"""Whether the machine itself ended: what was written and never put on the disk may then be gone without a trace.

Errors  none: where the system does not say which boot this is, it is "", and nothing is known.
"""

from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Return what names this boot of the machine."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def is_other_boot(boot: str) -> bool:
    """Return whether the machine was started again since it was called that."""
    return bool(boot) and boot != boot_id()
