"""The command `fixlane`.

Errors  exit status 0 done, 1 failed while running, 2 configuration or usage; every message says what to do.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.errors import ConfigError, EngineError

DONE, FAILED, USAGE = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.run(arguments) or DONE)
    except ConfigError as error:
        print(f"fixlane: {error}", file=sys.stderr)
        return USAGE
    except (EngineError, OSError) as error:
        print(f"fixlane: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return DONE


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="fixlane", description="Low-latency FIX execution engine for event contracts.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="trade against a simulated venue in a process of its own")
    demo.add_argument("--seconds", type=not_negative, default=30.0, help="how long to trade (30)")
    demo.add_argument("--session", choices=("quickfix", "native"), help="which FIX session")
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
    demo.add_argument("--json", type=writable, metavar="FILE", help="write the summary as JSON")
    demo.set_defaults(run=run_demo)

    run = commands.add_parser("run", help="run the engine")
    run.add_argument("config", type=Path, metavar="CONFIG")
    run.set_defaults(run=run_engine)

    check = commands.add_parser("check", help="say everything that is wrong with a configuration")
    check.add_argument("config", type=Path, metavar="CONFIG")
    check.set_defaults(run=run_check)

    control = commands.add_parser("control", help="speak to a running engine")
    control.add_argument("config", type=Path, metavar="CONFIG")
    control.add_argument("action", choices=("status", "halt", "reduce-only", "resume", "stop"))
    control.add_argument("--reason", default="by command", help="kept in the journal")
    control.set_defaults(run=run_control)

    sim = commands.add_parser("sim", help="run the simulated venue alone")
    sim.add_argument("config", nargs="?", type=Path, metavar="CONFIG")
    sim.add_argument("--acceptor", choices=("native", "quickfix"), help="which FIX session it has")
    sim.add_argument("--capture", nargs="+", type=readable, metavar="FILE", default=[])
    sim.add_argument("--speed", type=not_negative, default=1.0)
    sim.set_defaults(run=run_sim)

    echo = commands.add_parser("echo", help="a FIX acceptor that sends orders straight back, to certify against")
    echo.add_argument("session_file", type=Path, metavar="CFG", help="QuickFIX session file of acceptors")
    echo.add_argument("--state", type=Path, metavar="DIR", help="where relative stores and logs lie (beside the file)")
    echo.set_defaults(run=run_echo)

    journal = commands.add_parser("journal", help="print a journal's records")
    journal.add_argument("path", type=readable, metavar="FILE")
    journal.set_defaults(run=run_journal)

    from bench.arguments import add_arguments

    bench = commands.add_parser("bench", help="measure latency on this machine")
    add_arguments(bench)
    bench.set_defaults(run=run_bench)

    compare = commands.add_parser("compare", help="two results of the bench side by side")
    compare.add_argument("old", type=Path, metavar="OLD")
    compare.add_argument("new", type=Path, metavar="NEW")
    compare.set_defaults(run=run_compare)
    return top


# Values of flags, judged before anything starts


def not_negative(text: str) -> float:
    try:
        value = msgspec.json.decode(text, type=float)
    except msgspec.DecodeError:
        value = -1.0
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number that is not below 0")
    return value


def positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number above 0")
    return int(text)


def readable(text: str) -> Path:
    if not os.path.isfile(text) or not os.access(text, os.R_OK):
        raise argparse.ArgumentTypeError(f"{text}: no file that can be read")
    return Path(text)


def writable(text: str) -> Path:
    path = Path(text)
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text}: cannot be written; name a file in a directory that exists")
    return path


# Each command imports what it needs, so that `fixlane --help` and `check` start at once.


def run_demo(arguments: argparse.Namespace) -> int:
    from engine.app.demo.run import demo

    return demo(arguments)


def run_engine(arguments: argparse.Namespace) -> int:
    from engine.app.engine import run
    from engine.config.engine import load

    sys.path.insert(0, str(arguments.config.resolve().parent))  # a strategy may stand beside its configuration
    return run(load(arguments.config))


def run_check(arguments: argparse.Namespace) -> int:
    from engine.app.check import check

    sys.path.insert(0, str(arguments.config.resolve().parent))
    problems, warnings = check(arguments.config)
    for line in (*problems, *(f"warning: {warning}" for warning in warnings)):
        print(line, file=sys.stderr)
    count = len(problems) or "no"
    print(f"{arguments.config}: {count} problem{'' if count == 1 else 's'}")
    return USAGE if problems else DONE


def run_control(arguments: argparse.Namespace) -> int:
    from engine.config.engine import load
    from engine.ops.control import ask

    print(ask(load(arguments.config).engine.state_dir, arguments.action, arguments.reason))
    return DONE


def run_sim(arguments: argparse.Namespace) -> int:
    from engine.config.shipped import config_path
    from engine.sim.config import load_config, with_acceptor, with_captures
    from engine.sim.process import run

    config = with_acceptor(load_config(arguments.config or config_path("sim.toml")), arguments.acceptor)
    return run(with_captures(config, arguments.capture, arguments.speed))


def run_echo(arguments: argparse.Namespace) -> int:
    from engine.app.echo import run

    return run(arguments.session_file, arguments.state)


def run_journal(arguments: argparse.Namespace) -> int:
    from engine.journal.dump import dump

    for line in dump(arguments.path):
        print(line)
    return DONE


def run_bench(arguments: argparse.Namespace) -> int:
    from bench.cli import run

    return run(arguments)


def run_compare(arguments: argparse.Namespace) -> int:
    from bench.report.compare import compare

    print(compare(arguments.old, arguments.new))
    return DONE
