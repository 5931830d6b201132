"""The facts of an engine in words, what is worth a look first.

Shapes  lines of text, each thing on its own; names beyond NAMES are counted, all of them stand in `--json`.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from engine.ops.status.account import account_lines

NAMES = 8
MOST_LINES = 12  # of orders in doubt, stopped markets and positions each


def page(facts: dict[str, Any]) -> list[str]:
    """Return the lines."""
    return [*_title(facts), *_connections(facts), *_markets(facts), *_orders(facts), *_money(facts), *_notices(facts)]


def _title(facts: dict[str, Any]) -> Iterator[str]:
    life, state, reason = facts["engine"], facts["state"], facts["reason"]
    because = f": {reason}" if reason else ""
    last = f"{state}{because}"
    if life == "stuck":
        yield f"STUCK {facts['age_s']:.1f} s, pid {facts['pid']}; it was {last}"
    elif life == "ended":
        yield f"ENDED {moment(facts['ended_s'])} because {reason or state}"
    elif life == "gone":
        yield f"ENDED {moment(facts['ended_s'])} because process {facts['pid']} is gone without a word; it was {last}"
    else:
        yield f"{state.upper()}{because}"
    risk = "" if facts["risk"] == "active" else f", risk {facts['risk']}"
    age = f", view {span(facts['age_s'])} old" if life in ("running", "stuck") else ""
    yield f"fixlane {facts['version']}, pid {facts['pid']}, up {span(facts['uptime_s'])}{age}{risk}"


def _connections(facts: dict[str, Any]) -> Iterator[str]:
    for session in facts["sessions"]:
        state = session["state"].replace("_", " ")
        numbers = f"next out {session['next_out']}, in {session['next_in']}"
        yield f"session  {session['name']}: {state}, {session['protection']}, {numbers}{_error(session)}"
    for feed in facts["feeds"]:
        counts = f"{feed['frames']} frames, {feed['losses']} losses, {feed['lag_s']:.3f} s behind"
        yield f"feed     {feed['name']}: {feed['state']}, {feed['protection']}, {counts}{_error(feed)}"
    yield from account_lines(facts, moment)


def _error(connection: dict[str, Any]) -> str:
    return f"; last error {moment(connection['error_s'])}: {connection['error']}" if connection["error"] else ""


def _markets(facts: dict[str, Any]) -> Iterator[str]:
    wrong = [f"{len(names)} {state}: {_named(names)}" for state, names in facts["books"].items() if names]
    yield "books    " + "; ".join([f"{facts['fresh_books']} fresh", *wrong])
    lines = [
        f"stopped  {each['market']}: {each['cause']}, since {moment(each['since_s'])}: {each['text']}"
        for each in facts["stopped"]
    ]
    yield from _bounded(lines, "stopped ")


def _orders(facts: dict[str, Any]) -> Iterator[str]:
    doubt = sorted(facts["unknown_orders"], key=lambda order: -order["age_s"])
    yield f"orders   {facts['live_orders']} live, {len(doubt)} in doubt"
    lines = [
        f"in doubt {each['cl_ord_id']} {each['market']} {each['side']} {each['qty']} at {each['price']},"
        f" {each['filled']} filled, for {span(each['age_s'])}"
        for each in doubt
    ]
    yield from _bounded(lines, "in doubt")


def _money(facts: dict[str, Any]) -> Iterator[str]:
    yield f"profit   day {facts['day_pnl']}, all {facts['pnl']}, fees {facts['fees']}, open cost {facts['open_cost']}"
    yield from _bounded([f"held     {symbol} {size}" for symbol, size in facts["positions"].items()], "held    ")
    for each in facts["strategies"]:
        reason = f": {each['reason']}" if each["reason"] else ""
        money = f"day {each['day_pnl']}, all {each['pnl']}, fees {each['fees']}"
        counts = f"{each['open_orders']} live, {each['fills']} fills"
        yield f"strategy {each['name'] or '-'}: {each['state']}{reason}; {counts}; {money}"
    for limit in facts["limits"]:
        if limit["limit"] != "none":
            where = f" in {limit['market']}" if limit["market"] and limit["ratio"] else ""
            yield f"limit    {limit['name']} {limit['used']} of {limit['limit']}, {100 * limit['ratio']:.0f} %{where}"


def _notices(facts: dict[str, Any]) -> Iterator[str]:
    for notice in sorted(facts["notices"], key=lambda notice: -notice["last_s"]):
        yield f"notice   {notice['kind']} {notice['count']}, last {moment(notice['last_s'])}: {notice['text']}"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
    return ", ".join(names[:NAMES]) + more


def _bounded(lines: list[str], word: str) -> list[str]:
    return lines if len(lines) <= MOST_LINES else [*lines[:MOST_LINES], f"{word} {len(lines) - MOST_LINES} more"]


def moment(seconds: float) -> str:
    """Return a moment in UTC, with its day where that is not today."""
    at = datetime.fromtimestamp(seconds, UTC)
    return at.strftime("%H:%M:%S" if at.date() == datetime.now(UTC).date() else "%Y-%m-%d %H:%M:%S")


def span(seconds: float) -> str:
    """Return a duration in the units of a person."""
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if seconds < 60:
        return f"{seconds:.1f} s"
    if hours < 1:
        return f"{minutes} m {int(seconds % 60)} s"
    return f"{hours // 24} d {hours % 24} h" if hours >= 48 else f"{hours} h {minutes % 60} m"
