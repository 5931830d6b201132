"""Averages and deviations that roll on with each value.

Units   whatever the values have; times in ns.
Errors  ConfigError for what makes no window.
Bounds  a window of time holds `MOST_KEPT` values at most, the oldest go first.
Cost    O(1) a value.
"""

from collections import deque
from math import isqrt

from engine.errors import ConfigError

MOST_KEPT = 100_000
_FINE = 2**32  # parts of a unit in which an average is kept


class Ema:
    """Exponential moving average: each value moves it by `part` / `whole` of the way to it, the first one all the way.

    It is kept in 2^-32 of a unit, each step rounded down.
    """

    def __init__(self, part: int, whole: int) -> None:
        if not 0 < part <= whole:
            raise ConfigError(f"Ema({part}, {whole}): the weight of a value must be above 0 and at most 1")
        self._part = part
        self._whole = whole
        self._fine: int | None = None

    def take(self, value: int) -> int:
        """Take one value; return the average."""
        if self._fine is None:
            self._fine = value * _FINE
        else:
            self._fine += (value * _FINE - self._fine) * self._part // self._whole
        return self._fine // _FINE

    @property
    def value(self) -> int | None:
        """The average rounded down, None before the first value."""
        return None if self._fine is None else self._fine // _FINE


class Vwap:
    """Volume-weighted average price of the last `window_ns`."""

    def __init__(self, window_ns: int) -> None:
        if window_ns <= 0:
            raise ConfigError(f"Vwap({window_ns}): a window must be longer than 0 ns")
        self._window_ns = window_ns
        self._trades: deque[tuple[int, int, int]] = deque()
        self._money = self._size = 0

    def take(self, time_ns: int, price: int, size: int) -> None:
        """Take one trade; times must not go back."""
        self._trades.append((time_ns, price, size))
        self._money += price * size
        self._size += size
        self._let_go(time_ns)

    def value(self, now_ns: int) -> int | None:
        """Return the average at a moment, rounded down; None where nothing traded in the window before it."""
        self._let_go(now_ns)
        return self._money // self._size if self._size else None

    @property
    def size(self) -> int:
        """What traded in the window, as of the last call."""
        return self._size

    def _let_go(self, now_ns: int) -> None:
        trades = self._trades
        while trades and (trades[0][0] <= now_ns - self._window_ns or len(trades) > MOST_KEPT):
            _, price, size = trades.popleft()
            self._money -= price * size
            self._size -= size


class Volatility:
    """Standard deviation of the last `count` changes of a price."""

    def __init__(self, count: int) -> None:
        if not 1 < count <= MOST_KEPT:
            raise ConfigError(f"Volatility({count}): from 2 to {MOST_KEPT} changes")
        self._changes: deque[int] = deque(maxlen=count)
        self._last: int | None = None
        self._sum = self._squares = 0

    def take(self, price: int) -> None:
        """Take one price."""
        if self._last is not None:
            self._add(price - self._last)
        self._last = price

    def _add(self, change: int) -> None:
        changes = self._changes
        if len(changes) == changes.maxlen:
            self._sum -= changes[0]
            self._squares -= changes[0] ** 2
        changes.append(change)
        self._sum += change
        self._squares += change**2

    @property
    def is_ready(self) -> bool:
        """Whether as many changes were seen as are looked at."""
        return len(self._changes) == self._changes.maxlen

    @property
    def variance(self) -> int | None:
        """The variance of the changes, rounded down; None before the first."""
        count = len(self._changes)
        return (count * self._squares - self._sum**2) // count**2 if count else None

    @property
    def deviation(self) -> int | None:
        """The root of the exact variance, rounded down; None before the first change."""
        count = len(self._changes)
        return isqrt(count * self._squares - self._sum**2) // count if count else None
