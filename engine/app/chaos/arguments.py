"""The arguments of `fixlane chaos`."""

from argparse import Namespace
from typing import Any


def add_commands(found: Any) -> None:
    """Add the command."""
    chaos = found.add_parser("chaos", help="random lives of an engine and a simulated venue with faults")
    chaos.add_argument("--seed", type=int, default=1, metavar="N", help="the first life's (1)")
    chaos.add_argument("--runs", type=int, default=10, metavar="N", help="how many lives (10)")
    chaos.add_argument("--rounds", type=int, default=5, metavar="N", help="how many rounds of faults at most (5)")
    chaos.add_argument("--venue", choices=("fix44", "kalshi"), default="fix44", help="which venue (fix44)")
    chaos.add_argument("--session", choices=("native", "quickfix"), default="native", help="which FIX session (native)")
    chaos.add_argument("--faults", nargs="+", metavar="NAME", help="which faults, by their names (all)")
    chaos.add_argument("--json", action="store_true", help="what happened, on standard output")
    chaos.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    from engine.app.chaos.command import run

    return run(arguments)
