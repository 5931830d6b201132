"""When the exchange takes requests: pauses of all of it or of a shard, now or planned, and shards that do not answer.

A trading pause takes cancels, an exchange pause takes nothing. Resting orders stay, unless they ask to be cancelled.

Units   times in ns, passed in.
Source  Kalshi FIX: maintenance and pauses; Kalshi REST: exchange status and schedule.
"""

from typing import NamedTuple

from engine.exchange.account_events import HoursChanged
from engine.exchange.events import ANY_SHARD


class PlannedPause(NamedTuple):
    """A pause to come; `is_exchange` where nothing is taken, not even cancels."""

    begin_ns: int
    end_ns: int
    is_exchange: bool = False
    shard: int = ANY_SHARD


class Hours:
    """Whether each shard is open and trades; what is said of ANY_SHARD holds for all of them."""

    def __init__(self) -> None:
        self.resumes_ns = 0
        self.pauses: list[PlannedPause] = []
        self._closed: set[int] = set()
        self._resting: set[int] = set()
        self._begun: list[PlannedPause] = []
        self._lost: dict[int, bool] = {}  # shards that do not answer, and whether they carry out requests all the same

    def is_open(self, shard: int = ANY_SHARD) -> bool:
        """Return whether a shard takes anything at all."""
        return not self._closed & {shard, ANY_SHARD}

    def is_trading(self, shard: int = ANY_SHARD) -> bool:
        """Return whether a shard takes orders."""
        return self.is_open(shard) and not self._resting & {shard, ANY_SHARD}

    def change(
        self, now_ns: int, *, is_open: bool = True, is_trading: bool = True, shard: int = ANY_SHARD, resumes_ns: int = 0
    ) -> HoursChanged:
        """Open or pause a shard, or all of them."""
        for paused, now in ((self._closed, is_open), (self._resting, is_trading)):
            if now:
                paused.discard(shard)
            else:
                paused.add(shard)
        self.resumes_ns = resumes_ns
        return HoursChanged(shard=shard, is_open=is_open, is_trading=is_trading, resumes_ns=resumes_ns, now_ns=now_ns)

    def plan(self, pause: PlannedPause) -> None:
        """Announce a pause."""
        self.pauses.append(pause)
        self.pauses.sort()

    def advance(self, now_ns: int) -> list[HoursChanged]:
        """Begin and end the planned pauses whose time has come."""
        told = []
        for pause in [pause for pause in self.pauses if pause.begin_ns <= now_ns]:
            self.pauses.remove(pause)
            if pause.end_ns > now_ns:
                self._begun.append(pause)
                told.append(self._turn(pause, now_ns, is_over=False))
        for pause in [pause for pause in self._begun if pause.end_ns <= now_ns]:
            self._begun.remove(pause)
            told.append(self._turn(pause, now_ns, is_over=True))
        return told

    def _turn(self, pause: PlannedPause, now_ns: int, *, is_over: bool) -> HoursChanged:
        is_open = is_over or not pause.is_exchange
        resumes_ns = 0 if is_over else pause.end_ns
        return self.change(now_ns, is_open=is_open, is_trading=is_over, shard=pause.shard, resumes_ns=resumes_ns)

    def lose(self, shard: int, *, is_applied: bool) -> None:
        """Let a shard answer EXCHANGE_UNAVAILABLE to every request, carried out all the same or not."""
        self._lost[shard] = is_applied

    def find(self, shard: int) -> None:
        """Let a shard answer again."""
        self._lost.pop(shard, None)

    def lost(self, shard: int) -> bool | None:
        """Return whether a shard that does not answer carries requests out; None for one that answers."""
        return self._lost.get(shard, self._lost.get(ANY_SHARD))
