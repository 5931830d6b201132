"""Frames of a feed to files, on a thread of their own: whoever hears them only puts them into a queue that has a bound.

Units   times in ns since 1970, sizes in bytes.
Shapes  lines of JSON in blocks: {"recv_ns", "recv_ms", "feed", "last", "event": the frame}; what happens to a
        connection is an event of type `recorder_...`, which readers pass over.
Errors  ConfigError at construction for a folder that cannot be written; none afterwards: what is lost is counted and
        told.
Bounds  `MOST_WAITING` frames or `MOST_BYTES` wait. A block is written every `FLUSH_S`, or when `BLOCK_BYTES` are full.
Safety  what was written survives kill -9; at most the last `FLUSH_S` are not.
Cost    0.4 us a frame on the caller's side; nobody is woken for it.
Thread  one thread hands frames over; `tell` is called by it.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.backtest.capture.writing import RunFiles
from engine.errors import ConfigError

MOST_WAITING = 200_000
MOST_BYTES = 256 << 20
BLOCK_BYTES = 1 << 20
FLUSH_S = 0.5
STOP_S = 5.0  # for what is left to be written
_MOST_WORDS = 100
_NS_PER_MS = 1_000_000
_validated = msgspec.json.Decoder(msgspec.Raw).decode


class _Heard(NamedTuple):
    recv_ns: int
    feed: int
    is_last: bool
    frame: bytes


class FrameLog:
    """Records from `start` to `close` into files of `directory`, of the run `run`.

    `frames` counts what was heard, `dropped` and `written` what became of it; words about a connection are written too.
    """

    def __init__(
        self,
        directory: Path,
        tell: Callable[[str], object],
        wall_ns: Callable[[], int] = time.time_ns,
        *,
        file_bytes: int = 64 << 20,
        file_ns: int = 3600 * 10**9,
    ) -> None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._files = RunFiles(directory, wall_ns(), os.getpid(), file_bytes, file_ns)
        except OSError as error:
            raise ConfigError(f"{directory}: {error.strerror}: frames cannot be recorded there") from None
        self.directory = directory
        self.run = self._files.run
        self.frames = self.dropped = self.written = 0
        self._tell = tell
        self._wall_ns = wall_ns
        self._waiting: deque[_Heard] = deque()
        self._put = self._taken = self._told = 0  # bytes put in and taken out, each by one thread; drops told
        self._words: deque[str] = deque(maxlen=_MOST_WORDS)  # of the writing thread, for `tell`
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._write_all, name="frames", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def add(self, feed: int, frame: bytes, is_last: bool) -> None:
        """Take a frame of connection number `feed`, heard now."""
        self.frames += 1
        if len(self._waiting) >= MOST_WAITING or self._put - self._taken > MOST_BYTES:
            self.dropped += 1
            return
        self._put += len(frame)
        self._waiting.append(_Heard(self._wall_ns(), feed, is_last, frame))

    def note(self, feed: int, what: str, text: str = "") -> None:
        """Take what happened to a connection: `connected`, `lost` and why."""
        event = {"type": f"recorder_{what}", "text": text}
        self._waiting.append(_Heard(self._wall_ns(), feed, True, msgspec.json.encode(event)))
        self.tell_losses()

    def tell_losses(self) -> None:
        """Tell what was lost since the last call; for idle moments."""
        while self._words:
            self._tell(self._words.popleft())
        if (new := self.dropped - self._told) > 0:
            self._told = self.dropped
            self._tell(f"{self.directory} is too slow: {new} frames were not recorded, {self.dropped} so far")

    def close(self) -> None:
        """Write what is left, as far as the disk takes it in time, and close the file."""
        self._is_over.set()
        if self._thread.ident is None:  # it was never started
            self._thread.start()
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            self._words.append(f"{self.directory} is not taken: {len(self._waiting)} frames are lost")
        self.tell_losses()

    def _write_all(self) -> None:
        while not self._is_over.wait(FLUSH_S):
            self._write_waiting()
        self._write_waiting()
        self._guarded(self._files.close)

    def _write_waiting(self) -> None:
        """Write everything that waits, in blocks."""
        while self._waiting:
            first_ns = self._waiting[0].recv_ns
            lines, last_ns = self._take_block()
            self._files.dropped = self.dropped
            if self._guarded(partial(self._files.write, b"".join(lines), len(lines), first_ns, last_ns)):
                self.written += len(lines)
            else:
                self._words.append(f"{len(lines)} frames are lost")

    def _take_block(self) -> tuple[list[bytes], int]:
        """Return the lines of a block, and when the last of them was heard."""
        lines, size, last_ns = [], 0, 0
        while self._waiting and size < BLOCK_BYTES:
            heard = self._waiting.popleft()
            self._taken += len(heard.frame)
            lines.append(_line(heard))
            size += len(heard.frame)
            last_ns = heard.recv_ns
        return lines, last_ns

    def _guarded(self, act: Callable[[], object]) -> bool:
        """Do something on the disk; False where that failed, which is told."""
        try:
            act()
        except OSError as error:
            self._words.append(f"{self.directory}: {error.strerror or error}")
            return False
        return True


def _line(heard: _Heard) -> bytes:
    try:
        event = bytes(_validated(heard.frame)).replace(b"\n", b" ").replace(b"\r", b" ")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # the reason is in the reading of it
        event = msgspec.json.encode({"type": "recorder_unreadable", "text": heard.frame.decode("utf-8", "replace")})
    return b'{"recv_ns":%d,"recv_ms":%d,"feed":%d,"last":%b,"event":%b}\n' % (
        heard.recv_ns,
        heard.recv_ns // _NS_PER_MS,
        heard.feed,
        b"true" if heard.is_last else b"false",
        event,
    )
