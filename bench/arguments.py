"""The arguments of `fixlane bench` and `fixlane compare`, apart from them so that other commands start at once.

`fixlane` finds both by its entry-point group: see pyproject.toml.
"""

import argparse
from pathlib import Path

from bench.plan import JOURNAL, ORDER, REST, ROLLING, SESSIONS, SOAK, THROUGHPUT, TICK
from engine.app.plugins import Subparsers

SUBJECTS = ("floor", ORDER, TICK, THROUGHPUT, SESSIONS, REST, JOURNAL, "micro", SOAK, ROLLING, "all")


def add_bench(commands: Subparsers) -> None:
    """Add `fixlane bench SUBJECT`."""
    parser = commands.add_parser("bench", help="measure latency on this machine")
    parser.set_defaults(run=_bench)
    parser.add_argument("subject", choices=SUBJECTS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write percentile curves and stages as a picture")
    parser.add_argument("--hgrm", type=Path, metavar="DIR", help="write each run's percentiles as DIR/NAME.hgrm")
    parser.add_argument("--quick", action="store_true", help="a smoke run: figures mean little")
    parser.add_argument("--session", nargs="+", choices=("quickfix", "native"), help="measure these sessions only")
    parser.add_argument("--mode", nargs="+", choices=("event", "busy"), default=("event", "busy"))
    parser.add_argument("--rates", nargs="+", type=_rate, metavar="N", help="events a second of scheduled runs")
    parser.add_argument("--repetitions", type=int, metavar="N", help="of every subject, interleaved (3)")
    parser.add_argument("--capture", type=Path, metavar="FILE", help="drive tick with a captured feed")
    parser.add_argument("--speed", type=float, default=1.0, help="multiple of the recorded pace (1)")
    parser.add_argument("--window", type=int, metavar="N", help="throughput: most orders that are unanswered (64)")
    parser.add_argument("--burst", type=int, metavar="N", help="throughput: orders sent together (16)")
    parser.add_argument("--seconds", type=float, metavar="N", help="sessions: how long they are idle (60)")
    parser.add_argument("--books", type=int, metavar="N", help="soak: books to hold (10 000)")
    parser.add_argument("--frames", type=int, metavar="N", help="soak: frames to play (10 000 000)")
    parser.add_argument("--orders", type=int, metavar="N", help="soak: orders to open and fill (100 000)")
    parser.add_argument("--minutes", type=int, metavar="N", help="soak: watch a demo and an old desk for so long")
    parser.add_argument("--history", nargs="+", type=int, metavar="N", help="journal: records before a start (to 10^7)")
    parser.add_argument("--markets", type=int, metavar="N", help="rolling: markets that come and go (60 000)")
    parser.add_argument("--no-pin", action="store_true", help="measure without pinning, and say so")


def add_compare(commands: Subparsers) -> None:
    """Add `fixlane compare OLD NEW`."""
    parser = commands.add_parser("compare", help="two results of the bench side by side")
    parser.set_defaults(run=_compare)
    parser.add_argument("old", type=Path, metavar="OLD")
    parser.add_argument("new", type=Path, metavar="NEW")


def _bench(arguments: argparse.Namespace) -> int:
    from bench.cli import run

    return run(arguments)


def _compare(arguments: argparse.Namespace) -> int:
    from bench.report.compare import compare

    print(compare(arguments.old, arguments.new))
    return 0


def _rate(text: str) -> int:
    rate = int(text.removesuffix("k")) * (1000 if text.endswith("k") else 1)
    if not 1 <= rate <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text}: a rate is 1 to 1000000 events a second")
    return rate
