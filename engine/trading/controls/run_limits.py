"""Limits that a person sets while the engine runs: never above the ceiling, and gone again by rule.

A tighter limit holds until a person resets it or the configuration says something else of that limit. A wider one ends
with the trading day too.

Units   as the limit's.
Errors  EngineError for a limit that cannot be set so.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable
from typing import get_args

import msgspec
from msgspec import structs

from engine._decimal import format_decimal
from engine.errors import EngineError
from engine.instrument import Instrument
from engine.risk import NO_LIMIT, Risk
from engine.risk.limits import CHANGEABLE, Ceiling, Limits
from engine.trading.controls.memory import LimitChange
from engine.units import Unit

BY_MARKET = ("max_position", "max_market_loss")
UNITS = {
    field.name: next(each for each in get_args(field.type) if isinstance(each, Unit))
    for field in msgspec.structs.fields(Ceiling)
}


class RunLimits:
    """The limits of one desk as they are now, over those of its configuration."""

    def __init__(
        self,
        risk: Risk,
        decimals: Callable[[], tuple[int, int]],
        keep: Callable[[], object],
        day_start_ns: Callable[[], int],
    ) -> None:
        self._risk = risk
        self._filed: Limits = risk.limits
        self._decimals = decimals
        self._keep = keep
        self._day_start_ns = day_start_ns
        self._changes: dict[tuple[str, str], LimitChange] = {}

    def restore(self, changes: Iterable[LimitChange]) -> list[str]:
        """Take over what an earlier run left as far as it still holds; return a line for each that does not."""
        self._changes = {(each.name, each.symbol): each for each in changes}
        ended = self._end([(each, why) for each in self._changes.values() if (why := self._why_over(each))])
        self._apply()
        return ended

    def turn_day(self) -> list[str]:
        """End what ends with a day; return a line for each."""
        over = [(each, why) for each in self._changes.values() if (why := self._why_over(each))]
        if not over:
            return []
        ended = self._end(over)
        self._apply()
        self._keep()
        return ended

    def _end(self, over: list[tuple[LimitChange, str]]) -> list[str]:
        for change, _ in over:
            del self._changes[change.name, change.symbol]
        return [f"{self.words(change)} ended: {why}" for change, why in over]

    def _why_over(self, change: LimitChange) -> str:
        if change.name not in CHANGEABLE:
            return "no limit of that name can be set"
        if change.filed != getattr(self._filed, change.name):
            return "the configuration says something else of it now"
        if change.value > self._filed.most(change.name):
            return "it is above its ceiling now"
        if not change.is_tighter and change.day_start_ns != self._day_start_ns():
            return "it was wider than the configuration, and its day is over"
        return ""

    def set(self, change: LimitChange) -> str:
        """Judge by a limit from now on; return what was done, in words."""
        self._check(change)
        self._changes[change.name, change.symbol] = change
        self._apply()
        self._keep()
        until = "until it is reset" if change.is_tighter else "until the trading day ends"
        return f"{self.words(change)}, {until} or the configuration says something else of it"

    def _check(self, change: LimitChange) -> None:
        self._check_name(change.name, change.symbol)
        most = self._filed.most(change.name)
        if change.value > most:
            raise EngineError(
                f"{change.name} {self.shown(change.name, change.value)} is above its ceiling"
                f" {self.shown(change.name, most)}: only [risk.ceiling] of the configuration raises that"
            )
        general = self._now(change.name)
        if change.symbol and change.value >= general:
            raise EngineError(
                f"{change.name} of all markets is {self.shown(change.name, general)}: one of {change.symbol} that is"
                " not below it would change nothing"
            )
        if change.name == "max_book_age_ns" and not change.value:
            raise EngineError("max_book_age must be positive: every order would be denied")

    def _check_name(self, name: str, symbol: str) -> None:
        if name not in CHANGEABLE:
            known = ", ".join(each.removesuffix("_ns") for each in CHANGEABLE)
            raise EngineError(f"{name!r} is no limit that can be set while the engine runs; there is {known}")
        if symbol and name not in BY_MARKET:
            raise EngineError(f"{name} has no value of its own for one market; {' and '.join(BY_MARKET)} have")
        if symbol and not self._markets(symbol):
            raise EngineError(f"unknown market {symbol!r}")

    def _now(self, name: str) -> int:
        """Return the limit of all markets as it is now."""
        change = self._changes.get((name, ""))
        value: int = getattr(self._filed, name) if change is None else change.value
        return value

    def filed(self, name: str) -> int:
        """Return what the configuration says; EngineError for a name that is no limit."""
        self._check_name(name, "")
        value: int = getattr(self._filed, name)
        return value

    def reset(self, name: str, symbol: str) -> str:
        """Go back to the configuration's limit; return what was done, in words."""
        self._check_name(name, "")
        if self._changes.pop((name, symbol), None) is None:
            raise EngineError(f"{name}{f' of {symbol}' if symbol else ''} is as the configuration says")
        self._apply()
        self._keep()
        return f"{name}{f' of {symbol}' if symbol else ''} is {self.shown(name, self.filed(name))} again"

    def all(self) -> list[LimitChange]:
        """Return what is not as the configuration says."""
        return list(self._changes.values())

    def apply_to(self, instrument: Instrument) -> None:
        """Let a market have its own limits, as one that has just been listed."""
        own = {
            name: change.value
            for name in BY_MARKET
            if (change := self._changes.get((name, instrument.symbol))) is not None
        }
        self._risk.set_own_limits(instrument, *[own.get(name, NO_LIMIT) for name in BY_MARKET])

    def _apply(self) -> None:
        values = {name: change.value for (name, symbol), change in self._changes.items() if not symbol}
        self._risk.change_limits(structs.replace(self._filed, **values))
        for instrument in self._risk.exposure.instruments:
            self.apply_to(instrument)

    def _markets(self, symbol: str) -> list[Instrument]:
        return [each for each in self._risk.exposure.instruments if each.symbol == symbol]

    def words(self, change: LimitChange) -> str:
        """Return a change as a person reads it."""
        where = f" of {change.symbol}" if change.symbol else ""
        was, now = self.shown(change.name, change.filed), self.shown(change.name, change.value)
        return f"{change.name.removesuffix('_ns')}{where} is {now}, not {was}, by {change.by}: {change.reason}"

    def shown(self, name: str, value: int) -> str:
        """Return the amount of a limit as the configuration has it."""
        return shown(UNITS.get(name, Unit.COUNT), value, self._decimals())


def shown(unit: Unit, value: int, decimals: tuple[int, int]) -> str:
    """Return an amount as a person reads it; `decimals` are those of a price and of a size."""
    if value >= NO_LIMIT:
        return "none"
    if unit is Unit.DURATION:
        return f"{format_decimal(value, 9).rstrip('0').rstrip('.')}s"
    if unit is Unit.COUNT:
        return str(value)
    return format_decimal(value, {Unit.PRICE: decimals[0], Unit.SIZE: decimals[1]}.get(unit, sum(decimals)))
