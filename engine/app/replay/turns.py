"""The record of what entered an engine, a line for each entry, in files of blocks beside the frames.

Units   times in ns: `mono` of the monotonic clock, `wall` since 1970.
Shapes  RUN-NUMBER.ndjson.zst in the folder `turns` of a recording: the first line of a run says what it began with,
        each other one what entered, and which times were read until the next. Frames are in the recording itself.
Errors  ConfigError at construction for a folder that cannot be written; afterwards none: what is lost is counted and
        told. DecodeError for a record that cannot be read.
Bounds  `MOST_WAITING` entries wait to be written.
Cost    0.7 us an entry with its times, on the caller's side.
Thread  one thread hands entries over, one of its own writes them; `tell` is called by the former.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from engine.backtest.capture.blocks import read_blocks
from engine.backtest.capture.index import SUFFIX, runs
from engine.backtest.capture.writing import RunFiles
from engine.errors import ConfigError, DecodeError

FOLDER = "turns"
BEGIN, END = "begin", "end"  # what the first entry of a run is called, and the last of one that was not cut
MOST_WAITING = 1_000_000
_BLOCK_TURNS = 20_000
_FLUSH_S = 0.5
_STOP_S = 5.0  # for what is left to be written
_FILE_BYTES, _FILE_NS = 64 << 20, 3600 * 10**9


class Turn(msgspec.Struct, omit_defaults=True, gc=False):
    """One entry: what it was, with what, the times that were read, and how the session stood when it began."""

    number: int
    what: str
    args: list[Any] = []
    mono: list[int] = []
    wall: list[int] = []
    state: list[int] = []  # logged on, behind, numbers out and in; empty where it is not said
    is_inside: bool = False  # it came while the engine was at the one before


_LINES = msgspec.json.Decoder(Turn)
_encode = msgspec.json.encode


class TurnLog:
    """Writes entries from `start` to `close`; `dropped` counts those that found no room."""

    def __init__(self, recording: Path, tell: Callable[[str], object], now_ns: int, process: int) -> None:
        self.directory = recording / FOLDER
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._files = RunFiles(self.directory, now_ns, process, _FILE_BYTES, _FILE_NS)
        except OSError as error:
            raise ConfigError(f"{self.directory}: {error.strerror}: entries cannot be recorded there") from None
        self.dropped = self._told = 0
        self._tell = tell
        self._waiting: deque[Turn] = deque()
        self._words: deque[str] = deque(maxlen=100)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._write_all, name="turns", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def add(self, turn: Turn) -> None:
        """Take an entry that is over: nothing is added to it any more."""
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append(turn)

    def tell_losses(self) -> None:
        """Tell what was lost since the last call; for idle moments."""
        while self._words:
            self._tell(self._words.popleft())
        if (new := self.dropped - self._told) > 0:
            self._told = self.dropped
            self._tell(f"{self.directory} is too slow: {new} entries were not recorded: this run cannot be replayed")

    def close(self) -> None:
        """Write what is left, as far as the disk takes it in time."""
        self._is_over.set()
        if self._thread.ident is None:
            self._thread.start()
        self._thread.join(_STOP_S)
        if self._thread.is_alive():
            self._words.append(f"{self.directory} is not taken: {len(self._waiting)} entries are lost")
        self.tell_losses()

    def _write_all(self) -> None:
        while not self._is_over.wait(_FLUSH_S):
            self._write_waiting()
        self._write_waiting()
        try:
            self._files.close()
        except OSError as error:
            self._words.append(f"{self.directory}: {error.strerror or error}")

    def _write_waiting(self) -> None:
        while self._waiting:
            turns = [self._waiting.popleft() for _ in range(min(len(self._waiting), _BLOCK_TURNS))]
            lines = b"".join([_encode(turn) + b"\n" for turn in turns])
            times = [each for turn in (turns[0], turns[-1]) for each in turn.wall] or [0]
            try:
                self._files.write(lines, len(turns), times[0], times[-1])
            except OSError as error:
                self._words.append(f"{self.directory}: {error.strerror or error}: {len(turns)} entries are lost")


def find_turns(recording: Path) -> list[list[Path]]:
    """Return the files of each recorded run, in order; ConfigError where there is none."""
    found = runs(list((recording / FOLDER).glob(f"*{SUFFIX}")))
    if not found:
        raise ConfigError(f"{recording / FOLDER}: no run is recorded there: let an engine run with [record]")
    return found


def read_turns(paths: list[Path], on_cut: Callable[[str], object]) -> Iterator[Turn]:
    """Yield the entries of a run; DecodeError where one is damaged or missing, `on_cut` hears of a last one cut."""
    number = 0
    for path in paths:
        for block in read_blocks(path, on_cut):
            for line in block.splitlines():
                try:
                    turn = _LINES.decode(line)
                except msgspec.DecodeError as error:
                    raise DecodeError(f"{path}: behind entry {number}: {error}") from None
                if turn.number != number:
                    raise DecodeError(f"{path}: entry {number} is missing: what follows it is entry {turn.number}")
                number += 1
                yield turn
