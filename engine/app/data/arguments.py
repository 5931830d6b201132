"""The commands `fixlane data` and `fixlane record`: what they take. What they do is imported when they are called."""

import argparse
from pathlib import Path

from engine.app.plugins import Subparsers


def add_commands(found: Subparsers) -> None:
    """Add the command."""
    data = found.add_parser("data", help="turn captured frames into rows, and look at them")
    actions = data.add_subparsers(required=True, metavar="ACTION")
    convert = actions.add_parser("convert", help="write the rows of captured frames")
    convert.add_argument("paths", type=Path, nargs="+", metavar="IN", help="capture files, or folders of them")
    convert.add_argument("--out", type=Path, required=True, metavar="DIR")
    convert.add_argument(
        "--filtered", action="store_true", help="the files were cut out of larger subscriptions: numbers may be missing"
    )
    convert.set_defaults(run=_convert)
    check = actions.add_parser("check", help="say what is wrong with captured frames, or with rows")
    check.add_argument("paths", type=Path, nargs="+", metavar="IN", help="files, or folders of them")
    check.add_argument("--filtered", action="store_true", help="as for convert")
    check.add_argument("--json", action="store_true", help="print all of it as JSON")
    check.set_defaults(run=_check)
    listing = actions.add_parser("ls", help="list the files of rows in a folder")
    listing.add_argument("directory", type=Path, metavar="DIR")
    listing.set_defaults(run=_list)
    queues = actions.add_parser("queues", help="hold queue models against the positions that the venue reported")
    queues.add_argument("paths", type=Path, nargs="+", metavar="IN", help="recorded files, or folders of them")
    queues.add_argument(
        "--queue", nargs="+", default=[], metavar="MODEL", help="the models; without it a choice of them"
    )
    queues.add_argument(
        "--within", type=_milliseconds, default=250.0, metavar="MS", help="how long after an answer nothing may move"
    )
    queues.add_argument("--json", type=Path, metavar="FILE", help="write all of it there")
    queues.set_defaults(run=_queues)
    record = found.add_parser("record", help="keep the frames of a feed, without trading")
    record.add_argument("config", type=Path, metavar="CONFIG")
    record.add_argument("--out", type=Path, required=True, metavar="DIR")
    record.add_argument("--seconds", type=_seconds, default=0.0, help="how long; until it is told to stop without it")
    record.set_defaults(run=_record)


def _convert(arguments: argparse.Namespace) -> int:
    from engine.app.data.command import run_convert

    return run_convert(arguments)


def _check(arguments: argparse.Namespace) -> int:
    from engine.app.data.command import run_check

    return run_check(arguments)


def _queues(arguments: argparse.Namespace) -> int:
    from engine.app.data.queueing import run_queues

    return run_queues(arguments)


def _record(arguments: argparse.Namespace) -> int:
    from engine.app.data.recording import record
    from engine.config.engine import load

    return record(load(arguments.config), arguments.out, arguments.seconds)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} must be seconds, more than 0")
    return value


def _milliseconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} must be milliseconds, 0 or more")
    return value


def _list(arguments: argparse.Namespace) -> int:
    from engine.app.data.command import run_list

    return run_list(arguments)
