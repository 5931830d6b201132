"""Files of captured frames to a folder of rows: `DIR/kalshi/depth/DAY.parquet` and `DIR/kalshi/markets.parquet`.

All files of a day make one file of rows, in the order in which they were heard; a capture that runs past midnight stays
with the day of its first frame, so that no book is cut. A day that is converted again is written anew.

Errors  DecodeError names file and line; ConfigError for files of one market that overlap, and for a market without a
        grid.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.backtest.rows.markets import MarketRow, read_folder, read_markets, write_markets
from engine.backtest.rows.ordering import Ints, Ordered, order
from engine.backtest.rows.reading import NS_PER_MS, read_lines
from engine.backtest.rows.recording import Recording
from engine.backtest.rows.schema import VERSION
from engine.backtest.rows.store import About, Source, sha256, write_rows
from engine.errors import ConfigError, DecodeError
from engine.instrument import PriceGrid

VENUE = "kalshi"
CAPTURES = ("*.ndjson", "*.ndjson.gz")
Told = Callable[[Path, int, str, str], object]  # file, line, what, text


class Capture(NamedTuple):
    """A file of one market, and when it begins."""

    path: Path
    symbol: str
    first_ns: int


class Day(NamedTuple):
    """What was written: the file, how many rows, and what was counted."""

    path: Path
    rows: int
    counts: dict[str, int]


def find(paths: Sequence[Path]) -> list[Path]:
    """Return the capture files that `paths` name, folders searched."""
    found = [each for path in paths for each in (_inside(path) if path.is_dir() else [path])]
    if not found:
        raise ConfigError(f"no {' or '.join(CAPTURES)} in {', '.join(map(str, paths))}")
    return sorted(set(found))


def convert(paths: Sequence[Path], out: Path, checks_seq: bool, told: Told) -> Iterator[Day]:
    """Write the rows of capture files; yield each day when it is written. `told` hears what is odd in them."""
    captures = [first(path) for path in find(paths)]
    known = {symbol: row for folder in sorted({each.path.parent for each in captures})
             for symbol, row in read_folder(folder).items()}  # fmt: skip
    for each in captures:
        grid_of(each, known)  # before anything is written
    table = out / VENUE / "markets.parquet"
    written = {each.symbol: known[each.symbol] for each in captures}
    write_markets(table, (read_markets(table) | written).values())
    days = defaultdict(list)
    for each in captures:
        days[_day(each.first_ns)].append(each)
    for day, files in sorted(days.items()):
        yield _write_day(out / VENUE / "depth" / f"{day}.parquet", files, known, checks_seq, told)


def first(path: Path) -> Capture:
    """Return the market of a file, and when it begins; raise DecodeError if it is about none."""
    for number, line in read_lines(path):
        if not line.event.msg.market_ticker:
            raise DecodeError(f"{path} line {number}: a {line.event.type} of no market")
        return Capture(path, line.event.msg.market_ticker, line.recv_ms * NS_PER_MS)
    raise DecodeError(f"{path} holds no frame of a market")


def grid_of(capture: Capture, known: dict[str, MarketRow]) -> PriceGrid:
    """Return the grid of a capture's market; raise ConfigError if nobody said."""
    row = known.get(capture.symbol)
    if row is None:
        raise ConfigError(
            f"{capture.path}: market {capture.symbol} is unknown: put its EVENT.event.json beside the file"
        )
    if not row.bands:
        raise ConfigError(f"{capture.path}: {row.source} gives no price_ranges for {capture.symbol}")
    return PriceGrid(row.bands)


def overlaps(ranges: Sequence[tuple[Capture, int]]) -> list[str]:
    """Return what is wrong with captures, each with the time of its last frame: no book follows from two at once."""
    ordered = sorted(ranges, key=lambda item: (item[0].symbol, item[0].first_ns, item[0].path))
    return [
        f"{a.path} and {b.path} both hold {b.symbol} at recv_ms {b.first_ns // NS_PER_MS}: give one of the two"
        for (a, last_ns), (b, _) in pairwise(ordered)
        if a.symbol == b.symbol and b.first_ns < last_ns
    ]


def _inside(folder: Path) -> list[Path]:
    return [path for pattern in CAPTURES for path in folder.glob(pattern)]


def _day(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).date().isoformat()


def _write_day(
    path: Path, captures: Sequence[Capture], known: dict[str, MarketRow], checks_seq: bool, told: Told
) -> Day:
    symbols = sorted({each.symbol for each in captures})
    parts: list[Ordered] = []
    sources: list[Source] = []
    ordered = sorted(captures, key=lambda each: (each.first_ns, each.path.name))
    for each in ordered:
        recording = Recording(
            each.path,
            {each.symbol: symbols.index(each.symbol)},
            {each.symbol: grid_of(each, known)},
            checks_seq,
            partial(told, each.path),
        )
        recording.read()
        parts.append(order(recording))
        counts = {**recording.counts, **parts[-1].counts}
        sources.append(Source(each.path.name, sha256(each.path), parts[-1].shifts_ns, dict(sorted(counts.items()))))
    wrong = overlaps([(each, int(part.columns["recv_ns"][-1])) for each, part in zip(ordered, parts, strict=True)])
    if wrong:
        raise ConfigError("; ".join(wrong))
    columns = _merged(parts)
    write_rows(path, columns, About(VERSION, symbols, sources))
    total: dict[str, int] = defaultdict(int)
    for source in sources:
        for name, count in source.counts.items():
            total[name] += count
    return Day(path, len(columns["recv_ns"]), dict(sorted(total.items())))


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
