"""The command `fixlane data`: what it takes. What it does is imported when it is called."""

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
    listing = actions.add_parser("ls", help="list the files of rows in a folder")
    listing.add_argument("directory", type=Path, metavar="DIR")
    listing.set_defaults(run=_list)


def _convert(arguments: argparse.Namespace) -> int:
    from engine.app.data.command import run_convert

    return run_convert(arguments)


def _list(arguments: argparse.Namespace) -> int:
    from engine.app.data.command import run_list

    return run_list(arguments)
