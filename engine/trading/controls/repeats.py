"""The same thing again and again: too many fills, or too many refusals, and a person has to look.

One market stops for what happens there, all of trading halts for what happens in sum. Fills are counted for the ratios
of `risk` too, which are judged in an idle moment.

Units   times in ns, monotonic.
Cost    60 ns a fill, one reading of the clock included.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable

from engine.instrument import Instrument
from engine.risk._activity import Activity, EventWindow
from engine.risk.limits import Limits, RatioLimit, RepeatLimit
from engine.runtime._clock import Clock
from engine.units import NO_LIMIT


class Window:
    """The events of one kind, by market and in all; without a limit none is kept."""

    def __init__(self, what: str, limit: RepeatLimit | None) -> None:
        self._what = what
        self.limit = limit
        self._of_market: dict[Instrument, EventWindow] = {}
        self._overall = None if limit is None else _window(limit.overall, limit.window_ns)

    def market_fault(self, instrument: Instrument, now_ns: int) -> str:
        """Take an event; return what is wrong with its market, an empty text if nothing is."""
        if self.limit is None or self.limit.per_market == NO_LIMIT:
            return ""
        window = self._of_market.get(instrument)
        if window is None:
            window = self._of_market[instrument] = EventWindow(self.limit.per_market, self.limit.window_ns)
        if not window.add(now_ns):
            return ""
        window.clear()  # whoever lets the market go on begins anew
        return self._words(self.limit.per_market)

    def fault(self, now_ns: int) -> str:
        """Take the same event; return what is wrong with all of them, an empty text if nothing is."""
        if self.limit is None or self._overall is None or not self._overall.add(now_ns):
            return ""
        self._overall.clear()
        return self._words(self.limit.overall)

    def _words(self, most: int) -> str:
        assert self.limit is not None
        return f"more than {most} {self._what} in {self.limit.window_ns / 1e9:g} s"

    def used(self, now_ns: int) -> tuple[int, int]:
        """Return how many there are in all, and the limit; (0, NO_LIMIT) without one."""
        if self._overall is None:
            return 0, NO_LIMIT
        return self._overall.count(now_ns), self._overall.most

    def busiest(self, now_ns: int) -> tuple[int, int, Instrument | None]:
        """Return how many there are in the market that has most, the limit, and that market."""
        most, where = 0, None
        for instrument, window in self._of_market.items():
            if (count := window.count(now_ns)) > most:
                most, where = count, instrument
        return most, NO_LIMIT if self.limit is None else self.limit.per_market, where

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget these markets."""
        for instrument in instruments:
            self._of_market.pop(instrument, None)


class Repeats:
    """The throttles of one desk: `stop_market` takes a market and the words, `halt` the words."""

    def __init__(
        self,
        limits: Limits,
        activity: Activity,
        clock_ns: Callable[[], int],
        stop_market: Callable[[Instrument, str], object],
        halt: Callable[[str], object],
    ) -> None:
        self.executions = Window("fills", limits.executions)
        self.rejects = Window("refused requests", limits.rejects)
        self.stop_market = stop_market
        self.halt = halt
        self._activity = activity
        self._clock = Clock(clock_ns)

    def filled(self, instrument: Instrument) -> int:
        """Take a fill; return 1 if it stopped anything."""
        now_ns = self._clock.now_ns()
        self._activity.filled(now_ns, instrument.index)
        return 0 if self.executions.limit is None else self._judge(self.executions, instrument, now_ns)

    def refused(self, instrument: Instrument) -> int:
        """Take a request that the venue refused; return as `filled` does."""
        return self._judge(self.rejects, instrument, self._clock.now_ns())

    def _judge(self, window: Window, instrument: Instrument, now_ns: int) -> int:
        if fault := window.market_fault(instrument, now_ns):
            self.stop_market(instrument, fault)
        if whole := window.fault(now_ns):
            self.halt(whole)
        return int(bool(fault or whole))

    def judge_ratios(self, ratios: RatioLimit) -> None:
        """Halt if the requests of the window ask too much for what came of them."""
        orders, cancels, fills = self._activity.totals(self._clock.now_ns())
        if orders < ratios.min_orders:
            return
        fault = ratios.fault(orders, cancels, fills)
        if not fault:
            return
        self._activity.clear()
        self.halt(fault)

    @property
    def now_ns(self) -> int:
        """Return the time by which everything here is counted."""
        return self._clock.now_ns()

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget these markets."""
        self.executions.remove(instruments)
        self.rejects.remove(instruments)


def _window(most: int, window_ns: int) -> EventWindow | None:
    return None if most == NO_LIMIT else EventWindow(most, window_ns)
