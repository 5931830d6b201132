"""How far the other sources of our fills run behind the session of orders: what both told, by the venue's trade id.

The lag of a source is that of the last fill that it and the session told, from the one's word to the other's; below 0
where the session was later. What is asked for only now and then, as REST is, is late by the time between two looks.

Units   times in ns since 1970.
Errors  none.
Cost    0.3 us for each fill that is told.
Bounds  the latest `MOST_KNOWN` fills of each side.
Thread  the loop thread only.
"""

from collections.abc import Callable
from enum import StrEnum

MOST_KNOWN = 20_000


class FillSource(StrEnum):
    """Where fills are told beside the session of orders."""

    FEED = "feed"
    REST = "rest"


class SourceLag:
    """One source; `lag_ns` is that of the last of `fills`, which it and the session of orders told."""

    __slots__ = ("_ahead", "_seen", "fills", "lag_ns")

    def __init__(self) -> None:
        self.fills = 0
        self.lag_ns = 0
        self._ahead: dict[str, int] = {}  # what the session has not told yet, and when this source did
        self._seen: dict[str, None] = {}  # a look lists again what one before it has listed

    def heard(self, trade_id: str, first_ns: int, now_ns: int) -> None:
        """Take a fill that this source tells now and the session told at `first_ns`, 0 for not yet."""
        if trade_id in self._seen:
            return
        if first_ns:
            self._ahead.pop(trade_id, None)
            _keep(self._seen, trade_id, None)
            self._measure(now_ns - first_ns)
        elif trade_id not in self._ahead:
            _keep(self._ahead, trade_id, now_ns)

    def told(self, trade_id: str, now_ns: int) -> None:
        """Take a fill that the session tells now."""
        heard_ns = self._ahead.pop(trade_id, 0)
        if heard_ns:
            _keep(self._seen, trade_id, None)
            self._measure(heard_ns - now_ns)

    def _measure(self, lag_ns: int) -> None:
        self.fills += 1
        self.lag_ns = lag_ns


class SecondSources:
    """The other sources of one desk's fills."""

    def __init__(self, wall_ns: Callable[[], int]) -> None:
        self.lags = {source: SourceLag() for source in FillSource}
        self._wall_ns = wall_ns
        self._first_ns: dict[str, int] = {}

    def told(self, trade_id: str) -> None:
        """Note a fill that the session of orders has told."""
        if not trade_id or trade_id in self._first_ns:
            return
        now_ns = self._wall_ns()
        _keep(self._first_ns, trade_id, now_ns)
        for each in self.lags.values():
            each.told(trade_id, now_ns)

    def heard(self, source: FillSource, trade_id: str) -> None:
        """Note a fill that another source tells; one that it told before counts once."""
        if trade_id:
            self.lags[source].heard(trade_id, self._first_ns.get(trade_id, 0), self._wall_ns())


def _keep(known: dict[str, int] | dict[str, None], key: str, value: int | None) -> None:
    if len(known) >= MOST_KNOWN:
        del known[next(iter(known))]
    known[key] = value  # type: ignore[assignment]
