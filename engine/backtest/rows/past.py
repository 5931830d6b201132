"""What a venue tells of the past, as partitioned Parquet: `KIND/series=S/day=D/MARKET.parquet` under a venue's folder.

Any of pandas, Polars and DuckDB reads a kind in one line, with `series` and `day` as columns. A file is written whole
or not at all; rows that come again take the place of those that are there.

Units   times in ns since 1970; prices 0.0001 dollars, -1 where there is none; sizes 0.01 contracts.
Errors  ConfigError for a file that is damaged.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

from engine.errors import ConfigError

DAY_NS = 86_400 * 10**9
_I8, _I4, _U1, _TEXT = pyarrow.int64(), pyarrow.int32(), pyarrow.uint8(), pyarrow.string()
Row = Mapping[str, Any]

TRADES = {
    "venue_ns": _I8,
    "market": _TEXT,
    "price": _I4,
    "size": _I8,
    "taker": _U1,  # Side(54) in the YES book, 0 unknown
    "flags": _U1,  # as of `depth`: 8 is a block trade
    "trade_id": _TEXT,
}
CANDLES = {
    "end_ns": _I8,
    "minutes": _I4,
    "market": _TEXT,
    **{f"{what}_{when}": _I4 for what in ("bid", "ask", "price") for when in ("open", "low", "high", "close")},
    "volume": _I8,
    "open_interest": _I8,
}
EVENTS = {name: _TEXT for name in ("event", "series", "title", "sub_title", "source")}
SETTLEMENTS = {"settled_ns": _I8, "market": _TEXT, "event": _TEXT, "series": _TEXT, "result": _TEXT, "value": _I8}
KEYS = {
    "trades": ("trade_id",),
    "candlesticks": ("market", "minutes", "end_ns"),
    "events": ("event",),
    "settlements": ("market",),
}
SCHEMAS = {"trades": TRADES, "candlesticks": CANDLES, "events": EVENTS, "settlements": SETTLEMENTS}


def write_by_day(venue: Path, kind: str, series: str, market: str, rows: Sequence[Row]) -> int:
    """Put rows of a market into the files of their days; return how many of them are new."""
    by_day: dict[int, list[Row]] = {}
    time = next(iter(SCHEMAS[kind]))
    for row in rows:
        by_day.setdefault(row[time] // DAY_NS, []).append(row)
    folder = venue / kind / f"series={series}"
    return sum(
        merge(folder / f"day={_date(day)}" / f"{market.replace('/', '_')}.parquet", kind, found)
        for day, found in sorted(by_day.items())
    )


def merge(path: Path, kind: str, rows: Iterable[Row]) -> int:
    """Put rows into one file; return how many are new."""
    keys = KEYS[kind]
    known = {tuple(row[key] for key in keys): row for row in read(path)}
    before = len(known)
    known |= {tuple(row[key] for key in keys): row for row in rows}
    first = next(iter(SCHEMAS[kind]))
    ordered = sorted(known.items(), key=lambda item: (item[1][first] or 0, item[0]))
    table = pyarrow.Table.from_pylist([row for _, row in ordered], pyarrow.schema(list(SCHEMAS[kind].items())))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    parquet.write_table(table, partial, compression="zstd")
    os.replace(partial, path)
    return len(known) - before


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file; none where there is no such file."""
    if not path.exists():
        return []
    try:
        rows: list[dict[str, Any]] = parquet.ParquetFile(path).read().to_pylist()
        return rows
    except pyarrow.ArrowException as error:
        raise ConfigError(f"{path} is damaged: {error}: remove it, and fetch it anew") from None


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()
