"""The arguments of `fixlane chaos`."""

from argparse import ArgumentTypeError, Namespace
from typing import Any

BOTH = "both"


def add_commands(found: Any) -> None:
    """Add the command."""
    chaos = found.add_parser("chaos", help="random lives of an engine and a simulated venue with faults")
    chaos.add_argument("--seed", type=int, default=1, metavar="N", help="the first life's (1)")
    chaos.add_argument("--runs", type=_some, default=10, metavar="N", help="how many lives (10)")
    chaos.add_argument("--kills", type=_some, default=0, metavar="N", help="as many lives as have so many kills")
    chaos.add_argument("--rounds", type=_some, default=5, metavar="N", help="how many rounds of faults at most (5)")
    chaos.add_argument("--venue", choices=("fix44", "kalshi", BOTH), default="fix44", help="which venue (fix44)")
    chaos.add_argument(
        "--session", choices=("native", "quickfix", BOTH), default="native", help="which FIX session (native)"
    )
    chaos.add_argument(
        "--faults", nargs="+", metavar="NAME", help="which faults, by their names or how these begin (all)"
    )
    chaos.add_argument("--at-once", type=_some, default=1, metavar="N", help="how many lives at a time (1)")
    chaos.add_argument("--json", action="store_true", help="what happened, on standard output")
    chaos.set_defaults(run=_run)


def _some(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r}: give a number of 1 or more")
    return int(text)


def _run(arguments: Namespace) -> int:
    from engine.app.chaos.command import run

    return run(arguments)
