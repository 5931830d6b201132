"""What an operator may say to a strategy: a signal, and other parameters.

Errors  EngineError, which is the answer, for what the strategy does not take.
Thread  the loop thread.
"""

from pathlib import Path

from engine.app.strategies.parameters import changed, read_again
from engine.errors import EngineError
from engine.ops.control import Action, Answer, OperatorRequest
from engine.strategy import Strategy
from engine.trading.guard import has_hook
from engine.trading.loop import TradingLoop

MOST_NAME, MOST_VALUE = 64, 4_096  # characters of a signal


def actions(trading: TradingLoop, strategy: Strategy) -> dict[str, Action]:
    """Return what the control socket takes for the strategy of one desk."""
    return {
        "signal": lambda request: signal(trading, strategy, request),
        "parameters": lambda request: give_parameters(trading, strategy, request),
    }


def signal(trading: TradingLoop, strategy: Strategy, request: OperatorRequest) -> Answer:
    """Tell the strategy what somebody says."""
    name, value = (str(request.arguments.get(key, "")) for key in ("name", "value"))
    _must_have(strategy, "on_signal")
    if not (name.isidentifier() and name.isascii() and len(name) <= MOST_NAME and len(value) <= MOST_VALUE):
        raise EngineError(f"a signal has a name of up to {MOST_NAME} letters, digits and _, a value of {MOST_VALUE}")
    trading.guard.call("on_signal", name, value)
    return {"told": name}


def give_parameters(trading: TradingLoop, strategy: Strategy, request: OperatorRequest) -> Answer:
    """Read the parameters of a file, and give them to the strategy whole: all of them, or none."""
    _must_have(strategy, "on_parameters")
    file = Path(str(request.arguments.get("config", "")))
    parameters = read_again(file, type(strategy), trading.portfolio.decimals)
    names = changed(strategy.parameters, parameters)
    strategy.parameters = parameters
    trading.guard.call("on_parameters", parameters)
    return {"changed": names}


def _must_have(strategy: Strategy, hook: str) -> None:
    if not has_hook(strategy, hook):
        raise EngineError(f"{type(strategy).__qualname__} has no {hook}: nothing was told")
