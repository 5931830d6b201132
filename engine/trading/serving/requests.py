"""The path of a request: risk, order, gateway, journal, and out; every step visible, in order.

Units   price, size and money as in `instrument`; times in ns: `clock_ns` monotonic, `wall_ns` since 1970.
Errors  a denial is told by the guard; a request that cannot be said or journalled does not leave, and counts nowhere.
Cost    no logging, date, float or await here. Thread: the loop thread.
"""

from collections.abc import Callable, Iterable

from engine.book import Book
from engine.errors import JournalError, SessionError
from engine.fix import Status
from engine.instrument import Instrument
from engine.journal.writer import NullJournal
from engine.orders.options import OrderOptions
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.steps import take_back
from engine.risk._checks import Risk
from engine.risk.codes import RiskReject
from engine.runtime._clock import Clock
from engine.runtime._latency import LatencyRecorder
from engine.runtime.notices import Notices
from engine.trading.books import Books
from engine.trading.gateway import Gateway
from engine.trading.guard import Guard

NOT_SENT = "request not sent: %s"  # it may or may not have left: the order stays open at its worst
REJECTED = Status.REJECTED


class Requests(Books):
    """What a desk may ask of the venue, for the markets of its books.

    Its supervisor says by `is_connected` whether the venue can be reached, allows new orders and `on_book` by
    `is_trading`, and tells the strategy by `is_halted` that the kill switch is on.
    """

    def __init__(
        self,
        books: Iterable[Book],
        notices: Notices,
        orders: Orders,
        risk: Risk,
        journal: NullJournal,
        guard: Guard,
        gateway: Gateway,
        clock_ns: Callable[[], int],
        wall_ns: Callable[[], int],
    ) -> None:
        super().__init__(books, guard.counters, notices)
        self.orders = orders
        self.risk = risk
        self.journal = journal
        self.guard = guard
        self.gateway = gateway
        self.tick_to_order = LatencyRecorder()
        self.is_connected = self.is_trading = self.is_halted = False
        self._answering_ns = 0  # arrival of the frame that the strategy is answering, 0 outside of that
        self._clock = Clock(clock_ns)
        self.wall = Clock(wall_ns)

    def submit(
        self,
        instrument: Instrument,
        side: int,
        price: int,
        qty: int,
        time_in_force: str,
        post_only: bool,
        ord_type: str,
        expire_time_ns: int,
        options: OrderOptions | None = None,
    ) -> Order | None:
        """Send a new order if risk allows it; None if it does not."""
        if not self.is_trading:
            self.guard.denied(None, RiskReject.HALTED, instrument, side, price, qty)
            return None
        now_ns = self._clock.now_ns()
        denial = self.risk.check_time_in_force(time_in_force, expire_time_ns)
        if options is not None and not denial:
            denial = self.guard.check_options(options, instrument, side, qty, time_in_force, post_only, ord_type)
        denial = denial or self.risk.check_new(
            instrument, side, price, qty, ord_type, self._places[instrument.index], now_ns
        )
        if denial:
            self.guard.denied(None, denial, instrument, side, price, qty)
            return None
        order = self.orders.open(
            instrument, side, price, qty, ord_type, time_in_force, post_only, expire_time_ns, now_ns, "", options
        )
        wall_ns = self.wall.now_ns()
        try:
            request = self.gateway.new_order(order, wall_ns)
            self.journal.append_new(order, wall_ns)
        except Exception as error:
            self.orders.expire(order, REJECTED)
            self.guard.unjournalled(error)
            return None
        self.risk.update(order)
        self._pass_on(request)
        self.counters.orders += 1
        if self._answering_ns:
            self.tick_to_order.record(self._clock.now_ns() - self._answering_ns)
        return order

    def replace(self, order: Order, price: int, qty: int) -> bool:
        """Move a live order to `price` and total quantity `qty`; False if risk denies it or it cannot be moved now."""
        if not order.can_replace:
            return False
        if not self.is_trading:
            self.guard.denied(order, RiskReject.HALTED, order.instrument, order.side, price, qty)
            return False
        now_ns = self._clock.now_ns()
        denial = self.risk.check_replace(order, price, qty, self._places[order.instrument.index], now_ns)
        if denial:
            self.guard.denied(order, denial, order.instrument, order.side, price, qty)
            return False
        self.orders.request_replace(order, price, qty, now_ns)
        wall_ns = self.wall.now_ns()
        try:
            request = self.gateway.replace(order, wall_ns)
            self.journal.append_replace(order, wall_ns)
        except Exception as error:
            take_back(order)
            self.guard.unjournalled(error)
            return False
        self.risk.update(order)
        self._pass_on(request)
        if self._answering_ns:
            self.tick_to_order.record(self._clock.now_ns() - self._answering_ns)
        return True

    def cancel(self, order: Order) -> bool:
        """Ask the venue to cancel; False if it cannot be asked now, or nothing is left to cancel."""
        if not (self.is_connected and order.can_cancel):
            return False
        now_ns = self._clock.now_ns()
        self.risk.check_cancel(order, now_ns)  # takes its tokens and always passes
        self.orders.request_cancel(order, now_ns)
        self.risk.update(order)
        wall_ns = self.wall.now_ns()
        request = self.gateway.cancel(order, wall_ns)
        try:
            self.journal.append_cancel(order, wall_ns)
        except (JournalError, OSError) as error:  # a cancel takes risk away: it leaves all the same
            self.guard.unjournalled(error)
        self._pass_on(request)
        return True

    def _pass_on(self, request: object) -> None:
        """Send what is journalled."""
        try:
            self.gateway.pass_on(request)
        except SessionError as error:
            self.guard.halt(NOT_SENT % error)
