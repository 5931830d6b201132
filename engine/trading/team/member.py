"""One of several strategies: which markets it sees, how its hooks are called, and whether it is stopped.

Errors  what leaves a hook halts all trading, or, where `on_error` is "stop", ends this strategy alone.
Thread  the loop thread only.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from engine.instrument import Instrument
from engine.strategy import Strategy
from engine.trading.guard import has_hook, told_failure

OnError: TypeAlias = Literal["halt", "stop"]


class SeenMarkets(NamedTuple):
    """The markets of one strategy: those in any of the lists, or all of them where every list is empty."""

    symbols: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    series: tuple[str, ...] = ()

    def has(self, instrument: Instrument) -> bool:
        """Return whether a market is one of them."""
        if not (self.symbols or self.events or self.series):
            return True
        named = (
            (instrument.symbol, self.symbols),
            (instrument.event, self.events),
            (instrument.series, self.series),
        )
        return any(name in names for name, names in named)


EVERY_MARKET = SeenMarkets()


class Member:
    """A strategy by its name; `halt` and `stop` are given by its team."""

    def __init__(
        self, name: str, strategy: Strategy, markets: SeenMarkets = EVERY_MARKET, on_error: OnError = "halt"
    ) -> None:
        self.name = name
        self.strategy = strategy
        self.markets = markets
        self.on_error = on_error
        self.reason = ""  # why it is stopped
        self.has_started = False
        self.fills = 0
        self.halt: Callable[[str], object] = lambda reason: None
        self.stop: Callable[[str, str], object] = lambda name, reason: None

    def call(self, hook: str, *arguments: object) -> None:
        """Call one hook."""
        try:
            getattr(self.strategy, hook)(*arguments)
        except BaseException as error:
            self.failed(hook, error)

    def tell(self, hook: str, *arguments: object) -> None:
        """Call one hook if the strategy has it."""
        if has_hook(self.strategy, hook):
            self.call(hook, *arguments)

    def failed(self, hook: str, error: BaseException) -> None:
        """Act on what a hook raised."""
        self.failed_beside(f"hook {hook}", error)

    def failed_beside(self, what: str, error: BaseException) -> None:
        """Act on what a hook, a task or an input raised."""
        whose = f"strategy {self.name}: "
        reason = told_failure(self.strategy, whose + what, error)
        if self.on_error == "halt":
            self.halt(reason)
        elif not self.reason:
            self.stop(self.name, reason.removeprefix(whose))

    def begin(self) -> None:
        """Start it, or tell it that trading goes on."""
        if self.has_started:
            self.tell("on_resume")
        else:
            self.has_started = True
            self.call("on_start")
