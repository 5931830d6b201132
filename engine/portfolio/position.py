"""Positions and their profit, in integers, by the average-cost method.

Units   sizes and prices as in `instrument`; cash, cost, fees and profit are money.
Shapes  one Position per instrument, at the instrument's index.
Errors  ConfigError for instruments out of order; every fill can be booked.
Cost    O(1), no allocation beyond the integers.
Thread  the loop thread only.
"""

from collections.abc import Iterator, Sequence

from engine.errors import ConfigError
from engine.fix import BUY
from engine.instrument import Instrument
from engine.orders.order import Change


class Position:
    """What is held in one instrument, and what trading it has earned.

    `cash` is what sales brought less what purchases cost, before `fees`. `cost` is what the open quantity cost, below 0
    for a short one. Because `realised` is the sum of the two, `realised + unrealised(mark) == cash + net * mark` holds
    to the unit, however the average was rounded.
    """

    __slots__ = ("cash", "cost", "fees", "instrument", "net")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.net = 0  # above 0 is long
        self.cash = 0
        self.cost = 0
        self.fees = 0

    @property
    def realised(self) -> int:
        """Return what closed quantity has earned, before fees."""
        return self.cash + self.cost

    def unrealised(self, mark: int) -> int:
        return self.net * mark - self.cost

    def total(self, mark: int) -> int:
        """Return realised and unrealised profit less fees."""
        return self.cash + self.net * mark - self.fees

    def fill(self, side: int, qty: int, price: int, fee: int) -> None:
        """Book a fill; with `qty` and `fee` below 0 take one back.

        What is taken back leaves `realised` as it was and moves its money into `cost`: the exact inverse of a fill that
        opened, while one that closed keeps what it had realised until the position is closed again.
        """
        signed = qty if side == BUY else -qty
        net = self.net
        after = net + signed
        if after == 0:
            self.cost = 0
        elif net == 0 or (net > 0) == (signed > 0) or qty < 0:
            self.cost += signed * price
        elif (net > 0) == (after > 0):
            self.cost = self.cost * after // net
        else:
            self.cost = after * price
        self.net = after
        self.cash -= signed * price
        self.fees += fee

    def book(self, change: Change) -> None:
        """Book what a report traded, busted or corrected in this instrument."""
        if change.order is None:
            return
        side = change.order.side
        if change.undo_qty:
            self.fill(side, -change.undo_qty, change.undo_px, -change.undo_fee)
        if change.last_qty:
            self.fill(side, change.last_qty, change.last_px, change.fee)

    def settle(self, price: int, fee: int = 0) -> None:
        """Pay out the open quantity at what one contract turned out to be worth."""
        self.cash += self.net * price
        self.fees += fee
        self.net = 0
        self.cost = 0

    def __repr__(self) -> str:
        return f"Position({self.instrument.symbol}, net {self.net}, cash {self.cash}, fees {self.fees})"


class Positions:
    """The position in every instrument of the engine, flat ones included."""

    __slots__ = ("_by_index",)

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        if any(instrument.index != index for index, instrument in enumerate(instruments)):
            raise ConfigError("instruments must be numbered by Instrument.index from 0 in their order")
        self._by_index = [Position(instrument) for instrument in instruments]

    def __getitem__(self, instrument: Instrument) -> Position:
        return self._by_index[instrument.index]

    def __iter__(self) -> Iterator[Position]:
        return iter(self._by_index)

    def __len__(self) -> int:
        return len(self._by_index)
