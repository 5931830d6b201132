"""The result by what may be traded on its own: strategy, tag, series, category, event, market.

A group has the fills of its own orders, and books them as an account does; what it holds at the end is worth the
account's mark. So the profit of the groups of one kind adds up to that of the account exactly. What is settled of it
does not have to: one strategy's purchase is not closed by another's sale.

Units   money, prices and sizes as in `instrument`; times in ns.
Errors  none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from engine.backtest.outcomes import MarketOutcome
from engine.backtest.recorder import HeardFill
from engine.backtest.results.inventory import StakeFrom, collateral_ns, path_of, stakes_of
from engine.backtest.results.trips import trips
from engine.instrument import Instrument
from engine.portfolio import Portfolio, Position

Key: TypeAlias = Callable[[HeardFill], str]

KINDS = ("strategy", "tag", "series", "category", "event", "market")
DAY_NS = 86_400_000_000_000


class GroupFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One group; None where it cannot be said. `turnover` is the notional of a day over the mean collateral."""

    kind: str
    name: str
    fills: int
    qty: int
    notional: int
    fees: int
    pnl: int  # after fees: settled and marked less fees
    settled: int
    marked: int
    maker_share: float | None
    trips: int
    win_rate: float | None
    turnover: float | None


def groups(
    fills: Sequence[HeardFill],
    positions: Sequence[Position],
    known: Mapping[str, MarketOutcome],
    strategy: str,
    begin_ns: int,
    end_ns: int,
) -> list[GroupFigures]:
    """Return every group of each kind, in order of names; `strategy` is whose orders name nobody."""
    found = []
    keys = _keys({each.instrument.symbol: each.instrument for each in positions}, known, strategy)
    for kind, key in keys.items():
        parts: dict[str, list[HeardFill]] = {}
        for fill in fills:
            parts.setdefault(key(fill), []).append(fill)
        found += [_figures(kind, name, parts[name], positions, begin_ns, end_ns) for name in sorted(parts)]
    return found


def _keys(markets: Mapping[str, Instrument], known: Mapping[str, MarketOutcome], strategy: str) -> dict[str, Key]:
    def series(fill: HeardFill) -> str:
        """Return that of the event file, else that of the market."""
        return (known[fill.symbol].series if fill.symbol in known else "") or markets[fill.symbol].series

    def category(fill: HeardFill) -> str:
        """Return that of the event file, else that of the market."""
        return (known[fill.symbol].category if fill.symbol in known else "") or markets[fill.symbol].category

    return {
        "strategy": lambda fill: fill.owner or strategy,
        "tag": lambda fill: fill.tag,
        "series": series,
        "category": category,
        "event": lambda fill: markets[fill.symbol].event,
        "market": lambda fill: fill.symbol,
    }


def _figures(
    kind: str, name: str, fills: Sequence[HeardFill], positions: Sequence[Position], begin_ns: int, end_ns: int
) -> GroupFigures:
    account, stakes = booked(fills, positions)
    qty, notional = sum(fill.qty for fill in fills), sum(fill.price * fill.qty for fill in fills)
    values = {each.instrument.symbol: each.mark for each in positions if each.is_settled}
    done, _ = trips(fills, values, end_ns)
    made = sum(fill.qty for fill in fills if not fill.is_taker)
    return GroupFigures(
        kind=kind,
        name=name,
        fills=len(fills),
        qty=qty,
        notional=notional,
        fees=account.fees,
        pnl=account.pnl,
        settled=account.realised,
        marked=account.unrealised,
        maker_share=made / qty if qty else None,
        trips=len(done),
        win_rate=sum(trip.profit > 0 for trip in done) / len(done) if done else None,
        turnover=turnover(notional, stakes, begin_ns, end_ns),
    )


def booked(fills: Iterable[HeardFill], positions: Sequence[Position]) -> tuple[Portfolio, list[list[StakeFrom]]]:
    """Return an account that had these fills alone, at the marks of `positions`, and what each market of it staked."""
    account = Portfolio([each.instrument for each in positions])
    by_symbol: dict[str, list[HeardFill]] = {}
    for fill in fills:
        by_symbol.setdefault(fill.symbol, []).append(fill)
    stakes = []
    for each in positions:
        own, market = by_symbol.get(each.instrument.symbol, []), each.instrument
        stakes.append(stakes_of(own, account, market))
        if each.is_settled:
            account.settle(market, each.mark)
        else:
            account.restore_mark(market, each.mark)
    return account, stakes


def turnover(notional: int, stakes: Iterable[Sequence[StakeFrom]], begin_ns: int, end_ns: int) -> float | None:
    """Return the notional of a day over the mean collateral; None where nothing was at stake."""
    staked = sum(collateral_ns(each, begin_ns, end_ns) for each in stakes)
    return notional * DAY_NS / staked if staked else None


def held_at_limit(fills: Sequence[HeardFill], symbols: Iterable[str], limit: int, begin_ns: int, end_ns: int) -> float:
    """Return for which share of the time some market was at its limit, or beyond it."""
    changes: list[tuple[int, int]] = []
    for symbol in symbols:
        was = False
        for now_ns, net in path_of([fill for fill in fills if fill.symbol == symbol], begin_ns):
            if (abs(net) >= limit) != was:
                was = not was
                changes.append((now_ns, 1 if was else -1))
    at, last_ns, total = 0, begin_ns, 0
    for now_ns, change in sorted(changes):
        total += (now_ns - last_ns) * (at > 0)
        at, last_ns = at + change, now_ns
    total += (max(end_ns, last_ns) - last_ns) * (at > 0)
    return total / max(end_ns - begin_ns, 1)
