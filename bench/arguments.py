"""The arguments of `fixlane bench`, apart from it so that other commands start at once."""

import argparse
from pathlib import Path

from bench.plan import ORDER, SESSIONS, THROUGHPUT, TICK

SUBJECTS = ("floor", ORDER, TICK, THROUGHPUT, SESSIONS, "micro", "all")


def add_arguments(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument("--no-pin", action="store_true", help="measure without pinning, and say so")


def _rate(text: str) -> int:
    rate = int(text.removesuffix("k")) * (1000 if text.endswith("k") else 1)
    if not 1 <= rate <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text}: a rate is 1 to 1000000 events a second")
    return rate
