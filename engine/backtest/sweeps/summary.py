"""What a sweep came to: the best sets, the folds, the guard, as values and as one page without network.

Units   money in the account's currency where people read it, integers of the rows elsewhere.
Errors  ConfigError where jinja2 is not installed, for the page alone.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import msgspec

from engine.backtest.results.page import page_environment
from engine.backtest.sweeps.axes import Axis
from engine.backtest.sweeps.folds import TEST
from engine.backtest.sweeps.guard import OverfitGuard, WalkForward, best_of, guard, walk_forward
from engine.backtest.sweeps.heat import MOST_CELLS, heat_maps
from engine.backtest.sweeps.ledger import Tried
from engine.backtest.sweeps.rows import SweepRow

SCHEMA = 1
SHOWN = 20


class BestSet(msgspec.Struct, frozen=True, kw_only=True):
    """One of the best sets, its figures added up over what it was chosen on."""

    number: int
    values: str
    score: float
    pnl: int
    fees: int
    fills: int
    drawdown: int
    halted: str


class SweepSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it."""

    schema: int = SCHEMA
    objective: str
    sets: int
    runs: int
    without_score: int
    halted: int
    money_decimals: int
    best: list[BestSet]
    guard: OverfitGuard
    walk_forward: WalkForward | None

    def as_json(self) -> bytes:
        """Return it as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def summary_of(rows: Sequence[SweepRow], scores: dict[int, float | None], objective: str, tried: Tried) -> SweepSummary:
    """Return the summary of a sweep that is done."""
    chosen_on = [row for row in rows if row.role != TEST]
    by_set: dict[int, list[SweepRow]] = {}
    for row in chosen_on:
        by_set.setdefault(row.number, []).append(row)
    best = [_best(number, value, by_set[number]) for number, value in best_of(scores, SHOWN)]
    first = sorted(by_set[best[0].number], key=lambda row: row.from_ns) if best else []
    return SweepSummary(
        objective=objective,
        sets=len(scores),
        runs=len(rows),
        without_score=sum(value is None for value in scores.values()),
        halted=sum(bool(row.halted) for row in rows),
        money_decimals=rows[0].money_decimals,
        best=best,
        guard=guard([value for row in first for value in row.daily], tried),
        walk_forward=walk_forward(rows, objective),
    )


def _best(number: int, value: float, rows: Sequence[SweepRow]) -> BestSet:
    return BestSet(
        number=number,
        values=rows[0].values,
        score=value,
        pnl=sum(row.pnl for row in rows),
        fees=sum(row.fees for row in rows),
        fills=sum(row.fills for row in rows),
        drawdown=max(row.drawdown for row in rows),
        halted="; ".join(sorted({row.halted for row in rows if row.halted})),
    )


def sweep_page(summary: SweepSummary, axes: Sequence[Axis], scores: dict[int, float | None], title: str) -> str:
    """Return the page."""
    unit = 10**summary.money_decimals
    in_money: dict[int, float | None] = dict(scores)
    if summary.objective in ("pnl", "expectancy"):
        in_money = {number: None if score is None else score / unit for number, score in scores.items()}
    template = page_environment(summary.money_decimals).from_string(
        (files("engine.backtest.sweeps") / "sweep.html").read_text()
    )
    told: dict[str, Any] = {
        "style": (files("engine.backtest.results") / "page.css").read_text(),
        "title": title,
        "s": summary,
        "axes": axes,
        "maps": heat_maps(axes, in_money),
        "left_out": [each.path for each in axes if len(each.values) > MOST_CELLS],
        "unit": unit,
    }
    page: str = template.render(told)
    return page
