"""Whether trading may happen, as a strategy sees it."""

from typing import NamedTuple


class TradingStatus(NamedTuple):
    """`state` is "trading", "reduce-only", "paused" or "halted"; `reason` says why it is not the first."""

    state: str
    reason: str = ""

    @property
    def may_open(self) -> bool:
        """Return whether an order that adds to a position may pass: trading, and not only to reduce."""
        return self.state == TRADING.state


TRADING = TradingStatus("trading")
