"""What an operator may do to a running engine by its control socket, and who may be one.

Errors  ConfigError for a group that cannot be given access; EngineError, which is the answer, for what is refused.
Thread  the loop thread.
"""

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from engine._decimal import parse_decimal
from engine.errors import ConfigError, EngineError, JournalError
from engine.fix import Status
from engine.instrument import Instrument
from engine.journal.told import OperatorAct, append_operator
from engine.journal.writer import NullJournal
from engine.ops.control import QUIET, Action, Answer, OperatorRequest
from engine.orders.order import Order
from engine.runtime.halt_word import SharedHaltWord
from engine.trading.controls.desk_state import DeskState
from engine.trading.loop import TradingLoop
from engine.trading.supervisor import Supervisor


def open_halt_word(state_dir: Path, wall_ns: Callable[[], int], group: int | None) -> SharedHaltWord:
    """Return the halt word of a state directory; the members of `group` may reach and write it."""
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        if group is not None:
            os.chown(state_dir, -1, group)
            state_dir.chmod(state_dir.stat().st_mode | 0o010)  # to reach a file by its name, not to list
        return SharedHaltWord(state_dir, wall_ns, group)
    except OSError as error:
        place = error.filename or state_dir
        raise ConfigError(f"engine.state_dir: {place}: {error.strerror}: no halt could be heard here") from None


def recorded(actions: Mapping[str, Action], journal: NullJournal, wall_ns: Callable[[], int]) -> dict[str, Action]:
    """Return actions that journal who asked for what, and what came of it; those that only look do not."""
    return {
        name: act if name in QUIET else partial(_act_recorded, act, journal, wall_ns) for name, act in actions.items()
    }


def _act_recorded(
    act: Action, journal: NullJournal, wall_ns: Callable[[], int], request: OperatorRequest
) -> Answer | None:
    """Do what a person asks for; it is done even where the journal has no room."""
    done = OperatorAct(request.action, str(request.person), request.reason, dict(request.arguments))
    try:
        answer = act(request)
    except EngineError as error:
        done = replace(done, outcome=str(error))
        raise
    finally:
        with contextlib.suppress(JournalError, OSError):  # the next record that needs it halts
            append_operator(journal, done, wall_ns())
    return answer


def actions(supervisor: Supervisor, trading: TradingLoop, stop: Callable[[], object]) -> dict[str, Action]:
    """Return what the control socket takes beside "status"."""

    def resume(request: OperatorRequest) -> None:
        """Resume, but not what was halted since the person looked."""
        if supervisor.heed() and supervisor.state is DeskState.HALTED:
            raise EngineError(f"not resumed, since it was halted this moment: {supervisor.reason}")
        if supervisor.state in (DeskState.STOPPING, DeskState.STOPPED):
            raise EngineError("not resumed: the engine is stopping")
        supervisor.resume(request.reason, request.person)

    return {
        "halt": lambda request: supervisor.halt(request.reason, request.person),
        "reduce-only": lambda request: supervisor.reduce_only(request.reason, request.person),
        "resume": resume,
        "cancel-all": lambda request: supervisor.cancel_all(),
        "stop": lambda request: _nothing(stop()),
        "settle": lambda request: settle(trading, request),
        "position": lambda request: hold(trading, request),
        "cancels": lambda request: outcome(supervisor.pulled),
    }


def settle(trading: TradingLoop, request: OperatorRequest) -> Answer:
    """Pay what the person says that one contract of a market was worth."""
    instrument = quiet_market(trading, request)
    price = instrument.parse_price(str(request.arguments.get("price", "")))
    return {"settled": f"{instrument.symbol}: {trading.settlements.pay(instrument, price, str(request.person))}"}


def hold(trading: TradingLoop, request: OperatorRequest) -> Answer:
    """Hold what the person says is held of a market, and what it cost."""
    instrument = quiet_market(trading, request)
    if not request.reason:
        raise EngineError("say why: --reason TEXT")
    net = instrument.parse_size(str(request.arguments.get("net", "")))
    cost = parse_decimal(str(request.arguments.get("cost", "")), instrument.price_decimals + instrument.size_decimals)
    held = trading.settlements.hold(instrument, net, cost, str(request.person), request.reason)
    return {"held": f"{instrument.symbol}: {held}"}


def quiet_market(trading: TradingLoop, request: OperatorRequest) -> Instrument:
    """Return the market that a request names; EngineError for none of ours, and while something may trade there."""
    symbol = str(request.arguments.get("symbol", ""))
    found = [instrument for instrument in trading.instruments if instrument.symbol == symbol]
    if not found:
        known = ", ".join(instrument.symbol for instrument in trading.instruments)
        raise EngineError(f"unknown market {symbol!r}: this engine has {known}")
    if trading.is_trading and not trading.markets.causes(found[0]):
        raise EngineError(f"{symbol} trades: nothing was done; first `fixlane halt CONFIG --symbol {symbol}`")
    return found[0]


def outcome(orders: list[Order]) -> Answer:
    """Return what became of orders that had to go, counted."""
    counts = Counter(map(_became, orders))
    names = ("cancelled", "filled", "over", "unknown", "waiting")
    return {"asked": len(orders)} | {name: counts[name] for name in names}


def _became(order: Order) -> str:
    if not order.is_done:
        return "unknown" if order.ord_status == Status.UNKNOWN else "waiting"
    return {Status.CANCELED: "cancelled", Status.FILLED: "filled"}.get(order.ord_status, "over")


def _nothing(_: object) -> None:
    """Answer with the status."""
