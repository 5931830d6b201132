"""Outgoing messages of the venue, held back while a fault says so, and kept in order.

Units   times in ns of the clock that the caller passes in.
Shapes  at most `limit` messages wait: beyond them the oldest leaves early, whatever the fault says.
Cost    nothing is queued while no fault holds: `put` delivers at once.
"""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

M = TypeVar("M")


class Outbox(Generic[M]):
    """A stream that can go silent or slow; no message is lost and none overtakes another."""

    def __init__(self, limit: int = 200_000) -> None:
        self.is_silent = False
        self.early = 0  # messages that left before their time
        self._limit = limit
        self._delay_ns = 0
        self._now_ns = 0
        self._waiting: deque[tuple[int, Callable[[M], None], M]] = deque()

    def put(self, deliver: Callable[[M], None], message: M) -> None:
        """Deliver a message now, or after whatever waits before it."""
        if self._waiting or self.is_silent or self._delay_ns:
            self._waiting.append((self._now_ns + self._delay_ns, deliver, message))
            if len(self._waiting) > self._limit:
                self.early += 1
                self._deliver_oldest()
        else:
            deliver(message)

    def step(self, now_ns: int, is_silent: bool, delay_ns: int) -> None:
        """Apply the faults that hold now, and deliver what is due."""
        self.is_silent, self._delay_ns, self._now_ns = is_silent, delay_ns, now_ns
        while self._waiting and not is_silent and self._waiting[0][0] <= now_ns:
            self._deliver_oldest()

    def _deliver_oldest(self) -> None:
        _, deliver, message = self._waiting.popleft()
        deliver(message)
