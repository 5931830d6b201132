"""What the views read of a running engine."""

from collections.abc import Sequence
from typing import Protocol

from engine.book import Book
from engine.portfolio import Portfolio
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
    def portfolio(self) -> Portfolio:
        """What is held and what it is worth."""

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
