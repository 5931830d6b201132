"""Trades gathered into bars of equal time.

Units   prices and sizes as in `instrument`, times in ns, from any zero.
Errors  ConfigError for an interval that is none.
"""

from dataclasses import dataclass

from engine.errors import ConfigError


@dataclass(slots=True)
class Bar:
    """What traded from `start_ns` until the next bar; `money` is the sum of price * size."""

    start_ns: int
    open: int
    high: int
    low: int
    close: int
    size: int
    money: int
    count: int

    @property
    def vwap(self) -> int:
        """The volume-weighted average price, rounded down; the close where nothing but empty trades came."""
        return self.money // self.size if self.size else self.close


class Bars:
    """Bars of `interval_ns`, which begin at its multiples; an interval without a trade has none."""

    def __init__(self, interval_ns: int) -> None:
        if interval_ns <= 0:
            raise ConfigError(f"Bars({interval_ns}): an interval must be longer than 0 ns")
        self._interval_ns = interval_ns
        self.bar: Bar | None = None  # that which is being made

    def take(self, time_ns: int, price: int, size: int) -> Bar | None:
        """Take one trade; return the bar before it if that is over. One that comes late counts to the bar at work."""
        start_ns = time_ns - time_ns % self._interval_ns
        bar = self.bar
        if bar is None or start_ns > bar.start_ns:
            self.bar = Bar(start_ns, price, price, price, price, size, price * size, 1)
            return bar
        bar.high, bar.low, bar.close = max(bar.high, price), min(bar.low, price), price
        bar.size += size
        bar.money += price * size
        bar.count += 1
        return None

    def end(self, now_ns: int) -> Bar | None:
        """Return the bar that is being made if its time is over, such as from a timer."""
        bar = self.bar
        if bar is None or now_ns < bar.start_ns + self._interval_ns:
            return None
        self.bar = None
        return bar
