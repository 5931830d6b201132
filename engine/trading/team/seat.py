"""The desk as one of several strategies sees it: its own orders, positions, limits, profit; the books are everybody's.

Units   as in `desk`.
Errors  OrderError for a request about another strategy's order.
Thread  the loop thread only.
"""

import logging
from collections.abc import Callable, Iterator

from engine import fix
from engine.errors import OrderError
from engine.instrument import Instrument
from engine.orders.options import OrderOptions, options_with
from engine.orders.order import Order
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.risk.shared import SharedRisk
from engine.strategy.portfolio_view import PortfolioView
from engine.strategy.status import TradingStatus
from engine.trading.desk import Beside, Desk
from engine.trading.loop import TradingLoop
from engine.trading.serving.timers import CallLater
from engine.trading.team.member import Member
from engine.venue import TradeFee


class Seat(Desk):
    """Implements `strategy.Context` for one member of a team."""

    def __init__(
        self,
        member: Member,
        share: Portfolio,
        own: Risk,
        account: SharedRisk,
        loop: TradingLoop,
        call_later: CallLater,
        clock_ns: Callable[[], int],
        beside: Beside | None = None,
        obstacle: Callable[[], str] = str,
        fees: TradeFee | None = None,
    ) -> None:
        """`share` and `own` are the member's, `account` judges for all."""
        super().__init__(loop, call_later, clock_ns, beside, obstacle, fees)
        self._member = member
        self._name = member.name
        self._account = account
        self._caller = member
        self._portfolio = share
        self._holdings = PortfolioView(share, own)
        self._log = logging.getLogger(f"{type(member.strategy).__module__}.{member.name}")

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """The markets that this strategy sees, by rising index."""
        return tuple([each for each in self._loop.instruments if self._member.markets.has(each)])

    @property
    def state(self) -> TradingStatus:
        """Whether this strategy may trade, and why not."""
        reason = self._member.reason
        return TradingStatus("halted", reason) if reason and not self._loop.is_halted else super().state

    @property
    def is_halted(self) -> bool:
        """Whether the kill switch is on, of everybody or of this strategy."""
        return self._loop.is_halted or self._member.reason != ""

    def orders(self, instrument: Instrument | None = None) -> Iterator[Order]:
        """Return its own live orders, of one market or of all, oldest first."""
        live = [order for order in self._loop.orders.live() if order.owner == self._name]
        return iter([order for order in live if instrument is None or order.instrument is instrument])

    def order(self, cl_ord_id: str) -> Order | None:
        """Return its own order that has or had this ClOrdID(11)."""
        found = self._loop.orders.by_id(cl_ord_id)
        return found if found is not None and found.owner == self._name else None

    def tagged(self, tag: str) -> Iterator[Order]:
        """Return its own live orders with a tag, oldest first."""
        return iter([order for order in self.orders() if order.tag == tag])

    def buy(
        self,
        instrument: Instrument,
        price: int,
        qty: int,
        time_in_force: str = fix.Tif.GTC,
        post_only: bool = False,
        ord_type: str = fix.Type.LIMIT,
        expire_time_ns: int = 0,
        reduce_only: bool = False,
        order_group: str = "",
        tag: str = "",
    ) -> Order | None:
        """Send an order to buy; None if a limit of this strategy or of the account denies it."""
        options = options_with(reduce_only, order_group, tag, self._name)
        return self._submit(
            instrument, fix.BUY, price, qty, time_in_force, post_only, ord_type, expire_time_ns, options
        )

    def sell(
        self,
        instrument: Instrument,
        price: int,
        qty: int,
        time_in_force: str = fix.Tif.GTC,
        post_only: bool = False,
        ord_type: str = fix.Type.LIMIT,
        expire_time_ns: int = 0,
        reduce_only: bool = False,
        order_group: str = "",
        tag: str = "",
    ) -> Order | None:
        """Send an order to sell, likewise."""
        options = options_with(reduce_only, order_group, tag, self._name)
        return self._submit(
            instrument, fix.SELL, price, qty, time_in_force, post_only, ord_type, expire_time_ns, options
        )

    def cancel(self, order: Order) -> bool:
        """Ask for the cancel of one of its own orders."""
        return self._loop.cancel(self._own(order))

    def replace(self, order: Order, price: int, qty: int) -> bool:
        """Move one of its own orders."""
        return self._loop.replace(self._own(order), price, qty)

    def _submit(
        self,
        instrument: Instrument,
        side: int,
        price: int,
        qty: int,
        time_in_force: str,
        post_only: bool,
        ord_type: str,
        expire_time_ns: int,
        options: OrderOptions | None,
    ) -> Order | None:
        """Let the loop send an order, judged by the limits of this strategy too."""
        account, before = self._account, self._account.asking
        account.asking = self._name
        try:
            return self._loop.submit(
                instrument, side, price, qty, time_in_force, post_only, ord_type, expire_time_ns, options
            )
        finally:
            account.asking = before

    def _own(self, order: Order) -> Order:
        if order.owner != self._name:
            whose = f"strategy {order.owner}'s" if order.owner else "nobody's"
            raise OrderError(f"ClOrdID(11) {order.cl_ord_id} is {whose}: strategy {self._name} cannot change it")
        return order
