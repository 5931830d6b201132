"""Judges each market by its own orders, cancels and fills: one that asks too much for what comes of it stops alone.

Counts are looked at every 16th of the window, so that it is that much too long at most. A market that was stopped
begins anew, and so does one that takes the place of another.

Units   times in ns, monotonic.
Cost    1 ns a market and look; a look every 16th of the window.
Thread  the loop thread only.
"""

from array import array
from collections import deque
from collections.abc import Callable

from engine.instrument import Instrument
from engine.risk import NO_LIMIT, Risk

LOOKS = 16  # in a window
KINDS = 3  # counts of a market: orders, cancels, fills


class MarketRatios:
    """The ratios of one desk; `stop_market` takes a market and the words."""

    def __init__(self, risk: Risk, stop_market: Callable[[Instrument, str], object]) -> None:
        self._risk = risk
        self._stop_market = stop_market
        self._looks: deque[tuple[int, array[int]]] = deque([(0, array("q"))])  # when, and the counts then
        self._next_ns = 0

    def tick(self, now_ns: int) -> None:
        """Look, if it is time."""
        ratios = self._risk.limits.ratios
        if ratios is None or now_ns < self._next_ns:
            return
        self._next_ns = now_ns + ratios.window_ns // LOOKS
        for instrument, *counts in self.busy(ratios.min_orders_per_market):
            if fault := ratios.fault(*counts):
                self.begin_anew(instrument)
                self._stop_market(instrument, fault)
        self._looks.append((now_ns, self._risk.activity.by_market()))
        while len(self._looks) > 1 and self._looks[1][0] <= now_ns - ratios.window_ns:
            self._looks.popleft()

    def busy(self, least: int) -> list[tuple[Instrument, int, int, int]]:
        """Return the orders, cancels and fills of the window in markets that had so many orders."""
        if least >= NO_LIMIT:
            return []
        markets = {each.index: each for each in self._risk.exposure.instruments}
        found = self._risk.activity.since(self._looks[0][1], least)
        return [(markets[at], orders, cancels, fills) for at, orders, cancels, fills in found if at in markets]

    def begin_anew(self, instrument: Instrument) -> None:
        """Count nothing of what came before: a person looked at it, or the market has just been listed."""
        place = slice(KINDS * instrument.index, KINDS * (instrument.index + 1))
        now = self._risk.activity.by_market()
        for counts in (now, *[counts for _, counts in self._looks]):
            counts.extend(bytes(max(0, place.stop - len(counts))))
            counts[place] = now[place]
