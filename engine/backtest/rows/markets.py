"""The table of markets: what each market is called, its grid, its times, its result.

A value that nobody gave is empty: no default stands in for a fee, a close or a result.

Units   times in ns since 1970; prices and values 0.0001 dollars; the grid as start:end:step, separated by spaces.
Errors  DecodeError names the file.
Source  Kalshi REST: event, with its markets.
"""

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec
import pyarrow
from pyarrow import parquet

from engine._decimal import parse_decimal
from engine.errors import DecodeError
from engine.instrument import PriceBand

_TIMES = ("open_ns", "close_ns", "settled_ns", "value")


class MarketRow(msgspec.Struct, frozen=True):
    """One market; None or empty text where nobody said. `source` is the file that did."""

    ticker: str
    event: str = ""
    series: str = ""
    category: str = ""
    grid: str = ""
    fee_type: str = ""
    open_ns: int | None = None
    close_ns: int | None = None
    settled_ns: int | None = None
    result: str = ""
    value: int | None = None
    source: str = ""

    @property
    def bands(self) -> tuple[PriceBand, ...]:
        """The grid; empty if nobody said."""
        return tuple(PriceBand(*map(int, band.split(":"))) for band in self.grid.split())


class _Range(msgspec.Struct):
    start: str
    end: str
    step: str


class _Market(msgspec.Struct):
    ticker: str
    event_ticker: str = ""
    price_ranges: list[_Range] = []
    fee_type: str | None = None
    open_time: datetime | None = None
    close_time: datetime | None = None
    settlement_ts: datetime | None = None
    result: str | None = None
    settlement_value_dollars: str | None = None


class _Event(msgspec.Struct):
    series_ticker: str = ""
    category: str = ""


class _Response(msgspec.Struct):
    markets: list[_Market]
    event: _Event = msgspec.field(default_factory=_Event)


class _File(msgspec.Struct):
    response: _Response


def read_folder(folder: Path) -> dict[str, MarketRow]:
    """Return the markets of every EVENT.event.json of a folder, by ticker."""
    found: dict[str, MarketRow] = {}
    for path in sorted(folder.glob("*.event.json")):
        try:
            response = msgspec.json.decode(path.read_bytes(), type=_File).response
            found |= {each.ticker: _row(each, response.event, path.name) for each in response.markets}
        except msgspec.DecodeError as error:
            raise DecodeError(f"{path} is no event: {error}") from None
    return found


def read_markets(path: Path) -> dict[str, MarketRow]:
    """Return a table of markets by ticker; none if there is no such file."""
    if not path.exists():
        return {}
    return {row["ticker"]: msgspec.convert(row, MarketRow) for row in parquet.read_table(path).to_pylist()}


def write_markets(path: Path, rows: Iterable[MarketRow]) -> None:
    """Write a table of markets, sorted by ticker."""
    names = MarketRow.__struct_fields__
    schema = pyarrow.schema([(name, pyarrow.int64() if name in _TIMES else pyarrow.string()) for name in names])
    ordered = sorted(rows, key=lambda row: row.ticker)
    partial = path.with_name(path.name + ".partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_pylist([*map(msgspec.structs.asdict, ordered)], schema), partial)
    os.replace(partial, path)


def _row(market: _Market, event: _Event, source: str) -> MarketRow:
    ranges = [[parse_decimal(text, 4) for text in (each.start, each.end, each.step)] for each in market.price_ranges]
    value = market.settlement_value_dollars
    return MarketRow(
        ticker=market.ticker,
        event=market.event_ticker,
        series=event.series_ticker,
        category=event.category,
        grid=" ".join(":".join(map(str, band)) for band in ranges),
        fee_type=market.fee_type or "",
        open_ns=_ns(market.open_time),
        close_ns=_ns(market.close_time),
        settled_ns=_ns(market.settlement_ts),
        result=market.result or "",
        value=parse_decimal(value, 4) if value else None,
        source=source,
    )


def _ns(time: datetime | None) -> int | None:
    if time is None:
        return None
    whole = int(time.replace(microsecond=0).timestamp())  # a whole number is exact in a float
    return whole * 1_000_000_000 + time.microsecond * 1_000
