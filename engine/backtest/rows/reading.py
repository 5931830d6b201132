"""Lines of captured frames, decoded once: what `engine.exchange.captures` reads, with the numbers of the connection.

Errors  DecodeError names file and line.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from engine.errors import DecodeError
from engine.exchange.captures import DELTA, SNAPSHOT, TRADE

NS_PER_MS = 1_000_000
_KINDS = frozenset((SNAPSHOT, DELTA, TRADE))


class RowMessage(msgspec.Struct, gc=False):
    """The `msg` of a snapshot, a delta or a trade; a field that the frame does not have is empty."""

    market_ticker: str = ""
    ts_ms: int = 0
    ts: str | int = ""
    yes_dollars_fp: list[tuple[str, str]] = []
    no_dollars_fp: list[tuple[str, str]] = []
    side: str = ""
    price_dollars: str = ""
    delta_fp: str = ""
    yes_price_dollars: str = ""
    count_fp: str = ""
    taker_outcome_side: str = ""
    is_block_trade: bool = False

    def stamp_ns(self) -> int:
        """Return when it happened, by the venue's clock: to the microsecond where it says so; 0 if it does not."""
        if isinstance(self.ts, str) and len(self.ts) > 21:
            fine_ns = int(self.ts[20:-1].ljust(9, "0")[:9])
            if fine_ns // NS_PER_MS == self.ts_ms % 1_000:
                return self.ts_ms // 1_000 * 1_000_000_000 + fine_ns
        return self.ts_ms * NS_PER_MS


class _Event(msgspec.Struct, gc=False):
    type: str
    msg: RowMessage = msgspec.field(default_factory=RowMessage)
    sid: int = 0
    seq: int = 0


class RowLine(msgspec.Struct, gc=False):
    """A line: when it was heard, and the frame."""

    recv_ms: int
    event: _Event


class _OtherEvent(msgspec.Struct):
    type: str


class _OtherLine(msgspec.Struct):
    event: _OtherEvent


_LINES = msgspec.json.Decoder(RowLine)
_OTHERS = msgspec.json.Decoder(_OtherLine)


def read_lines(path: Path) -> Iterator[tuple[int, RowLine]]:
    """Yield the number and the line of each snapshot, delta and trade; frames of other types are passed over."""
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for text in lines:
                number += 1
                line = _decode(text)
                if line is not None:
                    yield number, line
    except msgspec.DecodeError as error:
        raise DecodeError(f"{path} line {number} is no captured frame: {error}") from None
    except ValueError as error:
        raise DecodeError(f"{path} line {number}: {error}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DecodeError(f"{path} is truncated or damaged after line {number}: {error}") from None


def _decode(text: bytes) -> RowLine | None:
    try:
        line = _LINES.decode(text)
    except msgspec.ValidationError:
        if _OTHERS.decode(text).event.type in _KINDS:
            raise
        return None
    return line if line.event.type in _KINDS else None
