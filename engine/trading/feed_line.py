"""One connection of a feed as its watch sees it: whether it is there, and how late what it brings is.

Units   durations and monotonic times in ns.
Errors  none: what is wrong is told, and stops what came over this connection.
Thread  the loop thread only.
"""

from collections.abc import Callable

from engine.runtime.notices import NoticeKind, Notices
from engine.trading.lag import NEVER, Lag
from engine.units import NO_LIMIT

CALM_NS = 1_000_000_000  # late data are in time again when they have been for so long
PATIENCE_NS, MOST_PATIENCE_NS = 10_000_000_000, 600_000_000_000  # late and not better: the first and longest wait
NO_DIFFERENCE = -(2**63)  # no message told when it was sent


class WatchedLine:
    """Judges one connection; `stop` stops its markets with a text, `lift` opens them, `reconnect` begins it anew."""

    def __init__(
        self,
        max_lag_ns: int,
        notices: Notices,
        stop: Callable[[str], object],
        lift: Callable[[], object],
        reconnect: Callable[[str], object],
    ) -> None:
        self.loss = ""  # why it is not there
        self.difference_ns = NO_DIFFERENCE  # arrival less sending of the last frame of the last read
        self.late_after_ns = NEVER  # a larger one is late
        self.is_late = False
        self.text = ""  # how late it is, or was last
        self._max_lag_ns = max_lag_ns
        self._lag = Lag(max_lag_ns)
        self._notices = notices
        self._stop = stop
        self._lift = lift
        self._reconnect = reconnect
        self._calm_ns = 0  # when late data began to be in time
        self._patience_ns = PATIENCE_NS
        self._bad_ns = 0  # since when they have been late and not become better
        self._worst_ns = 0  # how late that was

    @property
    def lag_ns(self) -> int:
        """Return how far the last message ran behind the venue."""
        return self._lag.ns

    def trust(self) -> None:
        """Take late data for in time, by a person's decision."""
        if self.is_late:
            self._lag.forget()
            self.difference_ns = NO_DIFFERENCE
            self._in_time()

    def look(self, now_ns: int) -> None:
        """Judge how late the last frame was."""
        is_news = self.difference_ns != NO_DIFFERENCE
        if is_news:
            self._lag.take(self.difference_ns, now_ns)
            self.difference_ns = NO_DIFFERENCE
        if self.is_late:
            self._judge_late(now_ns, is_news)
        elif is_news and self._max_lag_ns != NO_LIMIT:
            self.late_after_ns = self._lag.late_after_ns

    def late(self, now_ns: int) -> None:
        """Stop every market of this connection, since a frame was late."""
        self._lag.take(self.difference_ns, now_ns)
        self.is_late = True
        self.late_after_ns = NEVER
        self._calm_ns = 0
        self._bad_ns, self._worst_ns = now_ns, self._lag.ns
        self.text = f"market data run {seconds(self._lag.ns)} late, allowed {seconds(self._max_lag_ns)}"
        self._notices.tell(NoticeKind.FEED_LATE, self.text)
        self._stop(self.text)

    def _judge_late(self, now_ns: int, is_news: bool) -> None:
        """Open the markets once the data have been in time for a while; connect anew if they only become later."""
        if is_news and 2 * self._lag.ns > self._max_lag_ns:
            self._calm_ns = 0
        elif is_news:
            self._calm_ns = self._calm_ns or now_ns
        if self._calm_ns:
            if now_ns - self._calm_ns >= CALM_NS:
                self._in_time()
        elif is_news and self._lag.ns < self._worst_ns:
            self._bad_ns, self._worst_ns = now_ns, self._lag.ns
        elif now_ns - self._bad_ns >= self._patience_ns:
            self._bad_ns, self._worst_ns = now_ns, self._lag.ns
            self._patience_ns = min(2 * self._patience_ns, MOST_PATIENCE_NS)
            self._reconnect(f"market data run {seconds(self._lag.ns)} late and do not catch up")

    def _in_time(self) -> None:
        self.is_late = False
        self._patience_ns = PATIENCE_NS
        self._notices.tell(NoticeKind.FEED_IN_TIME, f"{seconds(self._lag.ns)} behind")
        self._lift()


def seconds(duration_ns: int) -> str:
    """Return a duration as people read it."""
    return f"{duration_ns / 1e9:.3g} s"
