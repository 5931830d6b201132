"""The commands `fixlane status`, `portfolio` and `metrics`: they read an engine's View and need nothing else of it.

Errors  ConfigError where there is no view, or none that can be read; whoever calls turns it into an exit status.
"""

import argparse
import json
import sys
import time
from argparse import Namespace
from typing import TYPE_CHECKING

from engine.app.operating import add_place, place_of
from engine.app.plugins import Subparsers
from engine.errors import ConfigError

if TYPE_CHECKING:
    from engine.ops.view.reader import ViewReader

TRADES_OR_WAITS, HALTED, STUCK, ENDED = 0, 3, 4, 5
WATCH_S = 1.0
PORT = 9400
CLEAR = "\x1b[H\x1b[2J"


def status(arguments: Namespace) -> int:
    """Print what an engine does, once or again and again; the exit status says it too."""
    from engine.ops.view.reader import ViewReader

    reader = ViewReader(place_of(arguments))
    if not arguments.watch:
        return _show(reader, arguments.json)
    while True:
        if sys.stdout.isatty():
            print(CLEAR, end="")
        try:
            _show(reader, arguments.json)
        except ConfigError as error:  # not there yet, or written by another version meanwhile
            print(error)
        sys.stdout.flush()
        time.sleep(WATCH_S)


def portfolio(arguments: Namespace) -> int:
    """Print what is held and what each outcome pays, once or again and again."""
    from engine.ops.view.reader import ViewReader

    reader = ViewReader(place_of(arguments))
    _print_portfolio(reader, arguments)
    while arguments.watch:
        time.sleep(WATCH_S)
        if sys.stdout.isatty():
            print(CLEAR, end="")
        _print_portfolio(reader, arguments)
        sys.stdout.flush()
    return 0


def _print_portfolio(reader: "ViewReader", arguments: Namespace) -> None:
    from engine.ops.outlook.facts import outlook
    from engine.ops.outlook.page import page

    facts = outlook(reader.read(), with_all=arguments.all)
    if arguments.json:
        print(json.dumps(facts))
        return
    if facts["engine"] != "running":
        print(f"the engine is {facts['engine']}: this is {facts['age_s']:.0f} s old")
    print("\n".join(page(facts)))


def metrics(arguments: Namespace) -> int:
    """Serve an engine's metrics until told to stop, or until the engine that began this ends."""
    from engine.ops.metrics.process import serve, step_aside
    from engine.ops.metrics.server import inherited, listen

    step_aside(arguments.off_core)
    if arguments.listener is None:
        serve(place_of(arguments), listen(arguments.port), arguments.market, None)
    else:
        serve(place_of(arguments), inherited(arguments.listener), arguments.market, sys.stdin.fileno())
    return 0


def add_commands(commands: Subparsers) -> None:
    """Add `status` and `metrics` to the commands of a parser."""
    one = commands.add_parser("status", help="say what an engine does; exit status 3 halted, 4 stuck, 5 ended")
    add_place(one)
    form = one.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one line of JSON, with everything")
    form.add_argument("--watch", action="store_true", help="say it again every second, until Ctrl-C")
    one.set_defaults(run=status)

    one = commands.add_parser("portfolio", help="say what is held, and what each outcome of its events pays")
    add_place(one)
    form = one.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one line of JSON")
    form.add_argument("--watch", action="store_true", help="say it again every second, until Ctrl-C")
    one.add_argument("--all", action="store_true", help="events too in which nothing is held and no order open")
    one.set_defaults(run=portfolio)

    one = commands.add_parser("metrics", help="serve an engine's metrics to Prometheus, from a process of its own")
    add_place(one)
    one.add_argument("--port", type=_port, default=PORT, help=f"on 127.0.0.1 ({PORT})")
    one.add_argument("--market", action="append", default=[], metavar="SYMBOL", help="show it though it is not held")
    one.add_argument("--listener", type=int, help=argparse.SUPPRESS)  # a socket that was handed over
    one.add_argument("--off-core", type=int, help=argparse.SUPPRESS)  # the engine's
    one.set_defaults(run=metrics)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} must be a port, 1 to 65535")
    return int(text)


def _show(reader: "ViewReader", as_json: bool) -> int:
    from engine.ops.status.facts import facts
    from engine.ops.status.page import page

    found = facts(reader.read())
    print(json.dumps(found) if as_json else "\n".join(page(found)))
    if found["engine"] in ("ended", "gone"):
        return ENDED
    if found["engine"] == "stuck":
        return STUCK
    return HALTED if found["state"] == "halted" else TRADES_OR_WAITS
