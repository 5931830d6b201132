"""What the views read of a running engine."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from engine.book import Book
from engine.portfolio.position import Position
from engine.runtime.latency import LatencyRecorder
from engine.trading.counters import Counters


class Source(Protocol):
    """What the collector reads; every attribute is current whenever the loop thread looks."""

    @property
    def counters(self) -> Counters:
        """Totals since the start."""

    @property
    def books(self) -> Sequence[Book]:
        """Every book, by instrument index."""

    @property
    def positions(self) -> Iterable[Position]:
        """Every position, flat ones included, by instrument index."""

    def clock_ns(self) -> int:
        """Return the monotonic time that books are stamped with."""

    def session_state(self) -> tuple[bool, int, int]:
        """Return whether we are logged on, and the next MsgSeqNum(34) out and in."""

    def trading_state(self) -> str:
        """Return the state of the supervisor, such as "trading"."""

    def reconnects(self) -> int:
        """Return how often the feed was connected anew."""

    def latencies(self) -> dict[str, LatencyRecorder]:
        """Return the latency counters by their name."""
