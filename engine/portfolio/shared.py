"""One account that several strategies share: what the account holds, and beside it what each of them holds of that.

Every change is booked twice: in the account, and in the share of the strategy that sent the order. What nobody sent,
such as an order that was adopted or a position that a person restated, is in the share of nobody, `NOBODY`. So net
position, cash and fees of the shares always add up to the account's, to the unit. Cost, realised and unrealised do not:
where one strategy buys what another one sells the account closes a position, and the shares open two.

Units   as in `_portfolio`.
Shapes  a share is a Portfolio of the same markets.
Errors  as there.
Cost    a fill or a mark costs one more for each share.
Thread  the loop thread only.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Self

from engine.instrument import Instrument
from engine.orders.order import Change
from engine.portfolio._portfolio import Portfolio

NOBODY = ""


class SharedPortfolio(Portfolio):
    """The account's portfolio, whose `shares` are by the name of the strategy; one that is unknown gets a share too."""

    shares: Mapping[str, Portfolio] = MappingProxyType({})  # until `__init__`: the markets are added before

    def __init__(self, instruments: Iterable[Instrument], names: Iterable[str] = ()) -> None:
        self._shares: dict[str, Portfolio] = {}
        self.shares = MappingProxyType(self._shares)
        self.settled: dict[str, int] = {}  # what each share held of the market that was paid last
        for name in (*names, NOBODY):
            self.share(name)

    def __new__(cls, instruments: Iterable[Instrument], names: Iterable[str] = ()) -> Self:
        """Make the account's own part of it."""
        return super().__new__(cls, instruments)

    def share(self, name: str) -> Portfolio:
        """Return the share of a strategy, begun where there is none."""
        found = self._shares.get(name)
        if found is None:
            found = self._shares[name] = Portfolio(())
            found.add([position.instrument for position in self])
            for position in self.gone():
                found.admit(position.instrument)
            found.restore_day(self.day_start_ns, 0)
            for position in self:
                found.restore_mark(position.instrument, position.mark)
        return found

    def renewed(self, name: str) -> Portfolio:
        """Return the share of a strategy for a snapshot to fill: what is nobody's was all of the account so far."""
        if name == NOBODY:
            self._shares.pop(NOBODY, None)
        return self.share(name)

    def is_held(self, instrument: Instrument) -> bool:
        """Return whether anybody holds something of a market, though it may net to nothing."""
        return any(share[instrument].net for share in self._shares.values())

    # Markets

    def add(self, instruments: Iterable[Instrument]) -> None:
        """Keep these markets too, in every share."""
        added = tuple(instruments)
        super().add(added)
        for share in self.shares.values():
            share.add(added)

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget markets in every share; OrderError where somebody holds something."""
        gone = tuple(instruments)
        for share in self._shares.values():
            share.remove(gone)
        super().remove(gone)

    def admit(self, instrument: Instrument) -> None:
        """Book from here on what an earlier run did in a market that is not configured any more."""
        super().admit(instrument)
        for share in self._shares.values():
            share.admit(instrument)

    # What changes money

    def fill(self, instrument: Instrument, side: int, qty: int, price: int, fee: int) -> int:
        """Book a fill of an order that is nobody's."""
        self.share(NOBODY).fill(instrument, side, qty, price, fee)
        return super().fill(instrument, side, qty, price, fee)

    def book(self, change: Change) -> int:
        """Book what a report traded, busted or corrected, in the share of the order's owner."""
        if change.order is not None:
            self.share(change.order.owner).book(change)
        return super().book(change)

    def settle(self, instrument: Instrument, price: int, fee: int = 0) -> int:
        """Pay out what each share holds; a fee is nobody's, since the venue takes it for the account."""
        self.settled = {name: share[instrument].net for name, share in self._shares.items()}
        for name, share in self._shares.items():
            share.settle(instrument, price, fee if name == NOBODY else 0)
        return super().settle(instrument, price, fee)

    def restate(self, instrument: Instrument, net: int, cash: int, cost: int) -> None:
        """Hold `net` from now on; what the strategies' own trades do not explain is nobody's."""
        others = [share[instrument] for name, share in self._shares.items() if name != NOBODY]
        rest = net - sum([each.net for each in others])
        rest_cost = cost * rest // net if net else 0
        self.share(NOBODY).restate(instrument, rest, cash - sum([each.cash for each in others]), rest_cost)
        super().restate(instrument, net, cash, cost)

    # What changes value

    def mark(self, instrument: Instrument, best_bid: int, best_ask: int) -> int:
        """Value the position, in every share."""
        for share in self._shares.values():
            share.mark(instrument, best_bid, best_ask)
        return super().mark(instrument, best_bid, best_ask)

    def mark_book(self, book: Any) -> int:
        """Value the position by a book, in every share."""
        for share in self._shares.values():
            share.mark_book(book)
        return super().mark_book(book)

    def set_open(self, instrument: Instrument, is_open: bool) -> None:
        """Say whether the venue trades this market."""
        for share in self._shares.values():
            share.set_open(instrument, is_open)
        super().set_open(instrument, is_open)

    def restore_mark(self, instrument: Instrument, mark: int) -> None:
        """Value the position as an earlier run did."""
        for share in self._shares.values():
            share.restore_mark(instrument, mark)
        super().restore_mark(instrument, mark)

    # The day

    def start_day(self, start_ns: int) -> None:
        """Count the day's profit and loss from here on, in every share."""
        for share in self._shares.values():
            share.start_day(start_ns)
        super().start_day(start_ns)

    def resume_day(self, start_ns: int, day_pnl: int) -> None:
        """Go on with a day; a share that knows nothing of it begins it here."""
        for share in self._shares.values():
            if share.day_start_ns != start_ns:
                share.start_day(start_ns)
        super().resume_day(start_ns, day_pnl)

    # Snapshots

    def restore_holding(self, instrument: Instrument, *held: int) -> None:
        """Take what `holding` returned; it is nobody's unless `restore_share` says better."""
        super().restore_holding(instrument, *held)
        self.share(NOBODY).restore_holding(instrument, *held)

    def restore_past(self, cash: int, fees: int, start_pnl: int) -> None:
        """Take what `past` returned, likewise."""
        super().restore_past(cash, fees, start_pnl)
        self.share(NOBODY).restore_past(cash, fees, start_pnl)

    def restore_day(self, start_ns: int, start_pnl: int) -> None:
        """Take what `day` returned, likewise."""
        super().restore_day(start_ns, start_pnl)
        self.share(NOBODY).restore_day(start_ns, start_pnl)
