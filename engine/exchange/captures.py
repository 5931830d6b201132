"""Captured Kalshi market data: the files, the markets in them, and their frames at the pace they were received.

A file holds one market, one line per frame: {"recv_ms": ..., "event": the frame as the venue sent it}. Markets were
recorded on different days, so each begins when the replay begins; several files of one market follow one another as
they were received. A frame goes out as it came in, byte for byte, but for `sid` and `seq`, which belong to the
connection that carries it.

Units   times in ns; a frame's prices and sizes stay text until they are used.
Errors  DecodeError names file and line; ConfigError for an invalid price grid, or files of one market that overlap.
Source  Kalshi WebSocket: orderbook_snapshot, orderbook_delta, trade; REST: price_ranges of a market.
"""

import gzip
import heapq
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import msgspec

from engine._decimal import format_decimal, parse_decimal
from engine.errors import ConfigError, DecodeError
from engine.instrument import Instrument, PriceBand

LINEAR_CENT = (PriceBand(0, 10_000, 100),)
NS_PER_MS = 1_000_000

SNAPSHOT = "orderbook_snapshot"
DELTA = "orderbook_delta"
TRADE = "trade"


class CapturedMessage(msgspec.Struct, frozen=True):
    """The `msg` of any of the three frame types."""

    market_ticker: str
    ts_ms: int = 0
    yes_dollars_fp: list[tuple[str, str]] = []
    no_dollars_fp: list[tuple[str, str]] = []
    side: str = ""
    price_dollars: str = ""
    delta_fp: str = ""
    yes_price_dollars: str = ""
    count_fp: str = ""
    taker_outcome_side: str = ""
    is_block_trade: bool = False
    recorder_own: bool = False  # of a trade: it hit an order of the recorder's own, and nobody else's


class _Event(msgspec.Struct):
    type: str
    msg: msgspec.Raw = msgspec.Raw(b"null")  # acknowledgements have none, or one without a market


class _Line(msgspec.Struct):
    recv_ms: int
    event: _Event


_LINES = msgspec.json.Decoder(_Line)
_MESSAGES = msgspec.json.Decoder(CapturedMessage)


class Frame(msgspec.Struct, frozen=True):
    """One captured frame of one market; `body` is its `msg` as captured."""

    recv_ns: int
    symbol: str
    kind: str
    body: bytes

    def wire(self, sid: int, seq: int, use_yes_price: bool = False) -> bytes:
        """Return the frame for a connection where it is number `seq` of subscription `sid`."""
        return b'{"type":"%b","sid":%d,"seq":%d,"msg":%b}' % (self.kind.encode(), sid, seq, self.msg(use_yes_price))

    def msg(self, use_yes_price: bool = False) -> bytes:
        """Return the `msg` of the frame, on either price scale."""
        return self._yes_body() if use_yes_price else self.body

    def message(self) -> CapturedMessage:
        """Return the `msg` decoded; raise DecodeError if it is about another market."""
        message = _MESSAGES.decode(self.body)
        if message.market_ticker != self.symbol:
            raise DecodeError(
                f"a frame of {message.market_ticker} in the capture of {self.symbol}: one market per file"
            )
        return message

    def _yes_body(self) -> bytes:
        """Return `body` with the prices of the NO side on the YES scale."""
        message: dict[str, Any] = msgspec.json.decode(self.body)
        if message.get("side") == "no":
            message["price_dollars"] = _other_side(message["price_dollars"])
        if "no_dollars_fp" in message:
            message["no_dollars_fp"] = [[_other_side(price), size] for price, size in message["no_dollars_fp"]]
        return msgspec.json.encode(message)


class CaptureReplay:
    """The frames of several files, each market from its beginning, `speed` times as fast as they were received.

    Speed 0 is as fast as the caller asks.
    """

    def __init__(self, paths: Iterable[Path], speed: float, start_ns: int) -> None:
        self._speed = speed
        self._start_ns = start_ns
        self._frames = heapq.merge(*map(_from_beginning, _by_market(paths).values()), key=lambda item: item[0])
        self._next = next(self._frames, None)
        self.count = 0  # of frames handed out

    @property
    def next_ns(self) -> int | None:
        """When the next frame is due; None after the last."""
        if self._next is None:
            return None
        return self._start_ns + (int(self._next[0] / self._speed) if self._speed else 0)

    def due(self, now_ns: int, limit: int = 1_000) -> list[Frame]:
        """Return the frames whose time has come, oldest first, at most `limit`."""
        frames: list[Frame] = []
        while self._next is not None and len(frames) < limit and (self.next_ns or 0) <= now_ns:
            frames.append(self._next[1])
            self._next = next(self._frames, None)
        self.count += len(frames)
        return frames


