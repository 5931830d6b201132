"""The commands by which an operator acts on an engine: halt, reduce-only, resume, cancel-all, stop.

They need the state directory and nothing else: no sound configuration, no secret, and for what takes risk away no
engine that answers. The halt word comes first, since risk reads it before each order; then the engine is asked.

Errors  ConfigError for a directory that is none, or where nothing could be done; exit status 1 where orders may live.
"""

import json
import os
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from engine.app.controls.scopes import add_scope, run_scoped, scope_of
from engine.app.plugins import Subparsers
from engine.errors import ConfigError, EngineError

VERBS = {
    "halt": "cancel an engine's orders and refuse new ones until `resume`, whatever restarts in between",
    "reduce-only": "let an engine only reduce what it holds, until `resume`",
    "resume": "let an engine trade again",
    "cancel-all": "cancel every order of a running engine, and let it trade on",
    "stop": "cancel a running engine's orders and end it",
}
LOOK_S = 0.05
PATIENCE_S = 3.0  # for the venue to answer the cancels


def add_commands(found: Subparsers) -> None:
    """Add a command for each verb, and `control CONFIG VERB` for all of them and `status`."""
    for verb, text in VERBS.items():
        command = found.add_parser(verb, help=text)
        add_place(command)
        add_reason(command)
        if verb in ("halt", "resume"):
            add_scope(command)
        command.set_defaults(run=run, action=verb)
    control = found.add_parser("control", help="any of these, named last")
    control.add_argument("config", type=Path, metavar="CONFIG")
    control.add_argument("action", choices=("status", *VERBS), metavar="VERB", help=", ".join(("status", *VERBS)))
    add_reason(control)
    control.set_defaults(run=run, state_dir=None)


def add_place(command: ArgumentParser) -> None:
    """Add what says which engine is meant: CONFIG or --state-dir."""
    command.add_argument("config", type=Path, metavar="CONFIG", nargs="?", help="its configuration, sound or not")
    command.add_argument("--state-dir", metavar="DIR", help="where it keeps its state, instead of CONFIG")


def add_reason(command: ArgumentParser) -> None:
    """Add what says why."""
    command.add_argument("--reason", default="by command", help="kept in the journal")


def place_of(arguments: Namespace) -> Path:
    """Return the state directory that is meant."""
    from engine.config.state_dir import state_dir_of

    if (arguments.config is None) == (arguments.state_dir is None):
        raise ConfigError("name CONFIG or --state-dir DIR, one of them")
    if arguments.config is not None:
        return state_dir_of(arguments.config)
    if not os.path.isdir(arguments.state_dir):  # nor is "", which a shell makes of a variable that is not set
        named = arguments.state_dir or "(nothing)"
        raise ConfigError(f"{named}: no such directory: nothing was done; name the engine's state_dir")
    return Path(arguments.state_dir)


def run(arguments: Namespace) -> int:
    """Do `action`; print what was done and what is left."""
    from engine.ops.control import ask, plain, read_answer

    state_dir, reason = place_of(arguments), plain(arguments.reason)
    if (scope := scope_of(arguments)) is not None:
        return run_scoped(state_dir, arguments.action, scope, reason)
    act = {"halt": _halt, "reduce-only": _reduce_only, "resume": _resume}.get(arguments.action)
    if act is not None:
        return act(state_dir, reason)
    answer = read_answer(ask(state_dir, arguments.action, reason))
    if arguments.action == "cancel-all":
        return _say_what_is_left(state_dir, "cancel-all")
    print(json.dumps(answer))
    return 0


def _halt(state_dir: Path, reason: str) -> int:
    from engine.ops import control
    from engine.runtime import halt_word

    problem = _set_word(state_dir, halt_word.HALT, reason)
    try:
        control.read_answer(control.ask(state_dir, "halt", reason), "state")
    except (control.NotRunning, control.NotAnswering) as error:
        if problem:
            raise EngineError(f"{problem}; {error}") from None
        return _say_unheard(error, state_dir, "halt", "no new order leaves")
    if problem:
        print(f"the engine set the halt word, since we cannot: {problem}")
    return _say_what_is_left(state_dir, "halted")


