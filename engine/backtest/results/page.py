"""A result as one HTML page that needs no network.

Units   money in the account's currency, prices in it for one contract, sizes in contracts.
Errors  ConfigError where jinja2 is not installed.
"""

from collections.abc import Sequence
from importlib.resources import files
from itertools import accumulate
from typing import Any

from engine import fix
from engine.backtest.results.charts import bars, steps
from engine.backtest.results.groups import KINDS as GROUP_KINDS
from engine.backtest.results.groups import GroupFigures
from engine.backtest.results.inventory import path_of
from engine.backtest.results.result import Result
from engine.errors import ConfigError
from engine.instrument import Instrument

MOST_MARKETS = 3  # of which the page shows the book
MOST_ROWS = 50


def page_of(result: Result, title: str) -> str:
    """Return the page."""
    environment = page_environment(result.summary["money_decimals"])
    lots = 10 ** result.ended.loop.portfolio.decimals[1]
    environment.filters["contracts"] = lambda size: f"{size / lots:,.2f}"
    template = environment.from_string((files("engine.backtest.results") / "page.html").read_text())
    page: str = template.render(
        style=(files("engine.backtest.results") / "page.css").read_text(),
        title=title,
        s=result.summary,
        honesty=result.honesty,
        markets=sorted(result.markets, key=lambda row: (-row["fills"], row["symbol"]))[:MOST_ROWS],
        groups=_groups(result),
        charts=_charts(result),
        parts=_parts(result),
        latency=_answer_times(result),
    )
    return page


def page_environment(money_decimals: int) -> Any:
    """Return what templates are made with: the filters `figure`, and `money` of integers with these decimals."""
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError:
        raise ConfigError("the page wants the package jinja2: pip install 'fixlane[history]'") from None
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["figure"] = _figure
    environment.filters["money"] = lambda value: "-" if value is None else f"{value / 10**money_decimals:,.2f}"
    return environment


def _figure(value: float | str | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else value


def _groups(result: Result) -> dict[str, list[GroupFigures]]:
    """Return the groups of each kind, the largest sums first; not markets, which have their table."""
    found: dict[str, list[GroupFigures]] = {}
    for row in sorted(result.groups, key=lambda each: (-abs(each.pnl), each.name)):
        of_kind = found.setdefault(row.kind, [])
        if len(of_kind) < MOST_ROWS:
            of_kind.append(row)
    named = {kind for kind, rows in found.items() if any(row.name for row in rows)}
    return {kind: found[kind] for kind in GROUP_KINDS if kind in named and kind != "market"}


def _parts(result: Result) -> dict[str, int]:
    found = result.summary["attribution"]
    return {
        "spread captured": found["capture2"] // 2,
        "drift of what was held": found["drift2"] // 2,
        "settlement or last mark": found["final2"] // 2,
        "fees": -found["fees2"] // 2,
    }


def _charts(result: Result) -> list[tuple[str, str]]:
    """Return each picture with its title; what there is nothing of is left out."""
    unit = 10 ** result.summary["money_decimals"]
    ended = result.ended
    worth = [(ended.first_ns, 0.0), *((row.now_ns, row.pnl / unit) for row in ended.told.worth)]
    peaks = accumulate((value for _, value in worth), max)
    fallen = [(now_ns, value - peak) for (now_ns, value), peak in zip(worth, peaks, strict=True)]
    marks = [(name, row["mean_price"]) for name, row in result.summary["markouts"].items()]
    price = 10 ** ended.loop.portfolio.decimals[0]
    shown = [(name, None if value is None else value / price) for name, value in marks]
    found = [
        ("Profit and loss, settled and marked", steps(worth, "profit and loss", ended.last_ns)),
        ("Drawdown", steps(fallen, "drawdown", ended.last_ns)),
        ("Markouts: mean per contract against the middle, by time after the fill", bars(shown, "markouts")),
    ]
    for market in _most_traded(result):
        found += _of_market(result, market)
    return [(name, picture) for name, picture in found if picture]


def _most_traded(result: Result) -> Sequence[Instrument]:
    counts = {row["symbol"]: row["fills"] for row in result.markets if row["fills"]}
    traded = [each for each in result.ended.loop.instruments if each.symbol in counts]
    return sorted(traded, key=lambda each: (-counts[each.symbol], each.symbol))[:MOST_MARKETS]


def _of_market(result: Result, market: Instrument) -> list[tuple[str, str]]:
    fills = [fill for fill in result.ended.fills if fill.symbol == market.symbol]
    size, price = 10**market.size_decimals, 10**market.price_decimals
    held = [(now_ns, net / size) for now_ns, net in path_of(fills, result.ended.first_ns)]
    middle = [(now_ns, mid / (2 * price)) for now_ns, mid in result.mids[market.symbol].points()]
    marks = [(fill.acted_ns, fill.price / price, fill.side == fix.BUY) for fill in fills]
    return [
        (f"{market.symbol}: middle of the book and fills", steps(middle, "book and fills", 0, marks)),
        (f"{market.symbol}: contracts held", steps(held, "inventory", result.ended.last_ns)),
    ]


def _answer_times(result: Result) -> dict[str, Any]:
    """Return how long requests took to be answered, in ms."""
    told = sorted(row.answered_ns - row.sent_ns for row in result.ended.told.requests if row.answered_ns)
    if not told:
        return {}
    return {name: told[min(int(share * len(told)), len(told) - 1)] / 1e6 for name, share in _SHARES.items()}


_SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "most": 1.0}
