"""The command `fixlane signal`, and `fixlane reload --parameters`: what somebody says to a running strategy.

Errors  EngineError for an engine that refuses, ConfigError for one that is not found.
"""

from argparse import Namespace
from pathlib import Path

from engine.app.operating import add_reason, place_of
from engine.app.plugins import Subparsers
from engine.app.strategies import building
from engine.errors import ConfigError


def add_commands(found: Subparsers) -> None:
    """Add `signal`."""
    signal = found.add_parser("signal", help="tell a running strategy something, by its hook on_signal")
    signal.add_argument("config", type=Path, metavar="CONFIG", help="of the running engine, sound or not")
    signal.add_argument("name", metavar="NAME", help="letters, digits and _")
    signal.add_argument("value", metavar="VALUE", nargs="?", default="", help="any text; it stands in the journal")
    signal.add_argument("--strategy", metavar="NAME", default="", help="which of several strategies")
    add_reason(signal)
    signal.set_defaults(run=run, state_dir=None)
    building.add_commands(found)


def run(arguments: Namespace) -> int:
    """Tell the strategy of the running engine."""
    from engine.ops.control import ask, plain, read_answer

    said = {"name": arguments.name, "value": arguments.value, **_which(arguments)}
    read_answer(ask(place_of(arguments), "signal", plain(arguments.reason), said), "told")
    print(f"told: {arguments.name}")
    return 0


def _which(arguments: Namespace) -> dict[str, str]:
    """Return which of several strategies is meant."""
    return {"strategy": arguments.strategy} if arguments.strategy else {}


def reload_parameters(arguments: Namespace) -> int:
    """Have the running engine read the parameters of its strategy again; print which changed."""
    from engine.ops.control import ask, plain, read_answer

    if arguments.config is None:
        raise ConfigError("--parameters stand in CONFIG: name it")
    file = {"config": str(arguments.config.resolve()), **_which(arguments)}
    answer = read_answer(ask(place_of(arguments), "parameters", plain(arguments.reason), file), "changed")
    print(f"the strategy has its parameters; changed: {', '.join(answer['changed']) or 'none'}")
    return 0
