"""The last trades of each market, for a strategy that wants them.

Units   as in `instrument`; times in ns since 1970 by the engine's clock.
Bounds  `most` trades a market.
Thread  the loop thread only.
"""

from collections import deque
from collections.abc import Callable, Iterable

from engine.instrument import Instrument
from engine.strategy.trades import LastTrade
from engine.venue import MarketEvent


class LastTrades:
    """Keeps `most` trades of each market, those beside the book excepted; `wall_ns` stamps them."""

    def __init__(self, most: int, wall_ns: Callable[[], int]) -> None:
        self._most = most
        self._wall_ns = wall_ns
        self._of: dict[Instrument, deque[LastTrade]] = {}

    def take(self, event: MarketEvent) -> None:
        """Keep a trade that was told."""
        if event.is_block:
            return
        trades = self._of.get(event.instrument)
        if trades is None:
            trades = self._of[event.instrument] = deque(maxlen=self._most)
        trades.append(LastTrade(self._wall_ns(), event.side, event.price, event.size))

    def of(self, instrument: Instrument) -> tuple[LastTrade, ...]:
        """Return what is kept of a market, the oldest first."""
        return tuple(self._of.get(instrument, ()))

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget these markets."""
        for instrument in instruments:
            self._of.pop(instrument, None)
