"""Captured frames with both of their times: when the venue did it, and when it was heard.

Units   ns since 1970. The venue's clock is not the recorder's: the smallest difference of a file is taken for no
        distance at all, so a frame is heard at least `FLOOR_NS` after it happened.
Errors  DecodeError names file and line.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from engine.backtest.capture.frames import find, groups, read_frames
from engine.backtest.own.frames import Outside
from engine.backtest.own.lines import own_lines
from engine.errors import ConfigError
from engine.exchange.captures import NS_PER_MS, Frame

FLOOR_NS = NS_PER_MS


class TimedFrame(NamedTuple):
    """A frame that happened at `venue_ns`, and was heard at `recv_ns`, the last of its read or not."""

    venue_ns: int
    recv_ns: int
    frame: Frame


def timed(paths: Sequence[Path], counts: Counter[str] | None = None) -> list[TimedFrame]:
    """Return every frame of the files, folders searched, in the order in which they were heard.

    Times of one file, or of one recorded run, never run back. What is our own is taken out, and counted in `counts`.
    """
    found: list[TimedFrame] = []
    counts = Counter() if counts is None else counts
    for group in groups(find(paths)):
        found += _capture(group, counts)
    if not found:
        raise ConfigError("no frame of a market in " + ", ".join(map(str, paths)))
    return sorted(found, key=lambda each: each.recv_ns)  # stable: what one file says first stays first


def _capture(group: Sequence[Path], counts: Counter[str]) -> list[TimedFrame]:
    own = own_lines(group)
    outside = Outside(own)
    frames = list(read_frames(group) if own.is_empty else outside.frames(read_frames(group)))
    counts.update(outside.counts)
    stamps = [_stamp_ns(frame) for frame in frames]
    behind = [frame.recv_ns - stamp for frame, stamp in zip(frames, stamps, strict=True) if stamp]
    shift_ns = min(behind, default=0) - FLOOR_NS
    found: list[TimedFrame] = []
    venue_ns = 0
    for frame, stamp in zip(frames, stamps, strict=True):
        heard_ns = frame.recv_ns
        venue_ns = max(venue_ns, min(stamp + shift_ns if stamp else heard_ns, heard_ns))
        found.append(TimedFrame(venue_ns, heard_ns, frame))
    return found


def _stamp_ns(frame: Frame) -> int:
    """Return when the venue says that it happened; 0 where it does not say."""
    return frame.message().ts_ms * NS_PER_MS
