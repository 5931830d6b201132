"""The kill switch of one market, one event, all markets, or one of several strategies: no new order leaves there,
whatever restarts in between.

A hold counts for markets that are still to come too. What the engine halted by itself ends with `resume`; what a person
halted by name ends by name. Where several hold a market, the word of a person goes before the engine's, the last one
before those of earlier; the engine never takes the place of a person.

Units   times in ns since 1970.
Errors  EngineError for a name that is none of ours.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable

from engine.errors import EngineError
from engine.instrument import Instrument
from engine.trading.controls.memory import Hold
from engine.trading.loop import TradingLoop
from engine.trading.markets import Stop, named

MARKET, EVENT, ALL, STRATEGY = "market", "event", "all", "strategy"


class Holds:
    """The holds of one desk; `keep` writes them down after each change.

    `is_closing` says of a market whether `flatten` is at work there.
    """

    def __init__(self, loop: TradingLoop, keep: Callable[[], object], is_closing: Callable[[Instrument], bool]) -> None:
        self._loop = loop
        self._keep = keep
        self._is_closing = is_closing
        self._holds: dict[tuple[str, str], Hold] = {}  # the last one said stands last

    def restore(self, holds: Iterable[Hold]) -> None:
        """Go on with what an earlier run held."""
        self._holds = {(hold.scope, hold.name): hold for hold in holds}
        for instrument in self._loop.instruments:
            self.apply(instrument)
        self._apply_strategies()

    def add(self, hold: Hold) -> list[Instrument]:
        """Hold what it names; return the markets that it concerns now, of which there must be one unless it is all."""
        found = self.find(hold.scope, hold.name)
        former = self._holds.get((hold.scope, hold.name))
        if hold.is_ours and former is not None and not former.is_ours:
            return found
        self._holds.pop((hold.scope, hold.name), None)
        self._holds[hold.scope, hold.name] = hold
        for instrument in found:
            self.apply(instrument)
        self._apply_strategies()
        self._keep()
        return found

    def lift(self, scope: str, name: str) -> list[Instrument]:
        """End a hold by its name; EngineError where there is none. Return the markets that are open to orders again."""
        if (scope, name) not in self._holds:
            raise EngineError(f"{scope} {name!r} is not halted by name; there is {self.names() or 'nothing that is'}")
        return self._lift([(scope, name)])

    def lift_ours(self) -> list[Instrument]:
        """End what the engine did by itself, and what holds all markets."""
        return self._lift([key for key, hold in self._holds.items() if hold.is_ours or hold.scope == ALL])

    def _lift(self, keys: list[tuple[str, str]]) -> list[Instrument]:
        before = [instrument for instrument in self._loop.instruments if self.of(instrument)]
        for key in keys:
            del self._holds[key]
        for instrument in before:
            self.apply(instrument)
        self._apply_strategies()
        if keys:
            self._keep()
        return [instrument for instrument in before if not self.of(instrument)]

    def find(self, scope: str, name: str) -> list[Instrument]:
        """Return the markets of a scope; EngineError for one that is not ours."""
        if scope == STRATEGY:
            names = [] if self._loop.team is None else list(self._loop.team.members)
            if name not in names:
                raise EngineError(f"unknown strategy {name!r}: this engine has {named(names) or 'one without a name'}")
            return []
        markets = list(self._loop.instruments)
        found = [each for each in markets if scope == ALL or name == (each.symbol if scope == MARKET else each.event)]
        if not found and scope != ALL:
            known = sorted({each.symbol if scope == MARKET else each.event for each in markets})
            raise EngineError(f"unknown {scope} {name!r}: this engine has {named(known) or 'none'}")
        return found

    def of(self, instrument: Instrument) -> Hold | None:
        """Return the hold that says how a market stands; None if nothing holds it."""
        keys = {(ALL, ""), (EVENT, instrument.event), (MARKET, instrument.symbol)}
        found = [hold for key, hold in self._holds.items() if key in keys]
        said = [hold for hold in found if not hold.is_ours] or found
        return said[-1] if said else None

    def all(self) -> list[Hold]:
        """Return every hold, the oldest first."""
        return list(self._holds.values())

    def names(self) -> str:
        """Return what is held in one line."""
        return ", ".join(f"{hold.scope} {hold.name}".strip() for hold in self._holds.values())

    def apply(self, instrument: Instrument) -> None:
        """Let a market stand as its holds say."""
        hold, markets = self.of(instrument), self._loop.markets
        is_closing = hold is not None and hold.is_flat and self._is_closing(instrument)
        wanted = Stop(0) if hold is None else Stop.FLATTENED if is_closing else Stop.HALTED
        self._loop.risk.set_reduce_only(instrument, hold is not None)
        if hold is not None:
            markets.stop(instrument, wanted, hold.words)
        markets.lift(instrument, (Stop.HALTED | Stop.FLATTENED) & ~wanted)

    def _apply_strategies(self) -> None:
        """Let each of several strategies stand as its hold says."""
        team = self._loop.team
        for name, member in () if team is None else team.members.items():
            hold = self._holds.get((STRATEGY, name))
            if hold is not None and not member.reason:
                team.stop(name, hold.words)
            elif hold is None and member.reason:
                team.resume(name)
