"""Captured Kalshi feeds: real frames to replay, where they are present.

Shapes  a file `MARKET.ndjson.gz` holds one line {"recv_ms": ..., "event": frame} per message, in receive order,
        filtered to one market: jumps of `seq` are no gaps, a second snapshot means the recorder resubscribed.
Source  the directory named by FIXLANE_CAPTURES, else ../shared/data/kalshi-gold15m beside the repository.
"""

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.support.places import ROOT

_DEFAULT = ROOT.parent / "shared" / "data" / "kalshi-gold15m"
DIRECTORY = Path(os.environ.get("FIXLANE_CAPTURES", _DEFAULT))
FILES = sorted(DIRECTORY.glob("*.ndjson.gz"))

_absent = pytest.param(None, marks=pytest.mark.skip(reason=f"no captured feeds in {DIRECTORY}; set FIXLANE_CAPTURES"))
each_capture = pytest.mark.parametrize(
    "capture", [pytest.param(path, id=path.name.removesuffix(".ndjson.gz")) for path in FILES] or [_absent]
)


class _Line(msgspec.Struct):
    recv_ms: int
    event: msgspec.Raw


def frames(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (recv_ms, frame) of every message, the frame as the venue sent it."""
    decoder = msgspec.json.Decoder(_Line)
    with gzip.open(path) as lines:
        for text in lines:
            line = decoder.decode(text)
            yield line.recv_ms, bytes(line.event)
