"""The figures of one run, from what was recorded and what the data said.

Units   money as integers of the account's currency at `money_decimals`, sizes and prices as in `instrument`, ratios
        as fractions, times in ns since 1970. A figure that cannot be said is null.
Errors  none of its own.
Source  docs/backtest.md defines every figure.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

import msgspec

from engine.backtest.history import TimedFrame
from engine.backtest.latency import Latency
from engine.backtest.outcomes import NS_PER_S, MarketOutcome
from engine.backtest.recorder import Worth
from engine.backtest.results import calibration, statistics
from engine.backtest.results.attribution import attribute, markouts
from engine.backtest.results.charts import thinned
from engine.backtest.results.coverage import Coverage, coverage
from engine.backtest.results.groups import GroupFigures, booked, groups, held_at_limit, turnover
from engine.backtest.results.honesty import Honesty, honesty
from engine.backtest.results.inventory import inventory, path_of
from engine.backtest.results.mids import MidsOfMarket, mids_of
from engine.backtest.results.trips import Trip, figures, trips
from engine.backtest.runner import Ended
from engine.instrument import Instrument
from engine.trading.team.team import Team
from engine.units import NO_LIMIT

Known = Mapping[str, MarketOutcome]  # by symbol

SCHEMA = 1
FEWEST_DAYS = 30  # under which nothing is annualised


class Assumed(msgspec.Struct, frozen=True, kw_only=True):
    """What a run takes for given; the result says so."""

    latency: Latency
    capital: int = 10_000_000_000
    zone: tzinfo = UTC
    trials: int = 1


class Result(msgspec.Struct, kw_only=True):
    """One run, whole."""

    summary: dict[str, Any]
    honesty: Honesty
    markets: list[dict[str, Any]]
    trips: list[Trip]
    ended: Ended
    mids: dict[str, MidsOfMarket]
    coverage: list[Coverage]
    days: list[tuple[str, int]]
    groups: list[GroupFigures]

    def as_json(self) -> bytes:
        """Return the result as indented JSON."""
        told = {**self.summary, "honesty": self.honesty, "markets": self.markets, "coverage": self.coverage}
        told["groups"] = self.groups
        equity = [(row.now_ns, row.pnl) for row in self.ended.told.worth]
        told |= {"equity": thinned([(self.ended.first_ns, 0), *equity]), "days": self.days}
        told |= {"round_trips": self.trips, "trades": [each._asdict() for each in self.ended.fills]}
        return msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n"


class Observed(NamedTuple):
    """What the data say whoever trades on them: worth knowing once for as many runs as there are."""

    mids: dict[str, MidsOfMarket]
    coverage: list[Coverage]


def observed(frames: Sequence[TimedFrame], instruments: Sequence[Instrument]) -> Observed:
    """Return what the frames say."""
    return Observed(mids_of(frames, instruments), coverage(frames, instruments))


def result_of(ended: Ended, seen: Observed, known: Mapping[str, MarketOutcome], assumed: Assumed) -> Result:
    """Return the result of a run; `known` is what its markets came to."""
    instruments = list(ended.loop.instruments)
    values = {symbol: each.value for symbol, each in known.items() if each.value is not None}
    mids, covered = seen
    done, still_open = trips(ended.fills, values, ended.last_ns)
    days = by_day(ended.told.worth, assumed, ended.first_ns, ended.last_ns)
    markets = _markets(ended, mids, values, known)
    event_of = {each.symbol: each.event for each in instruments}
    summary = {
        **_headline(ended),
        "trips": msgspec.to_builtins(figures(done, event_of)),
        "open_trips": len(still_open),
        **_activity(ended),
        **_risk(ended, days, assumed),
        "inventory": _held(ended, markets),
        "markouts": _markouts(ended, mids, known),
        "attribution": {name: sum(row[name] for row in markets) for name in ("capture2", "drift2", "final2", "fees2")},
        "by_event": _grouped(markets, "event"),
        "by_series": _grouped(markets, "series"),
        "by_strategy": _by_strategy(ended),
        "calibration": _calibration(ended, mids, values, known),
    }
    told = honesty(ended, covered, assumed.latency, _grouped(markets, "event"), days, assumed.capital, assumed.trials)
    told.unsettled = sorted(row["symbol"] for row in markets if row["net"] and row["value"] is None)
    told.warn()
    return Result(
        summary=summary,
        honesty=told,
        markets=markets,
        trips=done,
        ended=ended,
        mids=mids,
        coverage=covered,
        days=days,
        groups=groups(ended.fills, list(ended.loop.portfolio), known, _name(ended), ended.first_ns, ended.last_ns),
    )


def _name(ended: Ended) -> str:
    return type(ended.loop.guard.strategy).__qualname__


def by_day(worth: Sequence[Worth], assumed: Assumed, first_ns: int, last_ns: int) -> list[tuple[str, int]]:
    """Return each calendar day of the zone with the equity at its end; a day without a change keeps the last."""
    ends: dict[str, int] = {}
    day_ns = 86_400 * NS_PER_S
    for now_ns in (*range(first_ns, last_ns, day_ns), last_ns):
        ends[_day(now_ns, assumed.zone)] = -1
    changes = {_day(row.now_ns, assumed.zone): row.pnl for row in worth}
    equity, found = assumed.capital, []
    for day in sorted(ends.keys() | changes.keys()):
        equity = assumed.capital + changes[day] if day in changes else equity
        found.append((day, equity))
    return found


def _day(now_ns: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(now_ns // NS_PER_S, zone).date().isoformat()


def _headline(ended: Ended) -> dict[str, Any]:
    loop = ended.loop
    portfolio = loop.portfolio
    prices, sizes = portfolio.decimals
    return {
        "schema": SCHEMA,
        "from_ns": ended.first_ns,
        "to_ns": ended.last_ns,
        "money_decimals": prices + sizes,
        "orders": loop.counters.orders,
        "fills": len(ended.fills),
        "open_at_end": ended.open_at_end,
        "cash": portfolio.cash,
        "fees": portfolio.fees,
        "pnl": portfolio.pnl,
        "settled": portfolio.realised,
        "marked": portfolio.unrealised,
        "halted": ended.halted,
    }


def _activity(ended: Ended) -> dict[str, Any]:
    positions = list(ended.loop.portfolio)
    notional = sum(fill.price * fill.qty for fill in ended.fills)
    _, stakes = booked(ended.fills, positions)
    entered = [row for row in ended.told.requests if row.kind == "new" and row.answered_ns and not row.is_refused]
    asked, filled = sum(row.qty for row in entered), sum(fill.qty for fill in ended.fills)
    made = sum(fill.qty for fill in ended.fills if not fill.is_taker)
    return {
        "requests": len(ended.told.requests),
        "refused": sum(row.is_refused for row in ended.told.requests),
        "fill_ratio": filled / asked if asked else None,
        "maker_share": made / filled if filled else None,
        "notional": notional,
        "turnover": turnover(notional, stakes, ended.first_ns, ended.last_ns),
    }


def _risk(ended: Ended, days: Sequence[tuple[str, int]], assumed: Assumed) -> dict[str, Any]:
    equity = [(row.now_ns, assumed.capital + row.pnl) for row in ended.told.worth]
    deepest = statistics.drawdown([(ended.first_ns, assumed.capital), *equity])
    daily = statistics.returns([assumed.capital, *(worth for _, worth in days)])
    enough = len(daily) >= FEWEST_DAYS
    return {
        "drawdown": deepest._asdict() if deepest else None,
        "days": len(days),
        "annualised_over": statistics.PERIODS if enough else None,
        "sharpe": statistics.sharpe(daily) if enough else None,
        "sortino": statistics.sortino(daily) if enough else None,
        "growth": statistics.growth(daily) if enough else None,
        "calmar": statistics.calmar(daily) if enough else None,
    }


def _held(ended: Ended, markets: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what was held over all markets, and the share of the time in which one was at the limit of risk."""
    limit, symbols = ended.loop.risk.limits.max_position, [row["symbol"] for row in markets]
    known = limit < NO_LIMIT
    return {
        "mean_abs": sum(row["inventory"]["mean_abs"] for row in markets),
        "most": max((row["inventory"]["most"] for row in markets), default=0),
        "limit": limit if known else None,
        "at_limit": held_at_limit(ended.fills, symbols, limit, ended.first_ns, ended.last_ns) if known else None,
    }


