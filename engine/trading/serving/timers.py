"""Timers of a strategy: due once or again and again, until they are taken back.

Units   delays in ns, by the clock that moves what is due.
Errors  ConfigError for a repetition that would keep the loop busy.
Thread  the loop thread only.
"""

from collections.abc import Callable
from typing import TypeAlias

from engine.errors import ConfigError

CallLater: TypeAlias = Callable[[int, Callable[[], None]], object]  # a delay in ns, and what is due then
SHORTEST_NS = 1_000_000  # between two calls of one that repeats


class Timer:
    """One timer; `fire` is called when it is due, for ever where `every_ns` is not 0."""

    __slots__ = ("_call_later", "_clock_ns", "_due_ns", "_every_ns", "_fire", "_handle", "is_over")

    def __init__(
        self,
        call_later: CallLater,
        clock_ns: Callable[[], int],
        fire: Callable[[], object],
        delay_ns: int,
        every_ns: int = 0,
    ) -> None:
        if every_ns and every_ns < SHORTEST_NS:
            raise ConfigError(f"every {every_ns} ns: a timer repeats every millisecond ({SHORTEST_NS} ns) at most")
        self._call_later = call_later
        self._clock_ns = clock_ns
        self._fire = fire
        self._every_ns = every_ns
        self._due_ns = clock_ns() + delay_ns
        self.is_over = False  # nothing comes of it any more
        self._handle = call_later(delay_ns, self._on_due)

    def cancel(self) -> None:
        """Take the timer back; one that is over stays so."""
        self.is_over = True
        cancel = getattr(self._handle, "cancel", None)  # an event loop has it, a clock that a test moves may not
        if cancel is not None:
            cancel()

    def _on_due(self) -> None:
        if self.is_over:
            return
        if self._every_ns:
            self._begin_again()
        else:
            self.is_over = True
        self._fire()

    def _begin_again(self) -> None:
        """Be due at the next multiple that is still to come: what was missed is not made up for."""
        now_ns = self._clock_ns()
        late_ns = max(0, now_ns - self._due_ns)
        self._due_ns += (late_ns // self._every_ns + 1) * self._every_ns
        self._handle = self._call_later(max(0, self._due_ns - now_ns), self._on_due)
