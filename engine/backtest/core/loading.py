"""Files of rows, mapped, with the grids of their markets: what a compiled pass is made of.

Errors  ConfigError names the file, and the market that has no grid.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine.backtest.rows.markets import MarketRow, read_markets
from engine.backtest.rows.store import open_rows
from engine.errors import ConfigError
from engine.instrument import PriceGrid, price_grid

LIMIT = 10_000  # what a contract pays at most, in price units
MARKETS = "markets.parquet"


class LoadedRows(NamedTuple):
    """The rows of a file by column; `markets` is a grid and a payout for each place, `known` what is said of it."""

    symbols: list[str]
    columns: Mapping[str, Any]
    markets: list[tuple[PriceGrid, int]]
    known: list[MarketRow]

    def __len__(self) -> int:
        return len(self.columns["recv_ns"])


def load(path: Path) -> LoadedRows:
    """Return the rows of `DIR/VENUE/depth/DAY.parquet` with the grids of the table of markets beside `depth`."""
    rows = open_rows(path)
    table = path.parent.parent / MARKETS
    known = read_markets(table)
    missing = [symbol for symbol in rows.about.markets if symbol not in known or not known[symbol].bands]
    if missing:
        raise ConfigError(f"{table} gives no grid for {', '.join(missing)}: convert the frames anew")
    found = [known[symbol] for symbol in rows.about.markets]
    markets = [(price_grid(each.bands, LIMIT), LIMIT) for each in found]
    return LoadedRows(rows.about.markets, rows.columns, markets, found)
