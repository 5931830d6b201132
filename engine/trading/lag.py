"""How far a stream of messages runs behind its venue, by the venue's own times and a clock of ours.

Nobody knows the offset between the two clocks. The smallest difference seen of late is taken for it, so that what a
message took beyond that is its lag: 0 for the fastest. Our clock is the monotonic one, which nobody sets.

Units   times in ns, ours monotonic, the venue's since 1970; a difference is arrival less sending.
"""

WINDOW_NS = 1_800_000_000_000  # a difference is remembered so long, and up to twice that: clocks drift
NEVER = 2**63 - 1  # a difference that none exceeds
STRANGE = 20  # messages in a row that are too early to be true: then the venue has set its clock


class Lag:
    """The lag of one stream; `max_ns` is the largest that is in time."""

    def __init__(self, max_ns: int, window_ns: int = WINDOW_NS) -> None:
        self.max_ns = max_ns
        self._window_ns = window_ns
        self.forget()

    def forget(self) -> None:
        """Learn the offset anew from the next message: somebody knows that the clocks were set."""
        self.ns = 0  # of the last message
        self._strange = 0
        self._least = self._least_before = NEVER  # in this window, and in the one before
        self._ends_ns = NEVER

    @property
    def late_after_ns(self) -> int:
        """Return the difference beyond which a message is late."""
        return min(self._offset() + self.max_ns, NEVER)

    @property
    def is_late(self) -> bool:
        """Return whether the last message was late."""
        return self.ns > self.max_ns

    def take(self, difference_ns: int, now_ns: int) -> None:
        """Learn from one message. Where it is late the windows stand still: no delay becomes an offset by lasting."""
        if difference_ns < self._offset() - self.max_ns and self._least != NEVER:
            self._strange += 1
            if self._strange < STRANGE:
                return  # one wrong time must not make all others late
            self._least = self._least_before = NEVER
        self._strange = 0
        self._least = min(self._least, difference_ns)
        self.ns = difference_ns - self._offset()
        if self._ends_ns == NEVER or self.is_late:
            self._ends_ns = now_ns + self._window_ns
        elif now_ns >= self._ends_ns:
            self._ends_ns = now_ns + self._window_ns
            self._least_before, self._least = self._least, difference_ns

    def _offset(self) -> int:
        return min(self._least, self._least_before)
