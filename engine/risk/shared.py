"""Limits of its own for each of several strategies, beside those of the account that they share.

A request of a strategy is judged twice: first by its own limits, against what its own orders and fills have made, then
by the account's, against everything. What is nobody's, such as an order that closes a position by command, is judged by
the account's alone. Each strategy has a kill switch of its own; a loss of its own turns it.

Units   as in `_checks`.
Errors  as there.
Cost    a request costs one more judgement, a report or a mark one more count for each strategy.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

from engine.instrument import Instrument
from engine.orders.order import Order
from engine.portfolio.shared import SharedPortfolio
from engine.risk._checks import Risk
from engine.risk.codes import RiskReject, TradingState
from engine.risk.fee_bound import FeeBound
from engine.risk.limits import Limits


class SharedRisk(Risk):
    """The risk of the account; `of` has that of each strategy, `asking` names the one whose request is judged."""

    def __init__(
        self,
        limits: Limits,
        instruments: Sequence[Instrument],
        portfolio: SharedPortfolio,
        fee_bounds: Sequence[FeeBound] = (),
        own: dict[str, Limits] | None = None,
    ) -> None:
        """`own` has the limits of each strategy."""
        self.asking = ""
        self._shared = portfolio
        self.of = {
            name: Risk(each, instruments, portfolio.share(name), fee_bounds) for name, each in (own or {}).items()
        }
        self.lost: Callable[[str, str], object] = lambda name, reason: None  # is told of a strategy that lost too much
        self.sees: Callable[[str, Instrument], bool] = lambda name, instrument: True  # whether a strategy trades it
        self._denied_by = ""

    def __new__(
        cls,
        limits: Limits,
        instruments: Sequence[Instrument],
        portfolio: SharedPortfolio,
        fee_bounds: Sequence[FeeBound] = (),
        own: dict[str, Limits] | None = None,
    ) -> Self:
        """Make the account's own part of it."""
        return super().__new__(cls, limits, instruments, portfolio, fee_bounds)

    # Requests

    def check_new(
        self, instrument: Instrument, side: int, price: int, qty: int, ord_type: str, book: Any, now_ns: int
    ) -> int:
        """Return the RiskReject code of an order by the limits of who is asking, or else by the account's."""
        own = self.of.get(self.asking)
        code = 0
        if own is not None and not self.sees(self.asking, instrument):
            code = int(RiskReject.RESTRICTED)
        elif own is not None:
            code = own.check_new(instrument, side, price, qty, ord_type, book, now_ns)
        self._denied_by = self.asking if code else ""
        return code or super().check_new(instrument, side, price, qty, ord_type, book, now_ns)

    def check_replace(self, order: Order, price: int, qty: int, book: Any, now_ns: int) -> int:
        """Return the same of a replace, by the limits of the order's owner."""
        own = self.of.get(order.owner)
        code = own.check_replace(order, price, qty, book, now_ns) if own is not None else 0
        self._denied_by = order.owner if code else ""
        return code or super().check_replace(order, price, qty, book, now_ns)

    def explain(self, code: int) -> str:
        """Return what a code means now, and whose limit it was."""
        name, self._denied_by = self._denied_by, ""
        own = self.of.get(name)
        if own is None:
            return super().explain(code)
        return f"strategy {name}: {own.reason if code == RiskReject.HALTED else own.explain(code)}"

    # What is counted

    def update(self, order: Order) -> int:
        """Count an order and its market's position as they stand now."""
        own = self.of.get(order.owner)
        if own is not None:
            own.update(order)
        return super().update(order)

    def refresh(self, instrument: Instrument) -> None:
        """Count a position that moved without an order."""
        for own in self.of.values():
            own.refresh(instrument)
        super().refresh(instrument)

    def restore(self, orders: Iterable[Order]) -> None:
        """Count what an earlier run left."""
        found = list(orders)
        for name, own in self.of.items():
            own.restore([order for order in found if order.owner == name])
        super().restore(found)

    def is_within_loss(self) -> bool:
        """Answer False if a loss just halted trading; a strategy that lost too much is told of and trades no more."""
        for name, own in self.of.items():
            if not own.is_within_loss():
                self.lost(name, own.reason)
        return super().is_within_loss()

    # Markets

    def add(self, instruments: Iterable[Instrument], fee_bounds: Sequence[FeeBound] = ()) -> None:
        """Judge these markets too."""
        added = tuple(instruments)
        for own in self.of.values():
            own.add(added, fee_bounds)
        super().add(added, fee_bounds)

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget markets in which nothing is held or open."""
        gone = tuple(instruments)
        for own in self.of.values():
            own.remove(gone)
        super().remove(gone)

    def is_held(self, instrument: Instrument) -> bool:
        """Return whether anybody holds something of a market, though it may net to nothing."""
        return self._shared.is_held(instrument)

    def set_exclusive(self, event: str, is_exclusive: bool) -> bool:
        """Take the venue's word on whether the markets of an event exclude each other."""
        for own in self.of.values():
            own.set_exclusive(event, is_exclusive)
        return super().set_exclusive(event, is_exclusive)

    def set_fee_bound(self, instrument: Instrument, bound: FeeBound) -> None:
        """Let fills in a market cost at most this from now on."""
        for own in self.of.values():
            own.set_fee_bound(instrument, bound)
        super().set_fee_bound(instrument, bound)

    # The kill switch of one strategy

    def halt(self, name: str, reason: str) -> None:
        """Let no new order of a strategy pass."""
        self.of[name].set_state(TradingState.HALT, reason)

    def resume(self, name: str) -> None:
        """Let its orders pass again."""
        self.of[name].set_state(TradingState.ACTIVE, "")
