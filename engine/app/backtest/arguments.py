"""The command `fixlane backtest`: what it takes. What it does is imported when it is called."""

import argparse
from pathlib import Path

from engine._decimal import parse_decimal
from engine.app.backtest.locations import RemotePlace, place
from engine.app.plugins import Subparsers
from engine.errors import DecodeError

MONEY_DECIMALS = 6
DEFAULT_CAPITAL = 10_000 * 10**MONEY_DECIMALS


def add_commands(found: Subparsers) -> None:
    """Add the command."""
    parser = found.add_parser("backtest", help="run the strategy of a configuration on history")
    parser.add_argument("config", type=Path, metavar="CONFIG")
    data = parser.add_mutually_exclusive_group(required=True)
    data.add_argument("--data", type=place, nargs="+", metavar="FILE", help="captured frames, or folders of them")
    data.add_argument("--generate", type=Path, metavar="DIR", help="write a generated day there, and run on that")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result as JSON")
    parser.add_argument("--out", type=place, metavar="DIR", help="write JSON, Parquet and a page there")
    parser.add_argument("--latency", type=ms, default=0, metavar="MS", help="each way of a request, and of its answer")
    for name in ("new", "cancel", "replace", "answer"):
        parser.add_argument(f"--latency-{name}", type=ms, metavar="MS", help=f"the way of a {name} alone")
    parser.add_argument(
        "--latency-from", type=Path, nargs="+", metavar="AUDIT", help="as audit logs of an engine show, in turn"
    )
    parser.add_argument("--draw", action="store_true", help="of --latency-from: by its distribution, not its time")
    parser.add_argument("--venue-delay", type=ms, default=0, metavar="MS", help="between arrival and effect")
    parser.add_argument("--fast", action="store_true", help="on the compiled exchange: says so where it cannot")
    parser.add_argument("--queue", default="risk-averse", metavar="MODEL", help="where cancels come from (risk-averse)")
    parser.add_argument(
        "--sensitivity",
        action="store_true",
        help="run again with half and twice the latency, and with both extreme queues",
    )
    parser.add_argument("--capital", type=_money, default=DEFAULT_CAPITAL, metavar="USD", help="what returns are of")
    parser.add_argument("--trials", type=_count, default=1, metavar="N", help="configurations tried on these data")
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="where trials are counted (trials in --out)")
    parser.add_argument("--quote-size", type=_contracts, default=0, metavar="N", help="what a quote is good for, once")
    parser.add_argument("--max-age", type=_age, default=3600 * 10**9, metavar="S", help="of a quote (3600)")
    parser.set_defaults(run=_run)
    quote = found.add_parser("quote", help="quote both sides over rows, by the compiled strategy")
    quote.add_argument(
        "rows", type=Path, nargs="+", metavar="FILE", help="rows of fixlane data convert, or folders of them"
    )
    quote.add_argument(
        "--size", type=_count, default=1_000, metavar="LOTS", help="of each order, in 0.01 contracts (1000)"
    )
    quote.add_argument("--away", type=int, nargs="+", default=[0], metavar="STEPS", help="behind the best price (0)")
    quote.add_argument("--queue", nargs="+", default=["risk-averse"], metavar="MODEL", help="where cancels come from")
    quote.add_argument("--latency", type=ms, default=0, metavar="MS", help="each way of a request, and of its answer")
    quote.add_argument("--position", type=_count, default=100_000, metavar="LOTS", help="most that is held (100000)")
    quote.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    quote.set_defaults(run=_quote)
    sweep = found.add_parser("sweep", help="run a strategy under many settings on history")
    sweep.add_argument("grid", type=Path, metavar="GRID.toml")
    sweep.add_argument("--out", type=_here, metavar="DIR", help="where rows go (beside the file); goes on if begun")
    where = sweep.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=_count, metavar="N", help="processes (one a core)")
    where.add_argument("--on", metavar="ADDRESS", help="a cluster: ray://HOST:PORT or dask://HOST:PORT")
    sweep.set_defaults(run=_sweep)
    compare = found.add_parser("compare", help="two results of backtests, or of the bench, side by side")
    compare.add_argument("old", type=Path, metavar="OLD", help="a folder of --out, or a file of --json")
    compare.add_argument("new", type=Path, metavar="NEW")
    compare.add_argument("--all", action="store_true", help="also what is the same")
    compare.add_argument("--json", type=Path, metavar="FILE", help="write the comparison as JSON")
    compare.add_argument("--page", type=Path, metavar="FILE", help="write it as a page, with both equities")
    compare.set_defaults(run=_compare)


def _here(text: str) -> Path:
    if "://" in text:
        raise argparse.ArgumentTypeError(f"{text!r}: rows of a sweep go to a folder that every worker can open")
    return Path(text)


def ms(text: str) -> int:
    """Return ns of a text of milliseconds."""
    try:
        value = parse_decimal(text, 6)
    except DecodeError:
        value = -1
    if not 0 <= value <= 60_000 * 10**6:
        raise argparse.ArgumentTypeError(f"{text!r} must be milliseconds, 0 to 60000")
    return value


def _money(text: str) -> int:
    try:
        value = parse_decimal(text, MONEY_DECIMALS)
    except DecodeError:
        value = 0
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} must be dollars, more than 0")
    return value


def _contracts(text: str) -> int:
    return _above_zero(text, 2, "contracts")


def _age(text: str) -> int:
    return _above_zero(text, 9, "seconds")


def _above_zero(text: str, decimals: int, what: str) -> int:
    try:
        value = parse_decimal(text, decimals)
    except DecodeError:
        value = 0
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} must be {what}, more than 0")
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number, 1 or more")
    return int(text)


def _quote(arguments: argparse.Namespace) -> int:
    from engine.app.backtest.quoting import run

    return run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    from engine.app.backtest.command import run

    if not any(isinstance(each, RemotePlace) for each in (arguments.out, *(arguments.data or ()))):
        return run(arguments)
    from engine.app.backtest.remote import brought_here

    with brought_here(arguments) as local:
        return run(local)


def _sweep(arguments: argparse.Namespace) -> int:
    from engine.app.backtest.sweeping import run

    return run(arguments)


def _compare(arguments: argparse.Namespace) -> int:
    from engine.app.backtest.comparing import run

    return run(arguments)