def _markouts(ended: Ended, mids: Mapping[str, MidsOfMarket], known: Mapping[str, MarketOutcome]) -> dict[str, Any]:
    closes = {symbol: each.close_ns for symbol, each in known.items() if each.close_ns}
    found = markouts(ended.fills, mids, closes)
    return {
        name: {**msgspec.to_builtins(each), "mean_price": each.money / (2 * each.qty) if each.qty else None}
        for name, each in found.items()
    }


def _markets(
    ended: Ended, mids: Mapping[str, MidsOfMarket], values: Mapping[str, int], known: Mapping[str, MarketOutcome]
) -> list[dict[str, Any]]:
    rows = []
    for position in ended.loop.portfolio:
        market = position.instrument
        fills = [fill for fill in ended.fills if fill.symbol == market.symbol]
        points = path_of(fills, ended.first_ns)
        value = values.get(market.symbol)
        parts = attribute(fills, mids[market.symbol], position.mark if value is None else value)
        series = known[market.symbol].series if market.symbol in known else market.series
        row = {"symbol": market.symbol, "event": market.event, "series": series, "fills": len(fills)}
        row |= {"pnl": position.pnl, "fees": position.fees, "net": points[-1][1], "value": value}
        row |= {"capture2": parts.capture, "drift2": parts.drift, "final2": parts.final, "fees2": parts.fees}
        rows.append(row | {"inventory": msgspec.to_builtins(inventory(points, ended.last_ns))})
    return rows


def _grouped(markets: Sequence[dict[str, Any]], key: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in markets:
        found[row[key]] = found.get(row[key], 0) + row["pnl"]
    return found


def _by_strategy(ended: Ended) -> dict[str, dict[str, int]]:
    """Return what each of several strategies made; what is nobody's has no name."""
    team: Team | None = ended.loop.team
    found = {}
    for name, share in team.portfolio.shares.items() if team is not None else ():
        member = team.members.get(name) if team is not None else None
        row = {"fills": member.fills if member is not None else 0, "cash": share.cash, "fees": share.fees}
        found[name] = row | {"pnl": share.pnl, "settled": share.realised, "marked": share.unrealised}
    return found


def _calibration(
    ended: Ended, mids: Mapping[str, MidsOfMarket], values: Mapping[str, int], known: Mapping[str, MarketOutcome]
) -> dict[str, Any]:
    limits = {each.symbol: each.limit for each in ended.loop.instruments}
    closes = {symbol: known[symbol].close_ns or mids[symbol].last_ns for symbol in values}
    found = {}
    for name, rows in calibration.forecasts(mids, values, limits, closes).items():
        parts = calibration.murphy(rows)
        found[name] = {
            "markets": len(rows),
            "brier": calibration.brier(rows),
            "log_loss": calibration.log_loss(rows),
            "murphy": parts._asdict() if parts else None,
            "bins": [each._asdict() for each in calibration.binned(rows)],
        }
    return found
