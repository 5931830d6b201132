"""The frames of one recorded run as they came: every one, whatever it says.

Errors  DecodeError for a line or a block that is damaged, and for a run of which frames were dropped.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.backtest.capture.blocks import read_blocks
from engine.backtest.capture.index import SUFFIX, read_index
from engine.errors import ConfigError, DecodeError

_UNREADABLE = "recorder_unreadable"
_WORDS = b'{"type":"recorder_'


class RecordedFrame(NamedTuple):
    """One frame, the connection that it came over, and whether it was the last of its read."""

    feed: int
    frame: bytes
    is_last: bool


class _Line(msgspec.Struct):
    feed: int
    last: bool
    event: msgspec.Raw


class _Word(msgspec.Struct):
    type: str
    text: str = ""


_LINES = msgspec.json.Decoder(_Line)
_READ_WORD = msgspec.json.Decoder(_Word).decode


def frames_of(recording: Path, run: str, tell: Callable[[str], object]) -> Iterator[RecordedFrame]:
    """Yield the frames of a run; `tell` hears where the last block was cut."""
    paths = sorted(recording.glob(f"{run}-*{SUFFIX}"))
    if not run or not paths:
        raise ConfigError(f"{recording}: the frames of run {run or '?'} are not there: name the recording's folder")
    for each in read_index(recording):
        if each.dropped and each.file.startswith(run):
            raise DecodeError(f"{recording / each.file}: {each.dropped} frames were dropped: nothing can be replayed")
    return _frames(paths, tell)


def _frames(paths: list[Path], tell: Callable[[str], object]) -> Iterator[RecordedFrame]:
    for path in paths:
        number = 0
        for block in read_blocks(path, tell):
            for text in block.splitlines():
                number += 1
                try:
                    frame = _frame(text)
                except msgspec.DecodeError as error:
                    raise DecodeError(f"{path} line {number}: no recorded frame: {error}") from None
                if frame is not None:
                    yield frame


def _frame(text: bytes) -> RecordedFrame | None:
    """Return the frame of a line; None for what the recorder says itself."""
    line = _LINES.decode(text)
    frame = bytes(line.event)
    if frame.startswith(_WORDS):
        word = _READ_WORD(frame)
        if word.type != _UNREADABLE:
            return None
        frame = word.text.encode()
    return RecordedFrame(line.feed, frame, line.last)
