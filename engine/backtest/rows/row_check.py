"""What is wrong with a file of rows: order, clocks, kinds, markets, and the order at the venue.

Units   as in `schema`.
Errors  none: what is wrong is a finding, whose line is the row, counted from 1.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.backtest.rows.checking import DataFinding
from engine.backtest.rows.schema import COLUMNS, Kind
from engine.backtest.rows.store import About, columns_of, read_about
from engine.errors import ConfigError

Ints = NDArray[np.int64]


def check_rows(path: Path, told: Callable[[DataFinding], object]) -> None:
    """Tell `told` the first row of each thing that is wrong with a file."""
    try:
        about = read_about(path)
        columns = dict(zip(COLUMNS, columns_of(path, list(COLUMNS)), strict=True))
    except (ConfigError, OSError, KeyError, ValueError) as error:
        told(DataFinding("unreadable", str(path), 0, "", str(error)))
        return
    for what, rows, text in _wrong(about, columns):
        if len(rows):
            told(DataFinding(what, str(path), int(rows[0]) + 1, "", f"{text}: {len(rows)} rows, this is the first"))


def _wrong(about: About, columns: dict[str, Ints]) -> Iterator[tuple[str, Ints, str]]:
    recv, venue, order = columns["recv_ns"], columns["venue_ns"], columns["venue_order"]
    yield "unsorted", np.flatnonzero(np.diff(recv) < 0) + 1, "heard before the row above"
    yield "unsorted", np.flatnonzero(venue > recv), "heard before it happened"
    yield "unknown_market", np.flatnonzero(columns["market"] >= len(about.markets)), "a market that has no name"
    yield "unreadable", np.flatnonzero(columns["kind"] > int(Kind.REFERENCE)), "a kind that does not exist"
    yield "below_zero", np.flatnonzero(columns["size"] < 0), "a size below zero"
    places = np.sort(order)
    yield "unreadable", np.flatnonzero(places != np.arange(len(places))), "venue_order names a row twice"
