"""Many markets over several connections, each with a dialect of its own.

The markets of one event, which stand side by side and become busy together, are dealt out in turn.

Errors  ValueError for less than one connection.
"""

from collections.abc import Iterable

from engine.instrument import Instrument


class Shards:
    """Which of `count` connections carries which market: one that comes goes to the emptiest, and stays there."""

    def __init__(self, count: int) -> None:
        if count < 1:
            raise ValueError(f"there must be 1 connection or more, not {count}")
        self.sizes = [0] * count  # markets of each
        self._homes: dict[str, int] = {}

    def place(self, instruments: Iterable[Instrument]) -> dict[int, list[Instrument]]:
        """Return these markets by connection, each given one now unless it has one."""
        placed: dict[int, list[Instrument]] = {}
        for instrument in instruments:
            home = self._homes.get(instrument.symbol)
            if home is None:
                home = self._homes[instrument.symbol] = self.sizes.index(min(self.sizes))
                self.sizes[home] += 1
            placed.setdefault(home, []).append(instrument)
        return placed

    def take(self, instruments: Iterable[Instrument]) -> dict[int, list[Instrument]]:
        """Return these markets by connection, and forget them; one that has none is left out."""
        taken: dict[int, list[Instrument]] = {}
        for instrument in instruments:
            home = self._homes.pop(instrument.symbol, None)
            if home is not None:
                self.sizes[home] -= 1
                taken.setdefault(home, []).append(instrument)
        return taken

    def home(self, symbol: str) -> int:
        """Return the connection of a market, -1 where it has none."""
        return self._homes.get(symbol, -1)
