"""What is wrong with files of quotes, per market and day: sets that others kept, or rows that were made of them.

Units   as in `quotes`; times in ns since 1970.
Errors  none for what stands in a file: what is wrong is a finding, whose line is the row, counted from 1.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow
from numpy.typing import NDArray
from pyarrow import parquet

from engine.backtest.rows.checking import DAY_NS, DataFinding
from engine.backtest.rows.quote_sets import LIMIT, form_of
from engine.backtest.rows.quotes import NO_PRICE, read_quotes
from engine.errors import ConfigError

Ints = NDArray[Any]


class QuotesOfDay(msgspec.Struct, frozen=True):
    """One market on one day; `unchanged_ns` is the longest time with one bid and ask, while others came or not."""

    market: str
    day: int
    quotes: int
    repeated: int  # the same bid and ask as the quote before
    duplicates: int  # of the same time as the quote before
    crossed: int
    locked: int
    without_bid: int
    without_ask: int
    silence_ns: int  # the longest
    unchanged_ns: int


def quote_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files of quotes that paths name: days of a set, or rows in `VENUE/quotes`."""
    found: list[Path] = []
    for path in paths:
        if form_of(path) is not None:
            found += sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        elif path.is_dir():
            found += sorted(path.glob("*/quotes/*.parquet"))
        elif path.suffix == ".parquet" and path.parent.name == "quotes":
            found.append(path)
    return found


def check_quotes(path: Path, told: Callable[[DataFinding], object]) -> list[QuotesOfDay]:
    """Return what the markets of a file were on each day; `told` hears the first row of each thing that is wrong."""
    try:
        symbols, market, recv, bid, ask = _columns(path)
    except (ConfigError, OSError, KeyError, ValueError) as error:  # pyarrow's are among them
        told(DataFinding("unreadable", str(path), 0, "", str(error)))
        return []
    for what, wrong, text in _wrong(recv, bid, ask):
        rows = np.flatnonzero(wrong)
        if len(rows):
            symbol = symbols[market[rows[0]]]
            told(DataFinding(what, str(path), int(rows[0]) + 1, symbol, f"{text}: {len(rows)} rows, this is the first"))
    return list(_days(symbols, market, recv, bid, ask))


def _columns(path: Path) -> tuple[list[str], Ints, Ints, Ints, Ints]:
    form = form_of(path)
    if form is None:
        about, columns = read_quotes(path)
        return about.markets, columns["market"], columns["recv_ns"], columns["bid"], columns["ask"]
    table = parquet.read_table(path, columns=[form.time, form.market, form.bid, form.ask])
    names = table.column(form.market).cast(pyarrow.string()).combine_chunks().dictionary_encode()
    bid, ask = (table.column(name).fill_null(NO_PRICE).to_numpy() for name in (form.bid, form.ask))
    return names.dictionary.to_pylist(), names.indices.to_numpy(), table.column(form.time).to_numpy(), bid, ask


def _wrong(recv: Ints, bid: Ints, ask: Ints) -> Iterator[tuple[str, NDArray[np.bool_], str]]:
    yield "unsorted", np.append(False, np.diff(recv) < 0), "before the row above"
    yield "below_zero", (bid < NO_PRICE) | (ask < NO_PRICE), "a price below 0"
    yield "off_grid", (bid > LIMIT) | (ask > LIMIT), f"a price above {LIMIT}"


def _days(symbols: list[str], market: Ints, recv: Ints, bid: Ints, ask: Ints) -> Iterator[QuotesOfDay]:
    by_place = np.lexsort((recv, recv // DAY_NS, market))
    keys = np.stack((market[by_place], recv[by_place] // DAY_NS))
    ends = np.flatnonzero(np.any(np.diff(keys, axis=1) != 0, axis=0)) + 1
    for rows in np.split(by_place, ends):
        if len(rows):
            yield _day(symbols[market[rows[0]]], recv[rows], bid[rows], ask[rows])


def _day(symbol: str, recv: Ints, bid: Ints, ask: Ints) -> QuotesOfDay:
    gaps = np.diff(recv)
    same = (np.diff(bid) == 0) & (np.diff(ask) == 0)
    changes = recv[np.append(True, ~same)]
    both = (bid >= 0) & (ask >= 0)
    return QuotesOfDay(
        market=symbol,
        day=int(recv[0] // DAY_NS),
        quotes=len(recv),
        repeated=int(same.sum()),
        duplicates=int((gaps == 0).sum()),
        crossed=int((both & (bid > ask)).sum()),
        locked=int((both & (bid == ask)).sum()),
        without_bid=int((bid < 0).sum()),
        without_ask=int((ask < 0).sum()),
        silence_ns=int(gaps.max(initial=0)),
        unchanged_ns=int(np.diff(np.append(changes, recv[-1])).max(initial=0)),
    )
