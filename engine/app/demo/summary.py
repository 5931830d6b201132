"""The closing words of a demo: what happened, what it earned, and what this machine can do.

Shapes  lines of at most 80 columns, a title before each; a demo in steps has a record and no latencies.
"""

from typing import Any

from engine.app.demo.amounts import dollars, microseconds, shortened, signed
from engine.app.demo.figures import compare
from engine.instrument import Instrument
from engine.runtime.modes import BUSY

TITLE_WIDTH = 18
NAME_WIDTH = 29
WHOLE_CORE = 0.95
Row = tuple[str, str]


def summary(result: dict[str, Any]) -> str:
    """Return the closing table."""
    rows = [*_counts(result), *_money(result)]
    if "record" in result:
        rows.append(("record", result["record"]))
    rows.append(("venue's own record", _verdict(result)))
    lines = [f"{title:>{TITLE_WIDTH}}  {value}" for title, value in rows]
    if "record" not in result:
        lines += ["", *_latencies(result)]
    return "\n" + "\n".join(lines)


def _counts(result: dict[str, Any]) -> list[Row]:
    def counted(*names: str) -> str:
        return ", ".join(f"{result[name]} {name.replace('_', ' ')}" for name in names)

    return [
        ("traded", f"{result['seconds']:.1f} s, session {result['session']}, mode {result['mode']}"),
        ("market data", counted("frames", "book_updates", "gaps", "reconnects")),
        ("sent", counted("orders", "replaces", "cancels")),
        ("not sent", f"{result['risk_denials']} that our own risk checks refused"),
        ("answered", counted("acks", "fills", "rejects")),
    ]


def _money(result: dict[str, Any]) -> list[Row]:
    """Return a row per market that was traded, and the sum."""
    rows: list[Row] = []
    decimals: dict[str, list[int]] = result["decimals"]
    for symbol, pnl in result["pnl_by_market"].items():
        net, (price_decimals, size_decimals) = result["position"].get(symbol, 0), decimals[symbol]
        if net or pnl:
            size = Instrument(symbol, 0, None, size_decimals=size_decimals).format_size(net)
            position = f"{signed(size) if net else 'flat':>10}"
            money = dollars(pnl, price_decimals + size_decimals)
            title = "" if rows else "position, profit"
            rows.append((title, f"{shortened(symbol, NAME_WIDTH):{NAME_WIDTH}} {position} {money:>12} $"))
    first = next(iter(decimals.values()))
    return [*(rows or [("position", "flat")]), ("profit after fees", f"{dollars(result['pnl'], sum(first), 6)} $")]


def _verdict(result: dict[str, Any]) -> str:
    differences = compare(result)
    if differences:
        return f"DIFFERS in {', '.join(each.partition(':')[0] for each in differences)}"
    return f"agrees to the last unit: {result['fills']} fills, positions, cash"


def _latencies(result: dict[str, Any]) -> list[str]:
    """Return the latencies of what ran, and of the native session in busy mode if that was measured beside it."""
    lines = [f"{'this machine, in us':>{TITLE_WIDTH + 2}}{'n':>29}{'p50':>10}{'p99':>10}{'max':>10}"]
    lines += _pair(result, f"{result['session']} {result['mode']}", "as traded above")
    beside = result.get("native_busy")
    if beside:
        lines += _pair(beside, "native busy", f"{int(beside['seconds'])} s more, a core each")
    return lines


def _pair(result: dict[str, Any], name: str, remark: str) -> list[str]:
    named = (("tick_to_order_ns", name, "frame to order"), ("order_round_trip_ns", remark, "order to answer"))
    lines = [f"{title:>{TITLE_WIDTH + 6}}  {what:15}{_times(result[key])}" for key, title, what in named]
    share = result.get("cpu_share", 1.0)
    if result["mode"] == BUSY and share < WHOLE_CORE:
        lines.append(f"{'':{TITLE_WIDTH + 8}}(other programs took {1 - share:.0%} of its core meanwhile)")
    return lines


def _times(run: dict[str, int]) -> str:
    if not run["n"]:
        return f"{'nothing measured':>38}"
    times = "".join(f"{microseconds(run[name]):>10}" for name in ("p50_ns", "p99_ns", "max_ns"))
    return f"{run['n']:>8}{times}"
