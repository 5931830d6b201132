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
    def counters(self) -> Counters: ...
    @property
    def books(self) -> Sequence[Book]: ...
    @property
    def positions(self) -> Iterable[Position]: ...

    def clock_ns(self) -> int: ...
    def session_state(self) -> tuple[bool, int, int]:
        """Logged on, next MsgSeqNum(34) out, next MsgSeqNum(34) in."""

    def trading_state(self) -> str: ...
    def reconnects(self) -> int: ...
    def latencies(self) -> dict[str, LatencyRecorder]: ...
