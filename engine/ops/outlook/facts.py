"""The outlook as plain values: what `fixlane portfolio --json` prints, and `page` puts into words.

Units   prices, sizes and money are text in dollars and contracts; chances are fractions of 1, or None.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from engine._decimal import format_decimal
from engine.ops.outlook.events import EventShown, MarketShown, events_of
from engine.ops.status.facts import life_of
from engine.ops.view.reader import View


def outlook(view: View, *, with_all: bool = False) -> dict[str, Any]:
    """Return what is held, by event, and all of it."""
    events = events_of(view, with_all=with_all)
    bounded = [event for event in events if event.pays is not None]
    return {
        "engine": life_of(view).value,
        "age_s": view.age_ns() / 1e9,
        "events": [_event(view, event) for event in events],
        "whole": _whole(view, bounded),
        "unbounded": [event.name for event in events if event.pays is None],
        "series": _losses_by(view, bounded, lambda name: name.series),
        "categories": _losses_by(view, bounded, lambda name: name.category),
    }


def _event(view: View, event: EventShown) -> dict[str, Any]:
    pays, gross_net = event.pays, event.held_collateral
    return {
        "name": event.name,
        "kind": "exclusive" if event.is_exclusive else "independent",
        "pnl": view.money(event.pnl),
        "worst": None if pays is None else view.money(pays.worst),
        "worst_filled": None if pays is None else view.money(min(pays.filled)),
        "worst_void": None if pays is None else view.money(pays.worst_void),
        "best": None if pays is None else view.money(pays.best),
        "locked": "" if pays is None else pays.locked,
        **_expected(view, event),
        "collateral": view.money(gross_net[0]),
        "collateral_netted": view.money(gross_net[1]),
        "markets": [_market(view, market) for market in event.markets],
        "outcomes": _outcomes(view, event),
    }


def _expected(view: View, event: EventShown) -> dict[str, Any]:
    if event.pays is None or event.beliefs is None:
        return {"expected": None, "deviation": None, "belief": "none"}
    mean, variance = event.beliefs.expected(event.pays.filled), event.beliefs.variance(event.pays.filled)
    fresh = all([market.is_fresh for market in event.markets])
    return {
        "expected": view.money(round(mean)),
        "deviation": view.money(round(math.sqrt(variance))),
        "belief": event.beliefs.how if fresh else f"{event.beliefs.how}; some books are not believed",
    }


def _outcomes(view: View, event: EventShown) -> list[dict[str, Any]]:
    if event.pays is None:
        return []
    shares = event.beliefs.shares if event.beliefs is not None else [None] * event.outcomes.count
    rows = zip(event.words(), shares, event.pays.filled, event.pays.with_orders, strict=True)
    return [
        {
            "if": word,
            "chance": None if share is None else share / (2 * event.limit),
            "pays": view.money(filled),
            "worst_with_orders": view.money(worst),
        }
        for word, share, filled, worst in rows
    ]


def _market(view: View, market: MarketShown) -> dict[str, Any]:
    record, quote = market.record, market.quote()
    return {
        "symbol": market.name.symbol,
        "net": view.size(record.net),
        "average": _average(view, record),
        "mark": view.price(record.mark),
        "bid": view.price(quote.bid) if quote.bid else None,
        "ask": view.price(quote.ask) if quote.ask < market.name.limit else None,
        "pnl": view.money(record.pnl),
        "fees": view.money(record.fees),
        "open_orders_may_lose": view.money(max(record.loss_if_no, record.loss_if_yes)),
        "book": "fresh" if market.is_fresh else "not believed",
    }


def _average(view: View, record: Any) -> str | None:
    """Return what a contract of the position has cost, to a hundredth of a cent."""
    if not record.net:
        return None
    return format_decimal(round(Fraction(record.cost * 10**4, record.net * 10**view.head.price_decimals)), 4)


def _whole(view: View, events: Sequence[EventShown]) -> dict[str, Any]:
    """Add up what adds up: every event may end at its worst at once."""
    pays = [event.pays for event in events if event.pays is not None]
    worst = [each.worst for each in pays]
    believed = [event for event in events if event.beliefs is not None]
    filled = [(event.beliefs, event.pays.filled) for event in believed if event.beliefs and event.pays]
    variance = sum([belief.variance(payoffs) for belief, payoffs in filled], Fraction(0))
    expected = sum([belief.expected(payoffs) for belief, payoffs in filled], Fraction(0))
    return {
        "pnl": view.money(view.head.pnl),
        "day_pnl": view.money(view.head.day_pnl),
        "fees": view.money(view.head.fees),
        "worst": view.money(sum(worst)),
        "worst_void": view.money(sum([each.worst_void for each in pays])),
        "best": view.money(sum([each.best for each in pays])),
        "expected": view.money(round(expected)) if len(believed) == len(events) else None,
        "deviation": view.money(round(math.sqrt(variance))) if len(believed) == len(events) else None,
        "concentration": _concentration([max(0, -each) for each in worst]),
        "collateral": view.money(sum([event.held_collateral[0] for event in events])),
        "collateral_netted": view.money(sum([event.held_collateral[1] for event in events])),
    }


def _concentration(losses: Sequence[int]) -> float | None:
    """Return the sum of squares of each event's share of the worst loss: 1 where one has all of it."""
    total = sum(losses)
    return sum([(loss / total) ** 2 for loss in losses]) if total else None


def _losses_by(view: View, events: Iterable[EventShown], word: Any) -> dict[str, str]:
    """Return the worst loss by what the events belong to, the largest first."""
    sums: Counter[str] = Counter()
    for event in events:
        assert event.pays is not None
        sums[word(event.markets[0].name) or "(none)"] += min(0, event.pays.worst)
    return {name: view.money(loss) for name, loss in sorted(sums.items(), key=lambda pair: pair[1])}
