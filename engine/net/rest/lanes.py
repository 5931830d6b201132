"""Who goes next where requests wait for tokens and for their turn: the most urgent, and of those who came first.

Values only: no I/O, no clock.

Units   times in ns.
Thread  the loop thread only.
"""

from collections.abc import Iterator

from sortedcontainers import SortedKeyList

from engine.runtime._rate import TokenBucket
from engine.venue.rest import Urgency


class InFlight:
    """How many requests may be on their way at once; cancels find `more_cancels` that nothing else takes."""

    def __init__(self, most: int, more_cancels: int = 0) -> None:
        self.used = 0
        self._most = most
        self._most_with_cancels = most + more_cancels

    def are_free(self, urgency: Urgency) -> bool:
        """Return whether there is one for a request of this urgency."""
        return self.used < (self._most_with_cancels if urgency is Urgency.CANCEL else self._most)


class Waiter:
    """A request that waits. Whoever waits sees that it `is_admitted`, or that it was put `out` for another."""

    __slots__ = ("is_admitted", "is_out", "number", "tokens", "urgency")

    def __init__(self, urgency: Urgency, tokens: int, number: int) -> None:
        self.urgency = urgency
        self.tokens = tokens
        self.number = number
        self.is_admitted = False
        self.is_out = False


class Lane:
    """Those who spend from one bucket. `reserve` tokens are left to cancels, as far as the bucket can hold both."""

    def __init__(self, bucket: TokenBucket, slots: InFlight, most_waiting: int, reserve: int = 0) -> None:
        self._bucket = bucket
        self._slots = slots
        self._most_waiting = most_waiting
        self._reserve = reserve
        self._held_until_ns = 0
        self._waiting = SortedKeyList(key=lambda waiting: (waiting.urgency, waiting.number))

    def __len__(self) -> int:
        return len(self._waiting)

    def can_ever(self, tokens: int, now_ns: int) -> bool:
        """Return whether the bucket holds so many tokens when it is full."""
        return self._bucket.wait_ns(tokens, now_ns) >= 0

    def admit(self, urgency: Urgency, tokens: int, now_ns: int) -> bool:
        """Take slot and tokens for a request, if nobody waits before it and both are there."""
        return not self._waiting and self._take(urgency, tokens, now_ns)

    def join(self, waiting: Waiter) -> Waiter | None:
        """Let a request wait. Return who has to go as the lane is full: the least urgent, perhaps the newcomer."""
        self._waiting.add(waiting)
        if len(self._waiting) <= self._most_waiting:
            return None
        last: Waiter = self._waiting.pop()
        last.is_out = True
        return last

    def leave(self, waiting: Waiter) -> None:
        """Forget a request that waits no more."""
        self._waiting.discard(waiting)

    def serve(self, now_ns: int) -> Iterator[Waiter]:
        """Admit those whose turn it is, as far as tokens and slots go."""
        while self._waiting:
            first: Waiter = self._waiting[0]
            if not self._take(first.urgency, first.tokens, now_ns):
                return
            self._waiting.pop(0)
            first.is_admitted = True
            yield first

    def wait_ns(self, now_ns: int) -> int:
        """Return when there will be tokens for the first who waits; 0 if it lacks but a slot, or nobody waits."""
        if not self._waiting:
            return 0
        first: Waiter = self._waiting[0]
        needed = first.tokens + self._reserved(first.urgency, first.tokens, now_ns)
        return max(self._bucket.wait_ns(needed, now_ns), self._held_until_ns - now_ns, 0)

    def limited(self, now_ns: int, wait_ns: int) -> None:
        """Go by the venue, which refused for the rate: nothing is left, and nothing goes for `wait_ns`."""
        self._bucket.drain(self._bucket.available(now_ns), now_ns)
        self._held_until_ns = max(self._held_until_ns, now_ns + wait_ns)

    def _take(self, urgency: Urgency, tokens: int, now_ns: int) -> bool:
        if now_ns < self._held_until_ns or not self._slots.are_free(urgency):
            return False
        if not self._bucket.take(tokens, now_ns, self._reserved(urgency, tokens, now_ns)):
            return False
        self._slots.used += 1
        return True

    def _reserved(self, urgency: Urgency, tokens: int, now_ns: int) -> int:
        if not self._reserve or urgency is Urgency.CANCEL:
            return 0
        return self._reserve if self._bucket.wait_ns(tokens + self._reserve, now_ns) >= 0 else 0
