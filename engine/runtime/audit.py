"""What was said to a venue and what it answered, one line of JSON each, without secrets, in a file beside the trading.

Whoever speaks to a venue hands over records; a thread of its own makes the lines and writes them, so that neither a
slow disk nor a full one holds the loop.

Shapes  a record is a dict whose values JSON has, and bytes: those of a body become the JSON that they hold.
Errors  ConfigError at construction, where the file cannot be opened; none afterwards: what is lost is counted and told.
Bounds  `MOST_WAITING` records wait; `MOST_BODY` bytes of a body are shown.
Cost    0.1 us a record on the caller's side; nobody is woken for it.
Thread  any thread writes records; `tell` is called by whoever writes the next one, or closes.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from engine.runtime.rotation import RotatedFile

MOST_WAITING = 50_000
MOST_BODY = 65_536
FLUSH_S = 0.25
_MOST_WORDS = 100
STOP_S = 2.0  # for what is left to be written: a disk that hangs would take for ever
HIDDEN = "***"
_SECRET_ENDS = (
    *("password", "passphrase", "secret", "token", "privatekey", "apikey", "signature", "authorization", "jwt", "otp"),
)

AuditRecord = Mapping[str, Any]


def fix_record(wall_ns: int, session: str, is_sent: bool, text: str) -> AuditRecord:
    """Return the record of FIX messages, one that is sent or what was read at once, their secrets taken out before."""
    return {
        "wall_ns": wall_ns,
        "channel": "fix",
        "session": session,
        "what": "sent" if is_sent else "received",
        "message": text,
    }


class AuditSink(Protocol):
    """What takes records."""

    def write(self, record: AuditRecord) -> None:
        """Take one record, which nobody changes from here on."""


class AuditLog:
    """Writes records from `start` to `close`. `tell` takes words about what is lost."""

    def __init__(
        self, path: Path, tell: Callable[[str], object], *, most_bytes: int = 64 * 2**20, keep: int = 9
    ) -> None:
        self._words: deque[str] = deque(maxlen=_MOST_WORDS)  # of its own thread, for `tell`
        self._file = RotatedFile(path, self._words.append, most_bytes=most_bytes, keep=keep)
        self._path = path
        self._tell = tell
        self._waiting: deque[AuditRecord] = deque()
        self._lost = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._write_all, name="audit", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def write(self, record: AuditRecord) -> None:
        """Take one record, which nobody changes from here on."""
        if self._words:
            self._tell_all()
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(record)
        else:
            self._lost += 1

    def close(self) -> None:
        """Write what is left, as far as the file takes it in time, and close the file."""
        self._is_over.set()
        if self._thread.ident is None:  # it was never started
            self._thread.start()
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            self._words.append(f"{self._path} is not taken: {len(self._waiting)} records are lost")
        self._tell_all()

    def _tell_all(self) -> None:
        while self._words:
            self._tell(self._words.popleft())

    def _write_all(self) -> None:
        while not self._is_over.wait(FLUSH_S):
            self._write_waiting()
        self._write_waiting()
        self._file.close()

    def _write_waiting(self) -> None:
        while self._waiting:
            self._file.write(line(self._waiting.popleft()))
        self._file.flush()
        lost, self._lost = self._lost, 0
        if lost:
            self._words.append(f"{self._path} is too slow: {lost} records are lost")


def line(record: AuditRecord) -> bytes:
    """Return a record as a line, without its secrets; one that no JSON can be made of is written as its text."""
    shown = {name: HIDDEN if is_secret(name) else _shown(value) for name, value in record.items()}
    try:
        return msgspec.json.encode(shown) + b"\n"
    except Exception as error:  # a slip of whoever recorded it: the rest is worth more than its form
        texts = {name: str(value) for name, value in shown.items()}
        return msgspec.json.encode({**texts, "not_recorded_well": f"{type(error).__name__}: {error}"}) + b"\n"


def is_secret(name: str) -> bool:
    """Return whether what stands under this name must not be shown."""
    return name.lower().replace("_", "").replace("-", "").endswith(_SECRET_ENDS)


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return _body(value)
    if isinstance(value, Mapping):
        return {str(name): HIDDEN if is_secret(str(name)) else _shown(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    return value


def _body(body: bytes) -> Any:
    """Return what a body says; of one that is not JSON only its size, as nobody knows what is secret in it."""
    if len(body) > MOST_BODY:
        return f"{len(body)} bytes"
    try:
        return _shown(msgspec.json.decode(body))
    except (msgspec.DecodeError, RecursionError):
        return f"{len(body)} bytes that are no JSON"
