"""The commands `fixlane reconcile`, `fixlane reload` and `fixlane group`: an errand of a running engine, waited for.

Errors  EngineError for an engine that refuses, ConfigError for one that is not found; exit status 1 where something is
        left to be done.
"""

import time
from argparse import Namespace
from pathlib import Path

from engine.app.operating import add_place, add_reason, place_of
from engine.app.plugins import Subparsers
from engine.app.strategies.commands import reload_parameters
from engine.errors import EngineError

VERBS = {
    "reconcile": "compare a running engine's account with the venue's now, and say every difference",
    "reload": "let a running engine read its API keys again, without a restart",
}
DEEDS = ("list", "create", "limit", "reset", "trigger", "delete")  # of order groups
GIVEN = ("deed", "group", "limit", "shard", "symbol", "dry_run")  # arguments of an errand
LOOK_S = 0.1
PATIENCE_S = 40.0  # longer than an engine tries


def add_commands(found: Subparsers) -> None:
    """Add a command for each."""
    for verb, text in VERBS.items():
        command = found.add_parser(verb, help=text)
        add_place(command)
        add_reason(command)
        if verb == "reconcile":
            command.add_argument("--symbol", metavar="S", help="say what differs in one market alone")
            command.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")
        else:
            command.add_argument("--parameters", action="store_true", help="those of the strategy, instead of the keys")
            command.add_argument("--strategy", metavar="NAME", default="", help="which of several strategies")
        command.set_defaults(run=run, action=verb)
    _add_groups(found)


def _add_groups(found: Subparsers) -> None:
    command = found.add_parser("group", help="see to the order groups of a running engine's account")
    command.add_argument("deed", choices=DEEDS, help="what to do")
    add_place(command)
    add_reason(command)
    command.add_argument("--group", default="", metavar="ID", help="of every deed but list and create")
    command.add_argument("--limit", default="", metavar="N", help="contracts within 15 seconds, to create and to limit")
    command.add_argument("--shard", type=int, default=0, metavar="N", help="where the group lives")
    command.set_defaults(run=run, action="group")


def run(arguments: Namespace) -> int:
    """Begin `action`, wait for its end, and print what came of it."""
    from engine.ops.control import ask, plain, read_answer

    if getattr(arguments, "parameters", False):
        return reload_parameters(arguments)
    state_dir = place_of(arguments)
    given = {name: getattr(arguments, name) for name in GIVEN if getattr(arguments, name, None) not in (None, False)}
    begun = read_answer(ask(state_dir, arguments.action, plain(arguments.reason), given or None), "errand")
    return _wait(state_dir, arguments.action, begun["errand"])


def _wait(state_dir: Path, action: str, number: int) -> int:
    from engine.ops.control import ask, plain, read_answer

    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        answer = read_answer(ask(state_dir, "errand", "", {"errand": number}), "is_done")
        if answer["is_done"]:
            for line in answer["lines"]:
                print(plain(line))
            return 0 if answer["is_good"] else 1
        time.sleep(LOOK_S)
    raise EngineError(f"{action}: not done within {PATIENCE_S:g} s; the engine's log will say what became of it")
