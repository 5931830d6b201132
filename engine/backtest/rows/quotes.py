"""Rows of best bids and asks, where nothing else was kept: `DIR/VENUE/quotes/DAY.parquet`.

Units   times in ns since 1970; price 0.0001 dollars, -1 where there is none; size 0.01 contracts, -1 unknown.
Errors  ConfigError for a file that is none of ours, is damaged, or is newer than this program.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow
from numpy.typing import NDArray
from pyarrow import parquet

from engine.backtest.rows.store import META, About, columns_of, read_about

NO_PRICE = NO_SIZE = -1
POLLED = 1  # a flag: of a poll, so that what came and went between two of them is not here
QUOTE_COLUMNS = {
    "recv_ns": pyarrow.int64(),
    "venue_ns": pyarrow.int64(),  # 0: nobody said
    "market": pyarrow.int32(),  # place in the file's list of markets
    "bid": pyarrow.int32(),
    "ask": pyarrow.int32(),
    "bid_size": pyarrow.int64(),
    "ask_size": pyarrow.int64(),
    "flags": pyarrow.uint8(),
}


def write_quotes(path: Path, columns: Mapping[str, NDArray[Any]], about: About) -> None:
    """Write a file of quotes, whole or not at all; the same rows make the same bytes."""
    table = pyarrow.table({name: pyarrow.array(columns[name], type=kind) for name, kind in QUOTE_COLUMNS.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    parquet.write_table(
        table.replace_schema_metadata({META: msgspec.json.encode(about)}),
        partial,
        compression="zstd",
        use_dictionary=False,
        column_encoding=dict.fromkeys(QUOTE_COLUMNS, "DELTA_BINARY_PACKED"),
    )
    os.replace(partial, path)


def read_quotes(path: Path) -> tuple[About, dict[str, NDArray[Any]]]:
    """Return the quotes of a file, by column."""
    about = read_about(path)
    return about, dict(zip(QUOTE_COLUMNS, columns_of(path, list(QUOTE_COLUMNS)), strict=True))
