"""Public trades, each told once, whichever way it comes: over the feed, or asked for after it was away.

Bounds  the names of the last `MOST_REMEMBERED` trades are kept, the oldest forgotten first.
Thread  the loop thread only.
"""

from collections.abc import Iterable
from typing import NamedTuple

from engine.instrument import Instrument

MOST_REMEMBERED = 50_000


class LateTrade(NamedTuple):
    """A trade that the feed did not bring."""

    trade_id: str
    instrument: Instrument
    side: int
    price: int
    size: int
    is_block: bool
    time_ns: int


class Prints:
    """Remembers which trades were told."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._known: dict[str, None] = {}  # as an ordered set

    def is_new(self, trade_id: str) -> bool:
        """Return whether a trade was not told before, and remember it; one without a name is always new."""
        if not trade_id:
            return True
        if trade_id in self._known:
            return False
        self._known[trade_id] = None
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return True

    def unknown(self, trades: Iterable[LateTrade]) -> list[LateTrade]:
        """Return those that were not told, in the order in which they happened, and remember them."""
        return [each for each in sorted(trades, key=_time) if self.is_new(each.trade_id)]


def _time(trade: LateTrade) -> int:
    return trade.time_ns
