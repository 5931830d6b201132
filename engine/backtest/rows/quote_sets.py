"""Sets of quotes that others kept, to the one schema: which files there are, and what their columns are called.

A set is a folder of `DAY.parquet` with a table of outcomes beside it. What nobody said stays empty; what is inferred
from the quotes themselves is marked so in the table of markets.

Units   as in `quotes`.
Errors  ConfigError for a folder that is no such set; DecodeError names file and row of a price that cannot be.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow
from numpy.typing import NDArray
from pyarrow import parquet

from engine.backtest.rows.markets import MarketRow, read_markets, write_markets
from engine.backtest.rows.quotes import NO_PRICE, NO_SIZE, POLLED, write_quotes
from engine.backtest.rows.schema import VERSION
from engine.backtest.rows.store import About, Source, sha256
from engine.errors import ConfigError, DecodeError

LIMIT = 10_000
_RESULTS = {"1": "yes", "0": "no", "yes": "yes", "no": "no"}
_NEW_YORK = ZoneInfo("America/New_York")
_CLOSES = time(23, 59)


class QuoteForm(NamedTuple):
    """How one kind of set is written."""

    venue: str
    outcomes: str  # the table beside the days
    market: str  # names of columns
    time: str
    bid: str
    ask: str
    result: str
    grid: str
    flags: int
    source: str  # where results come from
    row_of: Callable[[str, str], MarketRow]  # of a market and its result


class QuoteDay(NamedTuple):
    """What was written."""

    path: Path
    rows: int
    counts: dict[str, int]


def _of_weather(symbol: str, result: str) -> MarketRow:
    """Return a market whose name says its day, at the end of which it closes in New York."""
    event = symbol.rpartition("-")[0]
    series, _, day = event.partition("-")
    closes = datetime.combine(datetime.strptime(day, "%y%b%d").date(), _CLOSES, _NEW_YORK)
    return MarketRow(
        symbol,
        event=event,
        series=series,
        category="Climate",
        grid=f"0:{LIMIT}:100",
        close_ns=int(closes.timestamp()) * 10**9,
        result=result,
        value=LIMIT if result == "yes" else 0 if result else None,
        source="inferred",
    )


def _of_slug(symbol: str, result: str) -> MarketRow:
    """Return a market whose name says which match it is of, up to its last part."""
    return MarketRow(
        symbol,
        event=symbol.rpartition("-")[0],
        series=symbol.partition("-")[0],
        grid=f"0:{LIMIT}:10",
        result=result,
        value=LIMIT if result == "yes" else 0 if result else None,
        source="venue",
    )


FORMS = (
    QuoteForm(
        *("kalshi", "results.csv", "market_ticker", "recv_ns", "yes_bid", "yes_ask", "result"),
        *(f"0:{LIMIT}:100", 0, "inferred", _of_weather),
    ),
    QuoteForm(
        *("polymarket", "labels.csv", "slug", "ts_ns", "bid", "ask", "y"),
        *(f"0:{LIMIT}:10", POLLED, "venue", _of_slug),
    ),
)  # fmt: skip


def form_of(path: Path) -> QuoteForm | None:
    """Return the form of a folder, or of one of its days; None if it is no set of quotes."""
    folder = path if path.is_dir() else path.parent
    days = [path] if path.suffix == ".parquet" else sorted(folder.glob("*.parquet"))[:1]
    for form in FORMS:
        if days and (folder / form.outcomes).exists():
            names = set(parquet.read_schema(days[0]).names)
            if {form.market, form.time, form.bid, form.ask} <= names:
                return form
    return None


def convert_quotes(paths: Sequence[Path], out: Path) -> Iterator[QuoteDay]:
    """Write the quotes of days, or of folders of them; yield each day when it is written."""
    for path in paths:
        form = form_of(path)
        if form is None:
            raise ConfigError(
                f"{path} is no set of quotes: it wants days as Parquet, and one of {_names()} beside them"
            )
        folder = path if path.is_dir() else path.parent
        results = _results(folder / form.outcomes, form)
        for day in sorted(folder.glob("*.parquet")) if path.is_dir() else [path]:
            yield _convert_day(day, form, results, out / form.venue)


def _convert_day(path: Path, form: QuoteForm, results: dict[str, str], venue: Path) -> QuoteDay:
    table = parquet.read_table(path, columns=[form.time, form.market, form.bid, form.ask])
    names = table.column(form.market).cast(pyarrow.string()).combine_chunks().dictionary_encode()
    symbols = sorted(names.dictionary.to_pylist())
    places = np.array([symbols.index(each) for each in names.dictionary.to_pylist()], dtype=np.int64)
    recv = table.column(form.time).to_numpy()
    bid, ask = (table.column(name).fill_null(NO_PRICE).to_numpy() for name in (form.bid, form.ask))
    _judge(path, recv, bid, ask, int(form.grid.rpartition(":")[2]))
    count = len(recv)
    columns = {
        "recv_ns": recv,
        "venue_ns": np.zeros(count, dtype=np.int64),
        "market": places[names.indices.to_numpy()],
        "bid": bid,
        "ask": ask,
        "bid_size": np.full(count, NO_SIZE),
        "ask_size": np.full(count, NO_SIZE),
        "flags": np.full(count, form.flags, dtype=np.uint8),
    }
    both = (bid >= 0) & (ask >= 0)
    counts = {
        "crossed": int((both & (bid > ask)).sum()),
        "locked": int((both & (bid == ask)).sum()),
        "without_bid": int((bid < 0).sum()),
        "without_ask": int((ask < 0).sum()),
    }
    known = read_markets(venue / "markets.parquet")
    rows = {symbol: form.row_of(symbol, results.get(symbol, "")) for symbol in symbols}
    rows |= {symbol: _later(row, known.get(symbol), columns, place)
             for place, (symbol, row) in enumerate(rows.items())}  # fmt: skip
    write_markets(venue / "markets.parquet", (known | rows).values())
    target = venue / "quotes" / path.name
    write_quotes(target, columns, About(VERSION, symbols, [Source(path.name, sha256(path), [], counts)]))
    return QuoteDay(target, count, counts)


def _later(row: MarketRow, known: MarketRow | None, columns: dict[str, NDArray[Any]], place: int) -> MarketRow:
    """Return a market that closes at its last quote, where nobody says when it does."""
    if row.close_ns is not None:
        return row
    last_ns = int(columns["recv_ns"][columns["market"] == place].max())
    fields = {name: getattr(row, name) for name in MarketRow.__struct_fields__}
    return MarketRow(**{**fields, "close_ns": max(last_ns, (known.close_ns or 0) if known else 0)})


def _judge(path: Path, recv: NDArray[Any], bid: NDArray[Any], ask: NDArray[Any], step: int) -> None:
    """Raise DecodeError for the first row that cannot be."""
    for what, wrong in (
        ("is before the row above", np.append(False, np.diff(recv) < 0)),
        (f"has a price above {LIMIT}", (bid > LIMIT) | (ask > LIMIT)),
        ("has a price below 0", (bid < NO_PRICE) | (ask < NO_PRICE)),
        (f"has a price off the grid of {step}", ((bid >= 0) & (bid % step > 0)) | ((ask >= 0) & (ask % step > 0))),
    ):
        if wrong.any():
            raise DecodeError(f"{path} row {int(np.flatnonzero(wrong)[0]) + 1} {what}")


def _results(path: Path, form: QuoteForm) -> dict[str, str]:
    with path.open(newline="", encoding="utf-8") as file:
        return {row[form.market]: _RESULTS.get(row[form.result], "") for row in csv.DictReader(file)}


def _names() -> str:
    return " or ".join(form.outcomes for form in FORMS)