def _reduce_only(state_dir: Path, reason: str) -> int:
    from engine.ops import control
    from engine.runtime import halt_word

    try:
        control.read_answer(control.ask(state_dir, "reduce-only", reason), "state")
    except control.NotRunning as error:
        _must(_set_word(state_dir, halt_word.REDUCE_ONLY, reason))
        return _say_unheard(error, state_dir, "reduce-only", "")
    except control.NotAnswering as error:
        word = halt_word.read(state_dir)
        if word is not None and word.state == halt_word.HALT:
            raise EngineError(f"{error}; it stays {word}") from None
        _must(_set_word(state_dir, halt_word.REDUCE_ONLY, reason))
        return _say_unheard(error, state_dir, "reduce-only", "only what reduces a position leaves")
    print("reduce-only: orders that bring a position towards zero pass, until `fixlane resume`")
    return 0


def _resume(state_dir: Path, reason: str) -> int:
    from engine.ops import control
    from engine.runtime import halt_word

    try:
        answer = control.read_answer(control.ask(state_dir, "resume", reason), "state")
    except control.NotRunning:
        former = halt_word.read(state_dir)
        _must(_set_word(state_dir, halt_word.FREE, reason))  # also if free: a journal may know more than the word
        if former is None or former.state == halt_word.FREE:
            print(f"{state_dir}: nothing holds the next start, and no engine runs here")
            return 0
        print(f"no engine runs here; the next start trades again; it was {former}")
        return 0
    print(f"resumed: {answer['state']}" + (f", {answer['reason']}" if answer.get("reason") else ""))
    return 0


def _set_word(state_dir: Path, state: int, reason: str) -> str:
    """Set the halt word; one that is set keeps who set it first. Return what keeps us from it, else an empty text."""
    from engine.runtime import halt_word
    from engine.runtime.person import this_process

    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        former = halt_word.read(state_dir)
        if former is None or former.state != state or not former.when_ns or state == halt_word.FREE:
            word = halt_word.Word(state, time.time_ns(), this_process(), reason)
            halt_word.write(state_dir / halt_word.FILE, word)
    except OSError as error:
        return f"{state_dir / halt_word.FILE}: cannot be written: {error.strerror}"
    return ""


def _must(problem: str) -> None:
    if problem:
        raise EngineError(problem)


def _say_unheard(error: EngineError, state_dir: Path, verb: str, effect: str) -> int:
    """Tell what the word does where no engine does what it is asked."""
    from engine.ops.control import NotAnswering

    if not isinstance(error, NotAnswering):
        print(f"{state_dir}: no engine runs here: {verb} holds the next start, until `fixlane resume`")
        return 0
    print(f"{error}: the halt word is set, {effect}")
    print(f"to end it: kill -TERM {error.pid}, and kill -KILL {error.pid} if that does nothing within ten seconds;")
    print("orders at the venue then stay, unless it cancels them on disconnect: look there")
    return 1


def _say_what_is_left(state_dir: Path, what: str) -> int:
    """Wait for the cancels, and print what became of every order."""
    from engine.ops.control import ask, read_answer

    end = time.monotonic() + PATIENCE_S
    while True:
        left = read_answer(ask(state_dir, "cancels", ""), "asked", "cancelled", *LEFT)
        if not left["waiting"] or time.monotonic() > end:
            break
        time.sleep(LOOK_S)
    if not left["asked"]:
        print(f"{what}: no order was alive")
        return 0
    parts = [f"{left['cancelled']} of {left['asked']} cancelled"]
    parts += [f"{left[name]} {words}" for name, words in LEFT.items() if left[name]]
    print(f"{what}: {', '.join(parts)}")
    return 1 if left["unknown"] or left["waiting"] else 0


LEFT = {"filled": "filled before", "over": "over otherwise", "unknown": "unknown", "waiting": "not answered yet"}
