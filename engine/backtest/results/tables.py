"""The rows of a result as Parquet files: orders, fills, equity, positions, groups.

Units   integers as in `instrument`, times in ns since 1970; the files say so in their metadata.
Errors  ConfigError where pyarrow is not installed.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from engine import fix
from engine.backtest.results.result import Result
from engine.errors import ConfigError


def write_tables(result: Result, folder: Path) -> list[Path]:
    """Write every table into `folder`; return the files."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ConfigError("Parquet wants the package pyarrow: pip install 'fixlane[history]'") from None
    units = {"money_decimals": str(result.summary["money_decimals"]), "times": "ns since 1970"}
    written = []
    for name, rows in tables(result).items():
        path = folder / f"{name}.parquet"
        table = pyarrow.Table.from_pylist(list(rows)).replace_schema_metadata(units)
        parquet.write_table(table, path, compression="zstd")  # type: ignore[no-untyped-call, unused-ignore]
        written.append(path)
    return written


def tables(result: Result) -> dict[str, Sequence[dict[str, Any]]]:
    """Return the rows of each table, in order of time."""
    told = result.ended.told
    return {
        "orders": [msgspec.to_builtins(row) for row in told.requests],
        "fills": [fill._asdict() for fill in result.ended.fills],
        "equity": [row._asdict() for row in told.worth],
        "positions": list(_positions(result)),
        "groups": [msgspec.structs.asdict(row) for row in result.groups],
    }


def _positions(result: Result) -> Iterator[dict[str, Any]]:
    net: dict[str, int] = {}
    for fill in result.ended.fills:
        net[fill.symbol] = net.get(fill.symbol, 0) + (fill.qty if fill.side == fix.BUY else -fill.qty)
        yield {"heard_ns": fill.heard_ns, "symbol": fill.symbol, "net": net[fill.symbol]}
