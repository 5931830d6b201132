"""What `fixlane quote` does: the compiled quoter over rows, every distance with every queue model in one pass a day.

Units   sizes 0.01 contracts, money millionths of a dollar.
Errors  ConfigError names a file, a model, or a package that is missing.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine._decimal import format_decimal
from engine.backtest.core._pass import CompiledPass
from engine.backtest.core.settings import (
    FREE,
    DeskLimits,
    ParameterSet,
    PassResult,
    QuadraticTerms,
    QueueModel,
    QuoteBoth,
    Ways,
)
from engine.errors import ConfigError

try:
    from engine.backtest.core.loading import load
except ModuleNotFoundError as error:
    raise ConfigError(f"fixlane quote wants {error.name}: pip install 'fixlane[history]'") from None

MONEY_DECIMALS, SIZE_DECIMALS = 6, 2
UNPRICED = frozenset(("polymarket",))  # venues whose fees are in no table here
MOST_ORDERS, MOST_COST, COLLAR = 10_000, 10**15, 10_000


class QuoteFigures(NamedTuple):
    """What one parameter set came to over one file; money in millionths of a dollar."""

    file: str
    queue: str
    away: int
    profit: int
    is_settled: bool  # every market that is held has a result; else what is held is at its mark
    fees: int
    volume: int
    fills: int
    sent: int
    refused: dict[str, int]


def run(arguments: argparse.Namespace) -> int:
    """Run, print, write."""
    figures = list(quoted(files(arguments.rows), arguments))
    if arguments.json:
        arguments.json.write_bytes(msgspec.json.encode([each._asdict() for each in figures]))
    print(f"{'queue':<20}{'away':>5}{'fills':>8}{'contracts':>13}{'requests':>10}{'fees $':>12}{'profit $':>14}  file")
    for each in figures:
        fees, profit = (format_decimal(money, MONEY_DECIMALS) for money in (each.fees, each.profit))
        volume, file = format_decimal(each.volume, SIZE_DECIMALS), each.file + ("" if each.is_settled else ", marked")
        print(f"{each.queue:<20}{each.away:>5}{each.fills:>8}{volume:>13}{each.sent:>10}{fees:>12}{profit:>14}  {file}")
        for reason, count in each.refused.items():
            print(f"{'':<20}{count} refused, {reason}")
    return 0


def files(paths: Sequence[Path]) -> list[Path]:
    """Return the files of rows that the paths name, folders searched."""
    found = [each for path in paths for each in (path.glob("**/depth/*.parquet") if path.is_dir() else [path])]
    if not found:
        raise ConfigError(f"no depth/*.parquet in {', '.join(map(str, paths))}: fixlane data convert writes them")
    return sorted(set(found))


def quoted(paths: Sequence[Path], arguments: argparse.Namespace) -> Iterator[QuoteFigures]:
    """Yield what every set came to, file by file."""
    asked = [(queue, away) for queue in arguments.queue for away in arguments.away]
    for venue in sorted({_venue(path) for path in paths} & UNPRICED):
        print(f"no fees are counted of {venue}: the rows do not say its schedule", file=sys.stderr)
    for path in paths:
        fees = FREE if _venue(path) in UNPRICED else QuadraticTerms()
        sets = [_set(arguments, queue, away, fees) for queue, away in asked]
        rows = load(path)
        passed = CompiledPass(rows.columns, rows.markets, sets, is_mapped=True)
        passed.run_all()
        for place, (queue, away) in enumerate(asked):
            yield _figures(path.name, queue, away, passed.result(place), [each.value for each in rows.known])


def _venue(path: Path) -> str:
    """Return the venue of `VENUE/depth/DAY.parquet`."""
    return path.absolute().parent.parent.name


def _set(arguments: argparse.Namespace, queue: str, away: int, fees: QuadraticTerms) -> ParameterSet:
    way = arguments.latency
    return ParameterSet(
        strategy=QuoteBoth(arguments.size, away),
        queue=QueueModel.parse(queue),
        ways=Ways(new=way, cancel=way, replace=way, answer=way),
        limits=DeskLimits(
            qty=arguments.size,
            position=arguments.position,
            open_orders=MOST_ORDERS,
            open_cost=MOST_COST,
            collar=COLLAR,
        ),
        fees=fees,
        keeps_fills=False,
    )


def _figures(file: str, queue: str, away: int, result: PassResult, values: Sequence[int | None]) -> QuoteFigures:
    paid = [(held, values[market]) for market, held in result.positions.items()]
    settled = result.cash + sum(held * value for held, value in paid if value is not None)
    is_settled = all(value is not None for _, value in paid)
    return QuoteFigures(
        file=file,
        queue=queue,
        away=away,
        profit=settled if is_settled else result.marked,
        is_settled=is_settled,
        fees=result.fees,
        volume=result.volume,
        fills=result.fills,
        sent=result.sent,
        refused=result.refused,
    )
