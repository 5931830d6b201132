"""Numbering of one stream whose messages count up by one.

Errors  none: a loss is an outcome.
Thread  the loop thread only.
Source  Kalshi WebSocket, sequence numbers; the rule is the common one of sequenced feeds.
"""

IN_ORDER = 0
DUPLICATE = 1  # the number just seen: drop the message
GAP = 2  # numbers are missing before this one
RESET = 3  # the number went back: the stream started anew


class Sequence:
    """The next number of one stream; `next_seq` is None until the first message sets it.

    A hot path compares `next_seq` itself and calls `step` only when it differs.
    """

    __slots__ = ("next_seq",)

    def __init__(self) -> None:
        self.next_seq: int | None = None

    def step(self, seq: int) -> int:
        """Take the next number and return what it means."""
        expected = self.next_seq
        if expected is not None and seq == expected - 1:
            return DUPLICATE
        self.next_seq = seq + 1
        if expected is None or seq == expected:
            return IN_ORDER
        return GAP if seq > expected else RESET
