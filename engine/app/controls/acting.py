"""What a running engine does when it is asked to hold, to lift, to flatten, or to change a limit.

Errors  EngineError, which is the answer, for what is refused: nothing was done then.
Thread  the loop thread.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine.config.sections import EngineConfig
from engine.config.tables import Tables
from engine.errors import EngineError
from engine.ops.control import Action, Answer, OperatorRequest
from engine.risk.limits import Ceiling
from engine.runtime.person import Person
from engine.trading.controls.holds import STRATEGY
from engine.trading.controls.memory import LimitChange
from engine.trading.controls.risk_desk import RiskDesk
from engine.trading.supervisor import Supervisor
from engine.units import Unit

FIELDS = {field.encode_name: field for field in msgspec.structs.fields(Ceiling)}


class Limiting:
    """The actions of one engine, whose one strategy goes by `strategy`: its class, with or without its module.

    Where there are `several` they go by their names, and `strategy` is empty.
    """

    def __init__(self, desk: RiskDesk, supervisor: Supervisor, strategy: str, several: bool = False) -> None:
        self._desk = desk
        self._supervisor = supervisor
        self._strategy = strategy
        self._several = several

    def actions(self) -> Mapping[str, Action]:
        """Return what the control socket takes."""
        return {
            "hold": self.hold,
            "lift": self.lift,
            "flatten": self.flatten,
            "flattening": lambda request: self._progress(),
            "limits": lambda request: self._limits(),
            "set-limit": self.set_limit,
            "reset-limit": self.reset_limit,
        }

    def hold(self, request: OperatorRequest) -> Answer:
        """Halt one market, the markets of one event, one of several strategies, or the only one, which is all of it."""
        scope, name = _scope(request)
        if scope == STRATEGY and not self._several:
            self._supervisor.halt(request.reason, self._named(name, request))
            return {"held": f"strategy {self._strategy}, which is all of this engine"}
        found = self._desk.hold(scope, name, str(request.person), request.reason)
        held = f"strategy {name}" if scope == STRATEGY else ", ".join(each.symbol for each in found)
        return {"held": held + self._desk.unkept()}

    def lift(self, request: OperatorRequest) -> Answer:
        """Let them trade again."""
        scope, name = _scope(request)
        if scope == STRATEGY and not self._several:
            self._supervisor.resume(request.reason, self._named(name, request))
            return {"lifted": f"strategy {self._strategy}, which is all of this engine"}
        opened = self._desk.lift(scope, name, str(request.person), request.reason)
        markets = ", ".join(each.symbol for each in opened) or "nothing yet, for another hold stands"
        lifted = f"strategy {name}" if scope == STRATEGY else markets
        return {"lifted": lifted + self._desk.unkept()}

    def _named(self, name: str, request: OperatorRequest) -> Person:
        if name not in (self._strategy, self._strategy.rpartition(":")[2]):
            raise EngineError(f"unknown strategy {name!r}: this engine has {self._strategy}")
        return request.person

    def flatten(self, request: OperatorRequest) -> Answer:
        """Close what is held in a scope, or say what that would do."""
        scope, name = _scope(request)
        if scope == STRATEGY:
            raise EngineError("flatten closes a market, an event or all: name one of these; nothing was done")
        if request.arguments.get("dry_run"):
            return {"plan": self._desk.flatten.plan(self._desk.holds.find(scope, name)), "is_begun": False}
        return {"plan": self._desk.close_out(scope, name, str(request.person), request.reason), "is_begun": True}

    def _progress(self) -> Answer:
        flatten = self._desk.flatten
        return {
            "legs": [flatten.outcome(leg) for leg in flatten.legs],
            "is_done": not flatten.is_active,
            "left": sum(leg.end is None or leg.end.value != "flat" for leg in flatten.legs),
        }

    def _limits(self) -> Answer:
        watch, now_ns = self._desk.watch, self._desk.repeats.now_ns
        return {
            "limits": [watch.words(row) for row in watch.rows(now_ns)],
            "changes": [self._desk.limits.words(each) for each in self._desk.limits.all()],
            "holds": [f"{each.scope} {each.name}: {each.words}" for each in self._desk.holds.all()],
        }

    def set_limit(self, request: OperatorRequest) -> Answer:
        """Change one limit, never above its ceiling."""
        name, symbol, text = [str(request.arguments.get(key, "")) for key in ("name", "symbol", "value")]
        if not request.reason:
            raise EngineError("say why: --reason TEXT")
        field = self._field(name)
        change = LimitChange(
            name=field,
            symbol=symbol,
            value=parse_limit(name, text, self._desk.decimals),
            filed=self._desk.limits.filed(field),
            day_start_ns=self._desk.day_start_ns,
            by=str(request.person),
            reason=request.reason,
            when_ns=self._desk.wall_ns,
        )
        return {"done": self._desk.change(change)}

    def reset_limit(self, request: OperatorRequest) -> Answer:
        """Go back to what the configuration says of a limit."""
        name, symbol = str(request.arguments.get("name", "")), str(request.arguments.get("symbol", ""))
        return {"done": self._desk.reset(self._field(name), symbol, str(request.person), request.reason)}

    def _field(self, name: str) -> str:
        if name not in FIELDS:
            raise EngineError(
                f"{name!r} is no limit that can be set while the engine runs; there is {', '.join(FIELDS)}"
            )
        return FIELDS[name].name


def limiting(desk: RiskDesk, supervisor: Supervisor, config: EngineConfig) -> Mapping[str, Action]:
    """Return the actions of an engine with this configuration."""
    return Limiting(desk, supervisor, config.strategy.path, bool(config.strategies)).actions()


def parse_limit(name: str, text: str, decimals: tuple[int, int]) -> int:
    """Return what a limit's text means, as in the configuration; EngineError where it means nothing."""
    tables = Tables(Path())
    tables.set_units(*decimals)
    kind = FIELDS[name].type
    is_count = Unit.COUNT in getattr(kind, "__metadata__", ())
    value = tables.value(
        kind, int(text) if is_count and text.isascii() and text.isdecimal() and len(text) < 19 else text, name
    )
    if tables.problems:
        raise EngineError("; ".join(tables.problems))
    return int(value)


def _scope(request: OperatorRequest) -> tuple[str, str]:
    scope, name = str(request.arguments.get("scope", "")), str(request.arguments.get("name", ""))
    if scope not in ("market", "event", "all", STRATEGY) or (not name and scope != "all"):
        raise EngineError("scope must be market, event or strategy, with a name, or all")
    return scope, "" if scope == "all" else name
