"""How long to wait before a lost connection is tried again.

Units   ns.
Thread  the loop thread only.
"""

from random import Random

_DOUBLINGS = 32  # beyond any sensible limit


class Backoff:
    """Delays that double from `first_ns` to `longest_ns`, each less a random part of up to its half.

    The random part keeps clients that were lost together from coming back together.
    """

    __slots__ = ("_attempts", "_first_ns", "_longest_ns", "_random")

    def __init__(self, first_ns: int, longest_ns: int, random: Random) -> None:
        self._first_ns = first_ns
        self._longest_ns = longest_ns
        self._random = random
        self._attempts = 0

    def next_ns(self) -> int:
        """Return the delay before the next attempt."""
        longest = min(self._longest_ns, self._first_ns << min(self._attempts, _DOUBLINGS))
        self._attempts += 1
        return longest - self._random.randrange(longest // 2 + 1)

    def reset(self) -> None:
        """Begin again with the first delay: the connection has proved useful."""
        self._attempts = 0
