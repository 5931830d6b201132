"""The command `fixlane`: the arguments of each of its commands, and the function that the command is.

Errors  exit status 0 done, 1 failed while running, 2 configuration or usage, 141 where whoever read the output left;
        every message says what to do.
"""

import argparse
import os
import select
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.app import commands, looking, operating, plugins, session, settling
from engine.app.account import commands as account
from engine.app.backtest import arguments as backtest
from engine.app.chaos import arguments as chaos
from engine.app.controls import commands as controls
from engine.app.data import arguments as data
from engine.app.plugins import Subparsers
from engine.app.strategies import commands as strategies
from engine.app.venues import arguments as venues
from engine.errors import ConfigError, EngineError

DONE, FAILED, USAGE, UNREAD = 0, 1, 2, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv`, or the command line, asks for; return the exit status."""
    _open_standard_descriptors()
    arguments = parser().parse_args(argv)
    try:
        status = int(arguments.run(arguments) or DONE)
        if sys.stdout is not None:  # None where it was closed
            sys.stdout.flush()
        return status
    except ConfigError as error:
        print(f"fixlane: {error}", file=sys.stderr)
        return USAGE
    except (EngineError, OSError) as error:
        if isinstance(error, BrokenPipeError) and _is_unread():
            return UNREAD
        print(f"fixlane: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return DONE


def _open_standard_descriptors() -> None:
    """Fill descriptors 0 to 2 where whoever began us closed them: a socket there would get what is meant for people."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _is_unread() -> bool:
    """Return whether nobody reads standard output any more, as behind `| head`; what is left of it is dropped then."""
    waiting = select.poll()
    waiting.register(sys.stdout, 0)
    if not any(event & select.POLLERR for _, event in waiting.poll(0)):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


class Intermixed(argparse.ArgumentParser):
    """Takes flags between positional arguments, also before one that may be left out."""

    _is_inside = False

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Return what is known, and the rest."""
        if self._is_inside or any(action.nargs == argparse.PARSER for action in self._actions):
            return super().parse_known_args(args, namespace)
        self._is_inside = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_inside = False


def parser() -> argparse.ArgumentParser:
    """Return the parser of every command, each with the function that it is as `run`."""
    top = argparse.ArgumentParser(prog="fixlane", description="Low-latency FIX execution engine for event contracts.")
    found: Subparsers = top.add_subparsers(required=True, metavar="COMMAND", parser_class=Intermixed)
    for add in (
        _demo,
        _run,
        _check,
        _init,
        looking.add_commands,
        operating.add_commands,
        controls.add_commands,
        settling.add_commands,
        account.add_commands,
        strategies.add_commands,
        _sim,
        _echo,
        _journal,
        session.add_commands,
        venues.add_commands,
        backtest.add_commands,
        data.add_commands,
        chaos.add_commands,
        plugins.add,
    ):
        add(found)
    return top


def _demo(found: Subparsers) -> None:
    demo = found.add_parser("demo", help="trade against a simulated venue in a process of its own")
    demo.add_argument("--venue", choices=("kalshi",), help="a real venue's interfaces, instead of plain FIX 4.4")
    demo.add_argument("--seconds", type=not_negative, default=30.0, help="how long to trade (30)")
    demo.add_argument("--session", choices=("quickfix", "native"), help="which FIX session")
    demo.add_argument(
        "--feed", choices=("websocket", "fix"), help="with --venue kalshi: what market data come over (websocket)"
    )
    demo.add_argument("--acceptor", choices=("native", "quickfix"), help="which FIX session the venue has")
    demo.add_argument("--mode", choices=("event", "busy"), help="sleep in the loop, or spin on a core")
    market = demo.add_mutually_exclusive_group()
    market.add_argument("--steps", type=positive, metavar="N", help="trade so many steps, the same ones in every run")
    market.add_argument(
        "--capture", nargs="+", type=readable, metavar="FILE", help="replay captured feeds as the market"
    )
    demo.add_argument(
        "--speed", type=not_negative, default=1.0, help="multiple of the recorded pace, 0 for no pauses (1)"
    )
    demo.add_argument(
        "--no-compare", action="store_true", help="do not measure the native session in busy mode beside it"
    )
    demo.add_argument("--record", type=Path, metavar="DIR", help="keep market data and FIX messages there")
    demo.add_argument("--json", type=writable, metavar="FILE", help="write the summary as JSON")
    demo.set_defaults(run=commands.demo)


def _run(found: Subparsers) -> None:
    run = found.add_parser("run", help="run the engine")
    run.add_argument("config", type=Path, metavar="CONFIG")
    run.add_argument("--paper", action="store_true", help="let no order leave: fill by what the feed shows")
    run.add_argument("--latency", type=backtest.ms, metavar="MS", help="on paper, the way of a request or an answer")
    run.set_defaults(run=commands.run)


def _check(found: Subparsers) -> None:
    check = found.add_parser("check", help="say everything that is wrong with a configuration")
    check.add_argument("config", type=Path, metavar="CONFIG")
    check.add_argument("--connect", action="store_true", help="try each connection, and say each step")
    check.add_argument(
        "--order", action="store_true", help="place an order far away and cancel it, also for real money"
    )
    check.set_defaults(run=commands.check)


def _init(found: Subparsers) -> None:
    init = found.add_parser("init", help="write a commented configuration to start from")
    init.add_argument("venue", metavar="VENUE", help="the venue, such as kalshi")
    init.add_argument("directory", nargs="?", type=Path, default=Path(), metavar="DIR", help="where to (here)")
    init.add_argument("--env", default="demo", metavar="NAME", help="the venue's environment (demo)")
    init.set_defaults(run=commands.init)


def _sim(found: Subparsers) -> None:
    sim = found.add_parser("sim", help="run the simulated venue alone")
    sim.add_argument("config", nargs="?", type=Path, metavar="CONFIG")
    sim.add_argument("--venue", choices=("kalshi",), help="a real venue's interfaces, instead of plain FIX 4.4")
    sim.add_argument("--acceptor", choices=("native", "quickfix"), help="which FIX session it has")
    sim.add_argument("--capture", nargs="+", type=readable, metavar="FILE", default=[])
    sim.add_argument("--speed", type=not_negative, default=1.0)
    sim.set_defaults(run=commands.sim)


def _echo(found: Subparsers) -> None:
    echo = found.add_parser("echo", help="a FIX acceptor that sends orders straight back, to certify against")
    echo.add_argument("session_file", type=Path, metavar="CFG", help="QuickFIX session file of acceptors")
    echo.add_argument("--state", type=Path, metavar="DIR", help="where relative stores and logs lie (beside the file)")
    echo.set_defaults(run=commands.echo)


def _journal(found: Subparsers) -> None:
    journal = found.add_parser("journal", help="print a journal's records, or verify it")
    journal.add_argument(
        "path",
        nargs="+",
        type=place_or_verify,
        metavar="[verify|repair] PATH",
        help="a segment, or the directory of all",
    )
    journal.add_argument("--verify", action="store_true", help="say whether every record and the whole chain is sound")
    journal.add_argument(
        "--order", default="", metavar="ID", help="one order's life, by any ClOrdID(11) or OrderID(37)"
    )
    journal.add_argument("--symbol", default="", metavar="S", help="what is about this market")
    journal.add_argument("--kind", default="", metavar="K", help="records of one kind, such as report or operator")
    journal.add_argument("--since", default="", metavar="T", help="from then on: 10m, 2h, or 2026-11-28T14:30 in UTC")
    journal.add_argument("--follow", action="store_true", help="go on with what is written from now on")
    journal.add_argument("--json", action="store_true", help="an object in each line")
    journal.add_argument("--parquet", type=writable, metavar="OUT", help="write a Parquet file")
    journal.add_argument("--reason", default="", help="why it is repaired, kept in the journal")
    journal.set_defaults(run=commands.journal)


# Values of flags, judged before anything starts


def not_negative(text: str) -> float:
    """Return the number that is not below 0."""
    try:
        value = msgspec.json.decode(text, type=float)
    except msgspec.DecodeError:
        value = -1.0
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number that is not below 0")
    return value


def positive(text: str) -> int:
    """Return the whole number above 0."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number above 0")
    return int(text)


def readable(text: str) -> Path:
    """Return the path of a file that can be read."""
    if not os.path.isfile(text) or not os.access(text, os.R_OK):
        raise argparse.ArgumentTypeError(f"{text}: no file that can be read")
    return Path(text)


def place_or_verify(text: str) -> Path:
    """Return the path of what can be read, or the word that says what is to be done to it."""
    return Path(text) if text in ("verify", "repair") else present(text)


def present(text: str) -> Path:
    """Return the path of a directory or file that can be read."""
    return Path(text) if os.path.isdir(text) and os.access(text, os.R_OK | os.X_OK) else readable(text)


def writable(text: str) -> Path:
    """Return the path of a file that can be written, whether it exists or not."""
    path = Path(text)
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text}: cannot be written; name a file in a directory that exists")
    return path
