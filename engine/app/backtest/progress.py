"""A sweep as it goes: a live table on a terminal, a line now and then elsewhere.

Units   money in the account's currency.
"""

import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from engine.backtest.sweeps.folds import TEST
from engine.backtest.sweeps.rows import SweepRow
from engine.backtest.sweeps.sweep import Progress, score

SHOWN = 10
PLAIN_SHARE = 20  # a line each time that so manieth part of the runs is done


class ProgressTable:
    """Shows how far a sweep is, and the best sets so far; use it in a `with`."""

    def __init__(self, objective: str) -> None:
        self._objective = objective
        self._console = Console(file=sys.stdout)
        self._live = Live(console=self._console, refresh_per_second=4) if self._console.is_terminal else None
        self._said = 0

    def __enter__(self) -> "ProgressTable":
        if self._live is not None:
            self._live.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        if self._live is not None:
            self._live.__exit__(*error)

    def show(self, progress: Progress) -> None:
        """Show it."""
        if self._live is not None:
            self._live.update(table_of(progress, self._objective))
            return
        part = progress.done * PLAIN_SHARE // progress.known
        if part > self._said or progress.done == progress.known:
            self._said = part
            best = ranked(progress.rows, self._objective)[:1]
            told = "".join(f", best {value:,.4g} by set {rows[0].number} {rows[0].values}" for value, rows in best)
            print(f"{progress.done} of {progress.known} runs{told}", flush=True)


def ranked(rows: Sequence[SweepRow], objective: str) -> list[tuple[float, list[SweepRow]]]:
    """Return the sets that have a score so far, the best first: in the currency for money."""
    by_set: dict[int, list[SweepRow]] = {}
    for row in rows:
        if row.role != TEST:
            by_set.setdefault(row.number, []).append(row)
    unit = 10 ** rows[0].money_decimals if rows and objective in ("pnl", "expectancy") else 1
    scored = ((score(each, objective), each) for each in by_set.values())
    known = [(value / unit, each) for value, each in scored if value is not None]
    return sorted(known, key=lambda found: (-found[0], found[1][0].number))


def table_of(progress: Progress, objective: str) -> Table:
    """Return the table of the best sets so far."""
    table = Table(title=f"{progress.done} of {progress.known} runs")
    for name in ("set", "values", objective, "fills", "fees"):
        table.add_column(name, justify="left" if name == "values" else "right")
    for value, rows in ranked(progress.rows, objective)[:SHOWN]:
        unit = 10 ** rows[0].money_decimals
        fills, fees = sum(row.fills for row in rows), sum(row.fees for row in rows)
        table.add_row(str(rows[0].number), rows[0].values, f"{value:,.4g}", f"{fills:,}", f"{fees / unit:,.2f}")
    return table
