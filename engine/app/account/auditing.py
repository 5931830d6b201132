"""The one audit log of an engine: what is recorded in it, and where it lies.

Errors  ConfigError for a file that cannot be written, or that is named twice.
"""

from collections.abc import Callable

from engine.config.keeping import AuditSection
from engine.config.sections import RestSection
from engine.errors import ConfigError
from engine.runtime.audit import AuditLog

TWICE = "rest.audit: [audit] names the file already: leave this out"


def audited(section: AuditSection | None, rest: RestSection | None) -> AuditSection | None:
    """Return what is recorded, None for nothing; `audit` in [rest] alone stands for a log of REST alone."""
    alias = rest.audit if rest else None
    if section is not None and alias is not None:
        raise ConfigError(TWICE)
    if section is None and alias is not None:
        return AuditSection(file=alias, rest=True, feed=False, session=False)
    return section


class Audit:
    """The log, and who writes to it: each is None where it is not recorded."""

    def __init__(self, section: AuditSection | None, tell: Callable[[str], object]) -> None:
        self._log = None if section is None else _open(section, tell)
        self.rest = self._log if section is not None and section.rest else None
        self.feed = self._log if section is not None and section.feed else None
        self.session = self._log if section is not None and section.session else None

    def start(self) -> None:
        """Begin to write."""
        if self._log is not None:
            self._log.start()

    def close(self) -> None:
        """Write what is left, and close the file."""
        if self._log is not None:
            self._log.close()
            self._log = None


def _open(section: AuditSection, tell: Callable[[str], object]) -> AuditLog:
    file = section.file
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"audit.file: {file.parent} cannot be made ({error.strerror}): choose another") from None
    return AuditLog(file, tell)
