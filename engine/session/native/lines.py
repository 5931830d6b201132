"""The log of what a peer causes: a few lines a second, however fast it causes them.

Units   monotonic ns.
Thread  the loop thread only.
"""

from collections.abc import Callable

MOST_A_SECOND = 50
_SECOND_NS = 1_000_000_000


class Lines:
    """Passes lines to `log` until there are too many in a second."""

    def __init__(self, log: Callable[[str], object]) -> None:
        self._log = log
        self._second = self._written = self._left_out = 0

    def write(self, text: str, now_ns: int) -> int:
        """Write a line or leave it out; return how many were left out in the second that ended before this line."""
        second = now_ns // _SECOND_NS
        left_out = 0
        if second != self._second:
            left_out, self._left_out = self._left_out, 0
            self._second, self._written = second, 0
        if self._written < MOST_A_SECOND:
            self._written += 1
            self._log(text)
        else:
            self._left_out += 1
        return left_out
