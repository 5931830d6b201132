"""Which markets take no new orders, and why: one market's fault stops one market.

A market may be stopped for several causes at once and opens again when the last one is lifted. Some causes pull its
resting orders too: the supervisor cancels them. Risk knows by one number a market, so that the path pays nothing.

Units   times in ns since 1970.
Thread  the loop thread only.
"""

from collections.abc import Callable
from enum import IntFlag
from typing import NamedTuple

from engine.instrument import Instrument
from engine.risk._checks import Risk
from engine.runtime.notices import NoticeKind, Notices


class Stop(IntFlag):
    """Why a market takes no new orders."""

    REFUSED = 1  # the venue does not know it, or refused its subscription
    NO_BOOK = 2  # for longer than its bound there was no book to believe
    LATE = 4  # its stream runs too far behind the venue's clock
    CLOSED = 8  # closed, determined or settled
    PAUSED = 16  # the venue will open it again
    DOUBT = 32  # an order or a fill contradicts what we know
    REJECTS = 64  # the venue refused too many requests in a row; a person lifts it


PULLED = Stop.REFUSED | Stop.NO_BOOK | Stop.LATE | Stop.CLOSED | Stop.DOUBT  # nothing of ours may rest there


class StoppedMarket(NamedTuple):
    """One cause that stops one market, in words."""

    instrument: Instrument
    cause: Stop
    text: str
    since_ns: int


class Markets:
    """The stops of one desk; `tell` takes a market and the words for its strategy, empty when it opens again."""

    def __init__(
        self,
        risk: Risk,
        notices: Notices,
        wall_ns: Callable[[], int],
        tell: Callable[[Instrument, str], object],
    ) -> None:
        self._risk = risk
        self._notices = notices
        self._wall_ns = wall_ns
        self._tell = tell
        self._stopped: dict[tuple[Instrument, Stop], StoppedMarket] = {}

    def stop(self, instrument: Instrument, cause: Stop, text: str) -> None:
        """Take no new orders in a market, until `lift` of the same cause; told once a cause."""
        if (instrument, cause) in self._stopped:
            return
        self._stopped[instrument, cause] = StoppedMarket(instrument, cause, text, self._wall_ns())
        self._risk.set_stops(instrument, self.causes(instrument))
        words = f"{instrument.symbol}: {text}"
        self._notices.tell(NoticeKind.MARKET_STOPPED, words)
        self._tell(instrument, words)

    def lift(self, instrument: Instrument, cause: Stop) -> None:
        """Take one cause away; the market opens if it was the last."""
        if self._stopped.pop((instrument, cause), None) is None:
            return
        left = self.causes(instrument)
        self._risk.set_stops(instrument, left)
        if not left:
            self._notices.tell(NoticeKind.MARKET_RESUMED, instrument.symbol)
            self._tell(instrument, "")

    def causes(self, instrument: Instrument) -> Stop:
        """Return every cause that stops a market; false if it is open."""
        causes = Stop(0)
        for stopped in self._stopped.values():
            if stopped.instrument is instrument:
                causes |= stopped.cause
        return causes

    def all(self) -> list[StoppedMarket]:
        """Return every cause of every stopped market, the oldest first."""
        return list(self._stopped.values())

    def pulled(self) -> list[Instrument]:
        """Return the markets whose resting orders are to be cancelled."""
        return list({stopped.instrument: None for stopped in self._stopped.values() if stopped.cause & PULLED})
