"""The outlook in words: events, the worst first, with their markets and what each outcome pays.

Shapes  lines of at most 80 columns where names are short enough; what is cut is counted.
"""

from collections.abc import Iterator
from typing import Any

MOST_EVENTS, MOST_ROWS = 20, 16


def page(facts: dict[str, Any]) -> list[str]:
    """Return the lines."""
    events = facts["events"]
    lines = list(_whole(facts))
    for event in events[:MOST_EVENTS]:
        lines += ["", *_event(event)]
    if len(events) > MOST_EVENTS:
        lines += ["", f"{len(events) - MOST_EVENTS} more events: see --json"]
    return lines


def _whole(facts: dict[str, Any]) -> Iterator[str]:
    whole = facts["whole"]
    yield f"profit {whole['pnl']}, day {whole['day_pnl']}, fees {whole['fees']}"
    if not facts["events"]:
        yield "nothing is held, and no order is open"
        return
    yield f"worst {whole['worst']}, best {whole['best']}; {whole['worst_void']} at worst if results are void"
    if whole["expected"] is not None:
        yield f"expected {whole['expected']}, standard deviation {whole['deviation']} if events are independent"
    yield f"collateral {whole['collateral']}, {whole['collateral_netted']} where exclusive outcomes are netted"
    if whole["concentration"] is not None:
        yield f"the worst loss is spread as over {1 / whole['concentration']:.1f} equal events"
    for word, sums in (("series", facts["series"]), ("category", facts["categories"])):
        if len(sums) > 1:
            yield f"by {word}: " + ", ".join([f"{name} {loss}" for name, loss in list(sums.items())[:MOST_ROWS]])
    if facts["unbounded"]:
        yield "no result bounds what these can lose: " + ", ".join(facts["unbounded"][:MOST_ROWS])


def _event(event: dict[str, Any]) -> Iterator[str]:
    locked = f"  {event['locked'].upper()}" if event["locked"] else ""
    yield f"{event['name']}  {event['kind']}  profit {event['pnl']}  worst {event['worst'] or 'unbounded'}{locked}"
    yield f"  {'market':<24}{'net':>10}{'average':>9}{'mark':>8}{'profit':>11}"
    for market in event["markets"][:MOST_ROWS]:
        doubt = "" if market["book"] == "fresh" else "  doubted"
        yield (
            f"  {market['symbol']:<24}{market['net']:>10}{market['average'] or '-':>9}"
            f"{market['mark']:>8}{market['pnl']:>11}{doubt}"
        )
    yield from _more(event["markets"])
    if not event["outcomes"]:
        return
    yield f"  {'if':<24}{'chance':>10}{'pays now':>13}{'worst with orders':>19}"
    worst = event["worst"]
    for row in event["outcomes"][:MOST_ROWS]:
        chance = "-" if row["chance"] is None else f"{100 * row['chance']:.1f} %"
        mark = "  <- worst" if row["worst_with_orders"] == worst else ""
        yield f"  {row['if']:<24}{chance:>10}{row['pays']:>13}{row['worst_with_orders']:>19}{mark}"
    yield from _more(event["outcomes"])
    if event["expected"] is not None:
        yield f"  expected {event['expected']}, standard deviation {event['deviation']} ({event['belief']})"


def _more(rows: list[Any]) -> Iterator[str]:
    if len(rows) > MOST_ROWS:
        yield f"  {len(rows) - MOST_ROWS} more"
