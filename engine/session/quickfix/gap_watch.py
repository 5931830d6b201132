"""Watches a gap that QuickFIX has asked the peer to fill: it asks once, and would wait for ever.

A Reject(3) it takes at once and counts as one of the missing: where that is the answer to its ResendRequest(2), the
message that is lost would go unnoticed.

Units   monotonic ns; sequence numbers are MsgSeqNum(34) of the peer.
Source  QuickFIX's events, the words of which are its own.
"""

import re
from collections.abc import Callable

from engine.session.protocol.agreed import RESEND_TIMEOUT_NS

_TOO_HIGH = re.compile(r"MsgSeqNum too high, expecting (\d+) but received (\d+)")


class GapWatch:
    """The gap of one session. `is_open` says whether messages are missing that came before others."""

    def __init__(self, clock_ns: Callable[[], int]) -> None:
        self.is_open = False
        self.patience_ns = RESEND_TIMEOUT_NS  # without progress
        self._clock_ns = clock_ns
        self._next_in = self._end = 0
        self._refusal = ""
        self._since_ns = 0

    def on_event(self, text: str) -> None:
        """Read one of QuickFIX's events."""
        found = _TOO_HIGH.match(text)
        if found is not None and not self.is_open:
            self.is_open = True
            self._next_in, self._end = int(found[1]), int(found[2])
            self._since_ns = self._clock_ns()

    def refused(self, text: str) -> None:
        """Learn that the peer rejects what was asked for."""
        if self.is_open:
            self._refusal = text

    def overdue(self, next_in: int) -> str:
        """Return why the peer is given up, empty while it is not; `next_in` is the next number that is expected."""
        if self._refusal:
            refusal = self._refusal
            self.forget()
            return f"the ResendRequest was rejected, messages are lost: {refusal}"
        if next_in >= self._end:
            self.forget()
        elif next_in != self._next_in:
            self._next_in, self._since_ns = next_in, self._clock_ns()
        elif self._clock_ns() - self._since_ns >= self.patience_ns:
            self.forget()
            return f"messages from {next_in} were asked for and did not come"
        return ""

    def forget(self) -> None:
        """Wait for nothing any more: it is filled, or the connection is gone."""
        self.is_open, self._refusal = False, ""
