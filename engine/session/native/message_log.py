"""A file of all messages sent and received on one session, without the secrets of a Logon.

Shapes  `time > message` for one sent, `time < bytes` for what was read up to the end of a message, `|` for SOH.
Errors  ConfigError for a file that cannot be opened; none afterwards: lines that find no room are lost, and told.
Cost    0.5 us per line; the buffer is flushed when it is full and on the session's timer.
Thread  the loop thread only.
"""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from engine.codec import TimestampFormat
from engine.codec.redaction import redact, secret_fields
from engine.runtime.audit import AuditSink, fix_record
from engine.runtime.side_file import SideFile

_logger = logging.getLogger(__name__)
_LONGEST = 65_536  # bytes held back while waiting for the end of a message


class MessageLog:
    """One file, appended to, without a folder none; `audit` takes a record of each line too."""

    def __init__(
        self,
        folder: Path | None,
        stem: str,
        wall_ns: Callable[[], int],
        secret_tags: Iterable[int] = (),
        audit: AuditSink | None = None,
    ) -> None:
        self._file: SideFile | None = None
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = SideFile(folder / f"{stem}.messages.current.log", _logger.warning)
        self._stem = stem
        self._audit = audit
        self._times = TimestampFormat(6)
        self._wall_ns = wall_ns
        self._secrets = secret_fields(secret_tags)
        self._cut = b""  # an incomplete message: a secret might continue in the next read

    def write(self, mark: bytes, data: bytes) -> None:
        """Write one line; `mark` is `>` for what is sent, `<` for what was read."""
        if mark == b"<":
            data, self._cut = self._cut + data, b""
            if data[-8:-4] != b"\x0110=" and len(data) < _LONGEST:
                self._cut = data
                return
        self._write(mark, data)

    def _write(self, mark: bytes, data: bytes) -> None:
        shown = redact(data, self._secrets).replace(b"\x01", b"|")
        now_ns = self._wall_ns()
        if self._file is not None:
            self._file.write(b"%b %b %b\n" % (self._times.format(now_ns), mark, shown))
        if self._audit is not None:
            self._audit.write(fix_record(now_ns, self._stem, mark == b">", shown.decode("latin-1")))

    def flush(self) -> None:
        """Hand the lines to the operating system."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Write what is left, and close the file."""
        if self._cut:
            self._write(b"<", self._cut)
        if self._file is not None:
            self._file.close()


def open_log(
    folder: Path | None, stem: str, wall_ns: Callable[[], int], secret_tags: Iterable[int], audit: AuditSink | None
) -> MessageLog | None:
    """Return the log of a session; None where nobody wants one."""
    return None if folder is None and audit is None else MessageLog(folder, stem, wall_ns, secret_tags, audit)
