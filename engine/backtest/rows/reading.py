"""Lines of captured frames, decoded once: what `engine.exchange.captures` reads, with the numbers of the connection.

Shapes  a file is plain, gzip (`.gz`) or blocks of zstd (`.zst`), as `fixlane record` writes them.
Errors  DecodeError names file and line.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import msgspec

from engine.backtest.capture.blocks import read_blocks
from engine.errors import DecodeError
from engine.exchange.captures import DELTA, SNAPSHOT, TRADE

NS_PER_MS = 1_000_000
_NS = 1_000_000_000
LOST = "recorder_lost"  # a word of the recorder: the connection is gone, and with it every book
_KINDS = frozenset((SNAPSHOT, DELTA, TRADE, LOST))
_CHUNK = 1 << 20
_MOST_KEPT = 1 << 26  # bytes
_LAST: dict[tuple[Path, int, int], list[bytes]] = {}  # of one file: its name, when it was written, its size
_MICROSECONDS = len("2026-08-10T22:30:00.123456Z")


class RowMessage(msgspec.Struct, gc=False):
    """The `msg` of a snapshot, a delta or a trade; a field that the frame does not have is empty."""

    market_ticker: str = ""
    ts_ms: int = 0
    ts: str | int = ""
    yes_dollars_fp: tuple[tuple[str, str], ...] = ()  # no list: one would be made for each message
    no_dollars_fp: tuple[tuple[str, str], ...] = ()
    side: str = ""
    price_dollars: str = ""
    delta_fp: str = ""
    yes_price_dollars: str = ""
    count_fp: str = ""
    taker_outcome_side: str = ""
    is_block_trade: bool = False
    client_order_id: str | None = None

    def stamp_ns(self) -> int:
        """Return when it happened, by the venue's clock: to the microsecond where it says so; 0 if it does not."""
        ms, text = self.ts_ms, self.ts
        if type(text) is str and (length := len(text)) > 21:
            if length == _MICROSECONDS:
                fine_us = int(text[20:26]) - ms % 1_000 * 1_000
                return (ms * 1_000 + fine_us) * 1_000 if 0 <= fine_us < 1_000 else ms * NS_PER_MS
            fine_ns = int(text[20:-1].ljust(9, "0")[:9])
            if fine_ns // NS_PER_MS == ms % 1_000:
                return ms // 1_000 * _NS + fine_ns
        return ms * NS_PER_MS


class _Event(msgspec.Struct, gc=False):
    type: str
    msg: RowMessage = msgspec.field(default_factory=RowMessage)
    sid: int = 0
    seq: int = 0


class RowLine(msgspec.Struct, gc=False):
    """A line: when it was heard, over which connection, and the frame. `last` is None where nobody said."""

    recv_ms: int
    event: _Event
    recv_ns: int = 0
    feed: int = 0
    last: bool | None = None

    def heard_ns(self) -> int:
        """Return when it was heard, as finely as the recorder says."""
        return self.recv_ns or self.recv_ms * NS_PER_MS


class _OtherEvent(msgspec.Struct):
    type: str


class _OtherLine(msgspec.Struct):
    event: _OtherEvent


_LINES = msgspec.json.Decoder(RowLine)
_OTHERS = msgspec.json.Decoder(_OtherLine)


def _refuse_cut(text: str) -> None:
    """Take no file that was cut."""
    raise DecodeError(text)


def read_lines(path: Path, on_cut: Callable[[str], object] = _refuse_cut) -> Iterator[tuple[int, RowLine]]:
    """Yield the number and the line of each snapshot, delta, trade and loss; frames of other types are passed over.

    `on_cut` hears that a recorded file ends with a block that is not whole, which an end by force leaves behind.
    """
    number, decode = 0, _LINES.decode
    try:
        for text in chain.from_iterable(read_texts(path, on_cut)):
            number += 1
            try:
                line = decode(text)
            except msgspec.ValidationError:
                if _OTHERS.decode(text).event.type in _KINDS:
                    raise
                continue
            if line.event.type in _KINDS:
                yield number, line
    except msgspec.DecodeError as error:
        raise DecodeError(f"{path} line {number} is no captured frame: {error}") from None
    except ValueError as error:
        raise DecodeError(f"{path} line {number}: {error}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DecodeError(f"{path} is truncated or damaged after line {number}: {error}") from None


def read_chunks(path: Path, on_cut: Callable[[str], object]) -> Iterator[bytes]:
    """Yield the text of a file in parts, whichever way it is kept.

    A small file that was read to its end is read twice in a row mostly, so its text is kept until another one is.
    """
    if path.suffix == ".zst":
        yield from read_blocks(path, on_cut)
        return
    state = path.stat()
    key = path, state.st_mtime_ns, state.st_size
    if (kept := _LAST.get(key)) is not None:
        yield from kept
        return
    read, size = [], 0
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        while chunk := file.read1(_CHUNK):
            size += len(chunk)
            if size <= _MOST_KEPT:
                read.append(chunk)
            yield chunk
    _LAST.clear()
    if size <= _MOST_KEPT:
        _LAST[key] = read


def read_texts(path: Path, on_cut: Callable[[str], object] = _refuse_cut) -> Iterator[list[bytes]]:
    """Yield the lines of a file in parts, whichever way it is kept."""
    return _texts(read_chunks(path, on_cut))


def _texts(chunks: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Yield the whole lines of each chunk, then what no newline ends."""
    rest = b""
    for chunk in chunks:
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        yield lines
    if rest:
        yield [rest]
