"""What is true of the REST side by the View, as plain values and in words.

Units   moments are seconds since 1970, durations seconds; a part that an engine has not is None.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from engine.ops.view.reader import View

_MOMENTS = "_utc_ns"
_BLOCKS = ("rest", "account", "universe", "copies", "settlements")


def account_facts(view: View) -> dict[str, Any]:
    """Return what `status` tells of REST, account and universe."""
    rest, account, universe, copies, settlements = [_first(view, name) for name in _BLOCKS]
    if rest is not None:
        rest["errors"] = {row.code: row.count for row in view.records("rest_errors")}
    if account is not None:
        account |= {name: view.money(account[name]) for name in ("cash", "cash_gap")}
    shown = (rest, account, universe, copies, settlements)
    return dict(zip(_BLOCKS, shown, strict=True))


def _first(view: View, block: str) -> dict[str, Any] | None:
    """Return the record of a block with its times in seconds, None where there is none."""
    for record in view.records(block):
        found: dict[str, Any] = {}
        for name, value in record._asdict().items():
            if name.endswith("_ns"):
                found[name.removesuffix(_MOMENTS).removesuffix("_ns") + "_s"] = value / 1e9
            else:
                found[name] = value
        return found
    return None


def account_lines(facts: dict[str, Any], moment: Any) -> Iterator[str]:
    """Yield the lines about them; `moment` puts a time into words."""
    rest, account, universe = facts["rest"], facts["account"], facts["universe"]
    if rest is not None:
        yield f"rest     {rest['name']}: {_traffic(rest)}{_error(rest, moment)}"
        yield f"tokens   {rest['read_tokens']} to read, {rest['write_tokens']} to write; {_waits(rest)}"
        if rest["errors"]:
            yield "failed   " + ", ".join(f"{count} {code}" for code, count in rest["errors"].items())
    if account is not None:
        found = f"{account['differences']} differences, {account['stopped']} markets stopped for them"
        yield f"account  {_when('compared', account['compared_s'], moment)}: {found}{_error(account, moment)}"
        if lags := [_lag(account, name) for name in ("feed", "rest") if account[f"{name}_fills"]]:
            yield f"fills    {', '.join(lags)}"
        if account["cash_state"]:
            differs = f", {account['cash_gap']} beyond ours" if Decimal(account["cash_gap"]) else ""
            yield f"cash     {account['cash']} at the venue{differs}: {account['cash_state']}"
    if universe is not None:
        markets = f"{universe['known']} markets, {universe['waiting']} wait for room, {universe['refused']} refused"
        yield f"universe {markets}, {_when('listed', universe['listed_s'], moment)}{_error(universe, moment)}"
    if (copies := facts["copies"]) is not None:
        counts = f"{copies['heard']} reports, {copies['agreed']} fills agreed, {copies['booked']} told first"
        rest_of_them = f"{copies['recovered']} recovered, {copies['contradicted']} contradicted"
        yield f"copies   {counts}, {rest_of_them}, {_late(copies['lag_s'])}"
    if (paid := facts["settlements"]) is not None:
        counts = f"{paid['heard']} heard, {paid['agreed']} agreed, {paid['booked']} told first"
        yield f"settled  {counts}, {paid['confirmed']} confirmed by REST, {paid['differed']} differed"


def _lag(account: dict[str, Any], name: str) -> str:
    told = f"{account[f'{name}_fills']} told by {name.upper() if name == 'rest' else f'the {name}'} too"
    return f"{told}, {_late(account[f'{name}_lag_s'])}"


def _late(seconds: float) -> str:
    """Return how far a second source ran behind the session of orders."""
    return f"the last one {abs(seconds):.3f} s {'before' if seconds < 0 else 'after'} the session"


def _traffic(rest: dict[str, Any]) -> str:
    cache = f"{rest['hits']} hits, {rest['misses']} misses"
    return f"{rest['requests']} requests, {rest['in_flight']} in flight, {cache}, {rest['retries']} retries"


def _waits(rest: dict[str, Any]) -> str:
    waits = f"{rest['waits']} waits of {rest['wait_s']:.1f} s in all, {rest['waiting']} now"
    return f"{waits}, {rest['limited']} refused for their rate"


def _when(what: str, seconds: float, moment: Any) -> str:
    return f"{what} {moment(seconds)}" if seconds else f"not {what} yet"


def _error(part: dict[str, Any], moment: Any) -> str:
    return f"; last error {moment(part['error_s'])}: {part['error']}" if part["error"] else ""
