"""What crossed the wire of one session, written to a file off the hot path; secrets of a Logon left out.

Shapes  `time > message` sent, `time < bytes` as one read brought them, a line each, `|` for SOH.
Cost    0.5 us a line; the file is written when the buffer is full and on the session's timer.
Thread  the loop thread only.
"""

import re
from collections.abc import Callable
from pathlib import Path

from engine.session.codec import TimestampFormat

# Password, NewPassword, EncryptedPassword, EncryptedNewPassword; RawData by its announced length.
_SECRET = re.compile(rb"(\x01(?:554|925|1402|1404)=)[^\x01]*")
_RAW_DATA = re.compile(rb"\x0195=(\d{1,6})\x0196=")


class MessageLog:
    """One file, appended to."""

    def __init__(self, folder: Path, stem: str, wall_ns: Callable[[], int]) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = (folder / f"{stem}.messages.current.log").open("ab", buffering=1 << 16)
        self._times = TimestampFormat(6)
        self._wall_ns = wall_ns

    def write(self, mark: bytes, data: bytes) -> None:
        if b"\x0135=A\x01" in data or b"\x0135=BE\x01" in data:
            data = redact(data)
        self._file.write(b"%b %b %b\n" % (self._times.format(self._wall_ns()), mark, data.replace(b"\x01", b"|")))

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def redact(data: bytes) -> bytes:
    """Return wire bytes without the secrets that a Logon or UserRequest carries."""
    found = _RAW_DATA.search(data)
    if found is not None:
        data = data[: found.end()] + b"***" + data[found.end() + int(found[1]) :]
    return _SECRET.sub(rb"\1***", data)
