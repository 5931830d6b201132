"""The commands `fixlane limits` and `fixlane flatten`.

Errors  ConfigError where no engine runs, EngineError for what is refused; exit status 1 where something is still held.
"""

import time
from argparse import Namespace
from pathlib import Path

from engine.app.controls.scopes import add_scope, scope_of
from engine.app.operating import add_place, place_of
from engine.app.plugins import Subparsers
from engine.errors import ConfigError

LOOK_S = 0.25
PATIENCE_S = 75.0  # the engine's own is a minute
REASON = "kept in the journal"


def add_commands(found: Subparsers) -> None:
    """Add `limits` and `flatten`."""
    limits = found.add_parser("limits", help="show the limits of a running engine, or change one of them")
    limits.add_argument("config", type=Path, metavar="CONFIG", help="its configuration, sound or not")
    limits.add_argument("verb", nargs="?", choices=("show", "set", "reset"), default="show", metavar="VERB",
                        help="show, set NAME VALUE or reset NAME")  # fmt: skip
    limits.add_argument("name", nargs="?", metavar="NAME", help="of the limit, as under [risk]")
    limits.add_argument("value", nargs="?", metavar="VALUE", help="as it would be written there")
    limits.add_argument("--symbol", metavar="S", default="", help="for one market alone")
    limits.add_argument("--reason", default="", help=f"{REASON}; a change needs one")
    limits.set_defaults(run=run_limits, state_dir=None)
    flatten = found.add_parser("flatten", help="close what a running engine holds, by orders that only reduce")
    add_place(flatten)
    add_scope(flatten, has_strategy=False)
    flatten.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    flatten.add_argument("--reason", default="by command", help=REASON)
    flatten.set_defaults(run=run_flatten)


def run_limits(arguments: Namespace) -> int:
    """Show the limits, or change one."""
    from engine.ops.control import ask, plain, read_answer

    state_dir, verb = place_of(arguments), arguments.verb
    given = [each is not None for each in (arguments.name, arguments.value)]
    if given != {"show": [False, False], "set": [True, True], "reset": [True, False]}[verb]:
        raise ConfigError("use: fixlane limits CONFIG, limits CONFIG set NAME VALUE, or limits CONFIG reset NAME")
    if verb == "show":
        answer = read_answer(ask(state_dir, "limits", ""), "limits", "changes", "holds")
        for word, lines in (("limit", "limits"), ("changed", "changes"), ("held", "holds")):
            for line in answer[lines]:
                print(f"{word:8} {line}")
        return 0
    reason = plain(arguments.reason)
    if not reason:
        raise ConfigError("say why: --reason TEXT")
    values = {"name": arguments.name, "symbol": arguments.symbol, "value": arguments.value}
    print(read_answer(ask(state_dir, f"{verb}-limit", reason, values), "done")["done"])
    return 0


def run_flatten(arguments: Namespace) -> int:
    """Close what is held; say beforehand what that will do, and afterwards what is left."""
    from engine.ops.control import ask, plain, read_answer

    state_dir = place_of(arguments)
    scope, name = scope_of(arguments) or ("all", "")
    request = {"scope": scope, "name": name, "dry_run": arguments.dry_run}
    answer = read_answer(ask(state_dir, "flatten", plain(arguments.reason), request), "plan", "is_begun")
    for line in answer["plan"] or ["nothing is held, and no order is alive there"]:
        print(line)
    if not answer["is_begun"]:
        return 0
    end = time.monotonic() + PATIENCE_S
    while not (found := read_answer(ask(state_dir, "flattening", ""), "legs", "is_done", "left"))["is_done"]:
        if time.monotonic() > end:
            break
        time.sleep(LOOK_S)
    for line in found["legs"]:
        print(line)
    lift = f"`fixlane resume` with --{'symbol' if scope == 'market' else scope} {name}" if name else "`fixlane resume`"
    print(f"no new order leaves there until {lift}")
    return 1 if found["left"] else 0
