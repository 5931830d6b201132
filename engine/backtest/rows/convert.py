"""Files of captured frames to a folder of rows: `DIR/kalshi/depth/DAY.parquet` and `DIR/kalshi/markets.parquet`.

All files of a day make one file of rows, in the order in which they were heard. A capture of one market that runs past
midnight stays with the day of its first frame, so that no book is cut; a recorded run is cut at midnight, and the day
begins with the books as they stood. A day that is converted again is written anew.

Errors  DecodeError names file and line; ConfigError for files of one market that overlap, and for a market without a
        grid.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from engine.backtest.capture.frames import find
from engine.backtest.capture.index import is_recorded, run_of, runs
from engine.backtest.rows.markets import MarketRow, read_folder, read_markets, write_markets
from engine.backtest.rows.ordering import HeardRows, Ints, Ordered, order
from engine.backtest.rows.reading import NS_PER_MS, read_lines
from engine.backtest.rows.recording import DAY_NS, Recording, Told
from engine.backtest.rows.schema import VERSION
from engine.backtest.rows.store import About, Source, sha256, write_rows
from engine.errors import ConfigError, DecodeError
from engine.instrument import PriceGrid

VENUE = "kalshi"


class Capture(NamedTuple):
    """A file of one market, or the files of a run that recorded many (`symbol` is empty), and when it begins."""

    paths: tuple[Path, ...]
    symbol: str
    first_ns: int


class Piece(NamedTuple):
    """The rows of one day of a capture, whose `market` is a place in `symbols`."""

    capture: Capture
    day: int
    symbols: list[str]
    rows: Ordered
    counts: dict[str, int]


class Day(NamedTuple):
    """What was written: the file, how many rows, and what was counted."""

    path: Path
    rows: int
    counts: dict[str, int]


def captures(paths: Sequence[Path]) -> list[Capture]:
    """Return the captures of these files: each by itself, recorded ones by their run; empty runs are left out."""
    single = [(path,) for path in paths if not is_recorded(path)]
    recorded = [tuple(run) for run in runs([path for path in paths if is_recorded(path)])]
    return [first(each) for each in single] + [first(each) for each in recorded if _says_something(each)]


def convert(paths: Sequence[Path], out: Path, checks_seq: bool, told: Told) -> Iterator[Day]:
    """Write the rows of capture files; yield each day when it is written. `told` hears what is odd in them."""
    found = captures(find(paths))
    folders = sorted({each.paths[0].parent for each in found})
    known = {symbol: row for folder in folders for symbol, row in read_folder(folder).items()}
    for each in found:
        if each.symbol:
            grid_of(each.paths[0], each.symbol, known)  # before anything is written
    pending = [_pieces(each, known, checks_seq, told) for each in found]
    yield from write_days(pending, out / VENUE, known)


def write_days(pending: list["DayPieces"], venue: Path, known: Mapping[str, MarketRow]) -> Iterator[Day]:
    """Write captures day by day, with the table of their markets; yield each day when it is written."""
    table = venue / "markets.parquet"
    while pending := [each for each in pending if each.is_left]:
        day = min(each.day for each in pending)
        pieces = [each.take() for each in pending if each.day == day]
        symbols = {symbol for piece in pieces for symbol in piece.symbols}
        write_markets(table, (read_markets(table) | {symbol: known[symbol] for symbol in symbols}).values())
        yield _write_day(venue / "depth" / f"{_date(day)}.parquet", pieces)


def first(paths: tuple[Path, ...]) -> Capture:
    """Return the market of a file, and when it begins; raise DecodeError if it is about none."""
    for path in paths:
        for number, line in read_lines(path, lambda text: None):
            if not (symbol := line.event.msg.market_ticker) and not is_recorded(path):
                raise DecodeError(f"{path} line {number}: a {line.event.type} of no market")
            return Capture(paths, "" if is_recorded(path) else symbol, line.heard_ns())
    raise DecodeError(f"{paths[0]} holds no frame of a market")


def grid_of(path: Path, symbol: str, known: Mapping[str, MarketRow]) -> PriceGrid:
    """Return the grid of a captured market; raise ConfigError if nobody said."""
    row = known.get(symbol)
    if row is None:
        raise ConfigError(f"{path}: market {symbol} is unknown: put its EVENT.event.json beside the file")
    if not row.bands:
        raise ConfigError(f"{path}: {row.source} gives no price_ranges for {symbol}")
    return PriceGrid(row.bands)


def overlaps(pieces: Sequence[Piece]) -> list[str]:
    """Return what is wrong with pieces of one day: no book follows from two captures of a market at once."""
    ranges = sorted((symbol, *_heard(each), str(each.capture.paths[0])) for each in pieces for symbol in each.symbols)
    return [
        f"{a[3]} and {b[3]} both hold {b[0]} at recv_ms {b[1] // NS_PER_MS}: give one of the two"
        for a, b in pairwise(ranges)
        if a[0] == b[0] and b[1] < a[2]
    ]


def _heard(piece: Piece) -> tuple[int, int]:
    """Return when the first and the last row were heard."""
    recv = piece.rows.columns["recv_ns"]
    return int(recv[0]), int(recv[-1])


class RecordedDays(HeardRows, Protocol):
    """A recording of which `values`, `symbols` and `counts` are those of one day after the other."""

    symbols: list[str]
    counts: Counter[str]


class DayPieces:
    """The days of one capture, one after the other: of a run the next one is read when one is taken."""

    def __init__(self, capture: Capture, recording: RecordedDays, days: Iterator[int]) -> None:
        self._capture = capture
        self._recording = recording
        self._pieces = self._read(days)
        self._ahead: Piece | None = None
        self.is_left = True
        self.day = capture.first_ns // DAY_NS  # of the next piece

    def take(self) -> Piece:
        """Return the next day."""
        piece = self._ahead or next(self._pieces)
        self._ahead = next(self._pieces, None)
        self.is_left = self._ahead is not None
        self.day = self._ahead.day if self._ahead else self.day
        return piece

    def _read(self, days: Iterator[int]) -> Iterator[Piece]:
        recording = self._recording
        for day in days:
            rows = order(recording)
            yield Piece(self._capture, day, list(recording.symbols), rows, {**recording.counts, **rows.counts})


def _pieces(capture: Capture, known: Mapping[str, MarketRow], checks_seq: bool, told: Told) -> DayPieces:
    recording = Recording(
        capture.paths, capture.symbol, lambda path, symbol: grid_of(path, symbol, known), checks_seq, told
    )
    days = _whole(recording, capture.first_ns // DAY_NS) if capture.symbol else recording.days()
    return DayPieces(capture, recording, days)


def _whole(recording: Recording, day: int) -> Iterator[int]:
    recording.read()
    yield day


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_NS // 1_000_000_000, UTC).date().isoformat()


def _says_something(run: tuple[Path, ...]) -> bool:
    return any(True for path in run for _ in read_lines(path, lambda text: None))


def _write_day(path: Path, pieces: Sequence[Piece]) -> Day:
    if wrong := overlaps(pieces):
        raise ConfigError("; ".join(wrong))
    symbols = sorted({symbol for piece in pieces for symbol in piece.symbols})
    ordered = sorted(pieces, key=lambda each: (each.capture.first_ns, each.capture.paths[0].name))
    for piece in ordered:
        places = np.array([symbols.index(symbol) for symbol in piece.symbols], dtype=np.int64)
        piece.rows.columns["market"] = places[piece.rows.columns["market"]]
    sources = [
        Source(_name(each.capture), _checksum(each.capture), each.rows.shifts_ns, dict(sorted(each.counts.items())))
        for each in ordered
    ]
    columns = _merged([each.rows for each in ordered])
    write_rows(path, columns, About(VERSION, symbols, sources))
    total: dict[str, int] = defaultdict(int)
    for source in sources:
        for name, count in source.counts.items():
            total[name] += count
    return Day(path, len(columns["recv_ns"]), dict(sorted(total.items())))


def _name(capture: Capture) -> str:
    return run_of(capture.paths[0]) if is_recorded(capture.paths[0]) else capture.paths[0].name


def _checksum(capture: Capture) -> str:
    """Return the checksum of a file; of a run that of the checksums of its files."""
    sums = [sha256(path) for path in capture.paths]
    return sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest()


def _merged(parts: Sequence[Ordered]) -> dict[str, Ints]:
    """Return the rows of several files in the order in which they were heard, with their order at the venue."""
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns}
    starts = np.cumsum([0, *(len(part.anchor) for part in parts[:-1])])
    anchor = np.concatenate([part.anchor + start for part, start in zip(parts, starts, strict=True)])
    heard = np.argsort(columns["recv_ns"], kind="stable")
    place = np.empty_like(heard)
    place[heard] = np.arange(len(heard))
    columns = {name: values[heard] for name, values in columns.items()}
    anchored = place[anchor[heard]]
    is_before = anchored != np.arange(len(heard))  # a trade stands right before its decrease
    columns["venue_order"] = np.lexsort((2 * anchored - is_before, columns["venue_ns"][anchored]))
    return columns
