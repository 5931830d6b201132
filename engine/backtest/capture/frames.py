"""Captured frames whichever way they were kept: files of one market, or runs of many that `fixlane record` wrote.

Units   times in ns since 1970.
Errors  DecodeError names file and line; ConfigError for a folder without captures. A run that was cut at its end is
        read up to there.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from engine.backtest.capture.blocks import read_blocks
from engine.backtest.capture.index import INDEX, is_recorded, runs
from engine.errors import ConfigError, DecodeError
from engine.exchange import captures
from engine.exchange.captures import DELTA, SNAPSHOT, TRADE, Frame
from engine.instrument import Instrument

CAPTURES = ("*.ndjson", "*.ndjson.gz", "*.ndjson.zst")


class _Event(msgspec.Struct):
    type: str
    msg: msgspec.Raw = msgspec.Raw(b"null")


class _Line(msgspec.Struct):
    recv_ns: int
    event: _Event


class _Named(msgspec.Struct):
    market_ticker: str = ""


_LINES = msgspec.json.Decoder(_Line)
_NAMES = msgspec.json.Decoder(_Named)


def find(paths: Sequence[Path]) -> list[Path]:
    """Return the capture files that `paths` name, folders searched."""
    found = [each for path in paths for each in (_inside(path) if path.is_dir() else [path])]
    if not found:
        raise ConfigError(f"no {' or '.join(CAPTURES)} in {', '.join(map(str, paths))}")
    return sorted(set(found))


def holds_captures(folder: Path) -> bool:
    """Return whether a folder holds capture files."""
    return bool(_inside(folder))


def groups(paths: Sequence[Path]) -> list[list[Path]]:
    """Return what belongs together: each capture of one market by itself, recorded files by run."""
    return [[path] for path in paths if not is_recorded(path)] + runs([path for path in paths if is_recorded(path)])


def read_frames(group: Sequence[Path]) -> Iterator[Frame]:
    """Yield the snapshots, deltas and trades of a group; skip frames of other types."""
    for path in group:
        yield from _recorded(path) if is_recorded(path) else captures.read_frames(path)


def markets(paths: Sequence[Path]) -> list[Instrument]:
    """Return each market of the files, as `captures.markets` does."""
    single = [path for path in paths if not is_recorded(path)]
    found = captures.markets(single)
    known = {each.symbol for each in found}
    for run in runs([path for path in paths if is_recorded(path)]):
        for frame in read_frames(run):
            if frame.symbol not in known:
                known.add(frame.symbol)
                event, bands = captures.market_facts(run[0].parent, frame.symbol)
                found.append(Instrument(frame.symbol, len(found), bands, event=event))
    return found


def _recorded(path: Path) -> Iterator[Frame]:
    number = 0
    try:
        for block in read_blocks(path, lambda text: None):
            for text in block.splitlines():
                number += 1
                line = _LINES.decode(text)
                if line.event.type in (SNAPSHOT, DELTA, TRADE):
                    symbol = _NAMES.decode(line.event.msg).market_ticker
                    yield Frame(line.recv_ns, symbol, line.event.type, bytes(line.event.msg))
    except msgspec.DecodeError as error:
        raise DecodeError(f"{path} line {number} is no captured frame: {error}") from None


def _inside(folder: Path) -> list[Path]:
    return [path for pattern in CAPTURES for path in folder.glob(pattern) if path.name != INDEX]
