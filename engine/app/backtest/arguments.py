"""The command `fixlane backtest`: what it takes. What it does is imported when it is called."""

import argparse
from pathlib import Path

from engine.app.plugins import Subparsers


def add_commands(found: Subparsers) -> None:
    """Add the command."""
    parser = found.add_parser("backtest", help="run the strategy of a configuration on history")
    parser.add_argument("config", type=Path, metavar="CONFIG")
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="FILE", help="captured frames")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result as JSON")
    parser.add_argument("--latency", type=_ms, default=0, metavar="MS", help="each way of a request, and of its answer")
    parser.set_defaults(run=_run)


def _ms(text: str) -> int:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 60_000:
        raise argparse.ArgumentTypeError(f"{text!r} must be milliseconds, 0 to 60000")
    return round(value * 1e6)


def _run(arguments: argparse.Namespace) -> int:
    from engine.app.backtest.command import run

    return run(arguments)