def read_frames(path: Path) -> Iterator[Frame]:
    """Yield the snapshots, deltas and trades of one file; skip frames of other types."""
    symbol, number = "", 0
    try:
        with _open(path) as lines:
            for line in lines:
                number += 1
                decoded = _LINES.decode(line)
                if decoded.event.type in (SNAPSHOT, DELTA, TRADE):
                    symbol = symbol or _MESSAGES.decode(decoded.event.msg).market_ticker
                    yield Frame(decoded.recv_ms * NS_PER_MS, symbol, decoded.event.type, bytes(decoded.event.msg))
    except msgspec.DecodeError as error:
        raise DecodeError(f"{path} line {number} is no captured frame: {error}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DecodeError(f"{path} is cut or damaged after line {number}: {error}") from None


def markets(paths: Iterable[Path]) -> list[Instrument]:
    """Return each market of the files; without an EVENT.event.json beside it that names it, a whole-cent one."""
    instruments = []
    for index, (symbol, files) in enumerate(_by_market(paths).items()):
        _refuse_overlap(symbol, files)
        event, bands = market_facts(files[0].parent, symbol)
        instruments.append(Instrument(symbol, index, bands, event=event))
    return instruments


def _open(path: Path) -> IO[bytes] | gzip.GzipFile:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def _by_market(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Return the files of each market by the time of their first frame; markets in the order of `paths`."""
    found: dict[str, list[tuple[int, Path]]] = {}
    for path in paths:
        first = next(read_frames(path), None)
        if first is None:
            raise DecodeError(f"{path} holds no frame of a market")
        found.setdefault(first.symbol, []).append((first.recv_ns, path))
    return {symbol: [path for _, path in sorted(files)] for symbol, files in found.items()}


def _refuse_overlap(symbol: str, files: Sequence[Path]) -> None:
    """Refuse files of one market that were recorded at the same time: no book follows from both."""
    for earlier, later in pairwise(files):
        first, last = next(read_frames(later)), deque(read_frames(earlier), 1)[0]
        if first.recv_ns < last.recv_ns:
            raise ConfigError(
                f"{earlier} and {later} both hold {symbol} at recv_ms {first.recv_ns // NS_PER_MS}: "
                "give one of the two, or cut one where the other begins"
            )


class _Range(msgspec.Struct):
    start: str
    end: str
    step: str


class _MarketFacts(msgspec.Struct):
    ticker: str
    event_ticker: str
    price_ranges: list[_Range]


class _Response(msgspec.Struct):
    markets: list[_MarketFacts]


class _EventFile(msgspec.Struct):
    response: _Response


def market_facts(folder: Path, symbol: str) -> tuple[str, tuple[PriceBand, ...]]:
    """Return a market's event and grid by the EVENT.event.json of a folder; itself and whole cents without one."""
    for path in sorted(folder.glob("*.event.json")):
        try:
            event = msgspec.json.decode(path.read_bytes(), type=_EventFile)
        except msgspec.DecodeError as error:
            raise DecodeError(f"{path} is no event: {error}") from None
        for market in event.response.markets:
            if market.ticker == symbol:
                return market.event_ticker, tuple(_band(entry) for entry in market.price_ranges)
    return symbol, LINEAR_CENT


def _band(entry: _Range) -> PriceBand:
    return PriceBand(*(parse_decimal(text, 4) for text in (entry.start, entry.end, entry.step)))


def _other_side(price_text: str) -> str:
    return format_decimal(10_000 - parse_decimal(price_text, 4), 4)


def _from_beginning(files: Iterable[Path]) -> Iterator[tuple[int, Frame]]:
    """Yield the frames of one market, each with the time since the first."""
    first_ns = None
    for path in files:
        for frame in read_frames(path):
            first_ns = frame.recv_ns if first_ns is None else first_ns
            yield frame.recv_ns - first_ns, frame
