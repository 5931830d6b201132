"""Money as one would explain it: each market a few plain numbers, every sum added up anew whenever it is asked for."""

from dataclasses import dataclass

from engine.book import NO_ASK, NO_BID
from engine.fix import BUY
from engine.instrument import Instrument


@dataclass
class Holding:
    """One market; `last` is the price that a journal would know, `top` the best prices that were believed last."""

    instrument: Instrument
    net: int = 0
    cash: int = 0
    cost: int = 0
    fees: int = 0
    last: int = 0
    top: tuple[int, int] | None = None
    settled: int | None = None
    is_open: bool = True

    def fill(self, side: int, qty: int, price: int, fee: int) -> None:
        signed = qty if side == BUY else -qty
        net = self.net + signed
        is_taken_back, is_more = qty < 0, self.net * signed >= 0
        if net == 0:
            self.cost = 0
        elif is_taken_back or is_more:
            self.cost += signed * price
        elif self.net * net > 0:
            self.cost = self.cost * net // self.net
        else:
            self.cost = net * price
        self.net = net
        self.cash -= signed * price
        self.fees += fee
        if not is_taken_back:
            self.last = price

    def settle(self, price: int, fee: int) -> None:
        self.cash += self.net * price
        self.fees += fee
        self.net = self.cost = 0
        self.settled = price

    def see(self, bid: int, ask: int) -> None:
        if self.is_open and self.settled is None and bid < ask:
            if ask == NO_ASK and not self.instrument.limit:
                ask = self.last if self.top is None else self.top[1]
            self.top = bid, ask

    @property
    def mark(self) -> int:
        """What one contract is worth, or costs."""
        if self.settled is not None:
            return self.settled
        if self.top is None:
            return self.last
        bid, ask = self.top
        if self.net > 0:
            return 0 if bid == NO_BID else bid
        return self.instrument.limit if ask == NO_ASK else ask

    @property
    def pnl(self) -> int:
        return self.cash + self.net * self.mark - self.fees


class ReferenceMoney:
    """The holdings of a life; it survives every restart, as what is true does."""

    def __init__(self, instruments: tuple[Instrument, ...]) -> None:
        self.holdings = {instrument: Holding(instrument) for instrument in instruments}
        self.day_began_at = 0

    @property
    def pnl(self) -> int:
        return sum(each.pnl for each in self.holdings.values())

    @property
    def day_pnl(self) -> int:
        return self.pnl - self.day_began_at

    def event(self, name: str) -> list[Holding]:
        return [each for each in self.holdings.values() if each.instrument.event == name]

    def turn_day(self) -> None:
        """A day begins; its marks go into the journal."""
        self.write_marks()
        self.day_began_at = self.pnl

    def write_marks(self) -> None:
        for each in self.holdings.values():
            if each.net and each.settled is None:
                each.last = each.mark

    def restart(self) -> None:
        """Whoever starts again has seen no book and was told of no closing."""
        for each in self.holdings.values():
            each.top, each.is_open = None, True
