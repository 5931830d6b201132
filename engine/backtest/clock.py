"""Time that stands still unless it is moved.

Units   ns since 1970.
"""

import heapq
from collections.abc import Callable
from itertools import count

NEVER_NS = 2**63 - 1
START_NS = 1_796_137_200_000_000_000  # 2026-12-01 15:00 UTC


class MovedClock:
    """Time that stands still unless it is moved; what is due is called as it moves."""

    def __init__(self, start_ns: int = START_NS) -> None:
        self.now_ns = start_ns
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()

    def __call__(self) -> int:
        return self.now_ns

    def call_later(self, delay_ns: int, callback: Callable[[], None]) -> None:
        """Have `callback` called when time has moved `delay_ns` on; two that are due at once in the order asked for."""
        heapq.heappush(self._due, (self.now_ns + delay_ns, next(self._numbers), callback))

    @property
    def next_ns(self) -> int:
        """When something is due next; `NEVER_NS` where nothing is."""
        return self._due[0][0] if self._due else NEVER_NS

    def move(self, by_ns: int) -> None:
        """Move time on, and call what is due then."""
        self.now_ns += by_ns
        while self._due and self._due[0][0] <= self.now_ns:
            heapq.heappop(self._due)[2]()
