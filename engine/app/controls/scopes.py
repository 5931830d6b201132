"""`--symbol`, `--event` and `--strategy` of `halt` and `resume`: the part of an engine that is meant.

Errors  ConfigError where no engine runs: what is halted by name is the running engine's; EngineError for a refusal.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from engine.errors import ConfigError, EngineError


def add_scope(command: ArgumentParser, has_strategy: bool = True) -> None:
    """Add what says which part is meant; none of them means all of the engine."""
    scope = command.add_mutually_exclusive_group()
    scope.add_argument("--symbol", metavar="S", help="one market alone")
    scope.add_argument("--event", metavar="E", help="the markets of one event alone")
    if has_strategy:
        scope.add_argument(
            "--strategy", metavar="NAME", help="one of several strategies; the class of the only one is all"
        )


def scope_of(arguments: Namespace) -> tuple[str, str] | None:
    """Return the scope and its name, None where all of the engine is meant."""
    for scope, key in (("market", "symbol"), ("event", "event"), ("strategy", "strategy")):
        name = getattr(arguments, key, None)
        if name is not None:
            if not name:
                raise ConfigError(f"--{key} names nothing")
            return scope, name
    return None


def run_scoped(state_dir: Path, verb: str, scope: tuple[str, str], reason: str) -> int:
    """Hold or lift a part of a running engine; print what was done."""
    from engine.ops import control

    action, answered = {"halt": ("hold", "held"), "resume": ("lift", "lifted")}[verb]
    try:
        answer = control.read_answer(
            control.ask(state_dir, action, reason, {"scope": scope[0], "name": scope[1]}), answered
        )
    except control.NotAnswering as error:
        raise EngineError(f"{error}; `fixlane halt` without a name stops every order by the halt word") from None
    print(f"{answered}: {answer[answered]}")
    return 0
