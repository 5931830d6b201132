"""Commands of other packages, found by the entry-point group `fixlane.commands`.

Each entry point names a function that gets the subparsers of `fixlane` and adds its own. One that is not installed, or
is broken, is listed as not available, says why when it is run, and stops no other command.
"""

import argparse
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import TypeAlias

from engine.errors import ConfigError

GROUP = "fixlane.commands"
# What to do where the package of a command that is ours is not installed.
ELSEWHERE = {
    "bench": "the latency harness is not part of the wheel: run it from a checkout: make bench SUBJECT=... ARGS=...",
}

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add(found: Subparsers) -> None:
    """Add every command of the group; none replaces a command that is there already."""
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        if point.name not in found.choices:
            _add_one(found, point)


def run_theirs(name: str, words: Sequence[str]) -> int:
    """Run the command of another package that has the name of one of ours; return its exit status."""
    parser = argparse.ArgumentParser(prog="fixlane")
    found: Subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for point in entry_points(group=GROUP):
        if point.name == name:
            _add_one(found, point)
    if name not in found.choices:
        _add_unavailable(found, name, ELSEWHERE["bench"])
    arguments = parser.parse_args([name, *words])
    return int(arguments.run(arguments) or 0)


def _add_one(found: Subparsers, point: EntryPoint) -> None:
    package = point.module.partition(".")[0]
    try:
        point.load()(found)
        return
    except ModuleNotFoundError as error:
        reason = f"it needs {error.name}, which is not installed"
        if error.name == package:
            reason = ELSEWHERE.get(package, reason)
    except Exception as error:  # whatever is wrong with it, `fixlane halt` has to work
        reason = f"{point.value} cannot be loaded: {error!r}"
    found.choices.pop(point.name, None)  # what it may have added before it failed
    _add_unavailable(found, point.name, reason)


def _add_unavailable(found: Subparsers, name: str, reason: str) -> None:
    """Add a command that takes whatever it is given and says why it cannot run."""

    def refuse(arguments: argparse.Namespace) -> int:
        """Say why the command cannot run."""
        raise ConfigError(f"{name}: {reason}")

    command = found.add_parser(name, help="not available here", add_help=False, prefix_chars="\0")  # no flag is one
    command.add_argument("rest", nargs="*")
    command.set_defaults(run=refuse)
