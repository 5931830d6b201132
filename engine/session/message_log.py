"""What crossed the wire of one session, written to a file off the hot path; secrets of a Logon left out.

Shapes  `time > message` sent, `time < bytes` as one read brought them, a line each, `|` for SOH.
Cost    0.5 us a line; the file is written when the buffer is full and on the session's timer.
Thread  the loop thread only.
"""

from collections.abc import Callable
from pathlib import Path

from engine.session.codec import TimestampFormat
from engine.session.redaction import redact


class MessageLog:
    """One file, appended to."""

    def __init__(self, folder: Path, stem: str, wall_ns: Callable[[], int]) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = (folder / f"{stem}.messages.current.log").open("ab", buffering=1 << 16)
        self._times = TimestampFormat(6)
        self._wall_ns = wall_ns

    def write(self, mark: bytes, data: bytes) -> None:
        shown = redact(data).replace(b"\x01", b"|")
        self._file.write(b"%b %b %b\n" % (self._times.format(self._wall_ns()), mark, shown))

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()
