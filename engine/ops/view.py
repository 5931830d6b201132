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
    def counters(self) -> Counters: ...
    @property
    def books(self) -> Sequence[Book]: ...
    @property
    def portfolio(self) -> Portfolio: ...

    def clock_ns(self) -> int: ...
    def session_state(self) -> tuple[bool, int, int]:
        """Logged on, next MsgSeqNum(34) out, next MsgSeqNum(34) in."""

    def trading_state(self) -> str: ...
    def reconnects(self) -> int: ...
    def latencies(self) -> dict[str, LatencyRecorder]: ...
