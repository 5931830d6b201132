"""What an operator may say to a strategy: a signal, and other parameters; which one, where there are several.

Errors  EngineError, which is the answer, for what the strategy does not take.
Thread  the loop thread.
"""

from pathlib import Path
from typing import NamedTuple

from engine.app.strategies.parameters import changed, read_again
from engine.errors import EngineError
from engine.ops.control import Action, Answer, OperatorRequest
from engine.strategy import Strategy
from engine.trading.desk import HookCaller
from engine.trading.guard import has_hook
from engine.trading.loop import TradingLoop
from engine.trading.team.team import Team

MOST_NAME, MOST_VALUE = 64, 4_096  # characters of a signal


class Addressed(NamedTuple):
    """A strategy, its name where there are several, and what calls its hooks."""

    strategy: Strategy
    owner: str
    caller: HookCaller


def actions(trading: TradingLoop, strategy: Strategy) -> dict[str, Action]:
    """Return what the control socket takes for the strategies of one desk."""
    return {
        "signal": lambda request: signal(addressed(trading, strategy, request), request),
        "parameters": lambda request: give_parameters(trading, addressed(trading, strategy, request), request),
    }


def signal(told: Addressed, request: OperatorRequest) -> Answer:
    """Tell a strategy what somebody says."""
    name, value = (str(request.arguments.get(key, "")) for key in ("name", "value"))
    _must_have(told.strategy, "on_signal")
    if not (name.isidentifier() and name.isascii() and len(name) <= MOST_NAME and len(value) <= MOST_VALUE):
        raise EngineError(f"a signal has a name of up to {MOST_NAME} letters, digits and _, a value of {MOST_VALUE}")
    told.caller.call("on_signal", name, value)
    return {"told": name}


def give_parameters(trading: TradingLoop, told: Addressed, request: OperatorRequest) -> Answer:
    """Read the parameters of a file, and give them to the strategy whole: all of them, or none."""
    _must_have(told.strategy, "on_parameters")
    file = Path(str(request.arguments.get("config", "")))
    parameters = read_again(file, type(told.strategy), trading.portfolio.decimals, told.owner)
    names = changed(told.strategy.parameters, parameters)
    told.strategy.parameters = parameters
    told.caller.call("on_parameters", parameters)
    return {"changed": names}


def addressed(trading: TradingLoop, strategy: Strategy, request: OperatorRequest) -> Addressed:
    """Return the strategy that a request is for; EngineError where it does not say which of several."""
    team: Team | None = trading.team
    name = str(request.arguments.get("strategy", ""))
    if team is None:
        if name:
            raise EngineError(f"strategy {name!r}: this engine has one alone, which goes without a name")
        return Addressed(strategy, "", trading.guard)
    member = team.members.get(name)
    if member is None:
        what = f"unknown strategy {name!r}" if name else "say which strategy"
        raise EngineError(f"{what}: --strategy NAME, this engine has {', '.join(team.members)}")
    return Addressed(member.strategy, name, member)


def _must_have(strategy: Strategy, hook: str) -> None:
    if not has_hook(strategy, hook):
        raise EngineError(f"{type(strategy).__qualname__} has no {hook}: nothing was told")
