"""The path: a frame to an order, and a report to a position; every step visible, in order.

Units   price, size and money as in `instrument`; times in ns: `clock_ns` monotonic, `wall_ns` since 1970.
Errors  nothing is raised to the edges but EncodingError, which ends a connection: an unreadable frame is counted, a
        report that contradicts stops a market.
Cost    no logging, date, float or await here. Thread: the loop thread, the only writer of everything below.
"""

from collections.abc import Callable, Sequence

from engine.book import Book
from engine.codec import Fields
from engine.errors import DecodeError, EncodingError, JournalError, SessionError
from engine.fix import Status
from engine.instrument import Instrument
from engine.journal.writer import NullJournal
from engine.orders.options import OrderOptions
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport
from engine.orders.steps import take_back
from engine.orders.table import Outcome
from engine.portfolio._portfolio import Portfolio
from engine.risk._checks import Risk
from engine.risk.codes import RiskReject
from engine.runtime._clock import Clock
from engine.runtime._latency import LatencyRecorder
from engine.runtime.notices import NoticeKind, Notices
from engine.trading.books import Books
from engine.trading.doubts import Doubts
from engine.trading.feed_watch import FeedWatch
from engine.trading.gateway import Gateway
from engine.trading.guard import Guard
from engine.trading.market_news import MarketNews
from engine.trading.markets import Markets, Stop
from engine.trading.prints import Prints
from engine.trading.settlements import Settlements
from engine.venue import EventKind, MarketDataStream, MarketEvent

HAS_BOOK = Stop.NO_BOOK | Stop.REFUSED  # what a snapshot puts an end to
NOT_SENT = "request not sent: %s"  # it may or may not have left: the order stays open at its worst
DELTA, REJECTED = EventKind.DELTA, Status.REJECTED
ACCEPTED = Outcome.ACCEPTED  # this outcome and those after it answer a request


class TradingLoop(Books):
    """Everything between a frame, a report and the gateway; `assembly` makes one from its parts.

    Its supervisor says by `is_connected` whether the venue can be reached, allows new orders and `on_book` by
    `is_trading`, and tells the strategy by `is_halted` that the kill switch is on.
    """

    def __init__(
        self,
        books: Sequence[Book],
        market_data: MarketDataStream,
        decode_report: Callable[[Fields], ExecutionReport | None],
        orders: Orders,
        portfolio: Portfolio,
        risk: Risk,
        journal: NullJournal,
        guard: Guard,
        notices: Notices,
        markets: Markets,
        doubts: Doubts,
        settlements: Settlements,
        watch: FeedWatch,
        news: MarketNews,
        gateway: Gateway,
        command: Callable[[list[bytes]], object],
        clock_ns: Callable[[], int],
        wall_ns: Callable[[], int],
    ) -> None:
        super().__init__(books, guard.counters, notices)
        self.orders = orders
        self.portfolio = portfolio
        self.risk = risk
        self.journal = journal
        self.guard = guard
        self.markets = markets
        self.doubts = doubts
        self.suspect = doubts.suspect  # what puts one order in doubt, from outside the path
        self.settlements = settlements
        self.watch = watch
        self.prints = Prints()
        self.gateway = gateway
        self.tick_to_order = LatencyRecorder()
        self.round_trip = LatencyRecorder()
        self.is_connected = self.is_trading = self.is_halted = False
        self.last_frame_ns = 0
        self._answering_ns = 0  # arrival of the frame that the strategy is answering, 0 outside of that
        self._command, self._market_data, self.news = command, market_data, news
        # Each step of the path is an attribute, so that a benchmark can time it and nothing is paid otherwise.
        self._on_book = guard.strategy.on_book
        self._decode_frame = market_data.decode
        self._decode_report = decode_report
        self._clock = Clock(clock_ns)
        self.wall = Clock(wall_ns)

    # A frame to an order

    def on_frame(self, frame: bytes, is_last: bool) -> None:
        """Apply one market-data frame; after the last of a read, run the strategy on each book that moved."""
        now_ns = self.last_frame_ns = self.risk.heard_ns = self._clock.now_ns()
        self.counters.frames += 1
        try:
            event = self._decode_frame(frame)
        except DecodeError as error:
            self.counters.bad_frames += 1
            self.notices.tell(NoticeKind.FRAME_UNREADABLE, str(error))
            if isinstance(error, EncodingError):  # the connection must end, not the frame alone
                raise
        else:
            if is_last:
                self.watch.note(event, now_ns)
            if event.kind == DELTA:
                index = event.instrument.index
                book = self._places[index]
                if not self._moved(book, self._apply[index](event.side, event.price, event.size), now_ns):
                    self._command(self._market_data.resync((book.instrument,)))
            else:
                self._on_event(event, now_ns)
        if is_last and self._dirty:
            self._run_strategy(now_ns)

    def on_read_end(self) -> None:
        """Note that the feed lives, and run the strategy where a read did not end with the last of its frames."""
        self.risk.heard_ns = self._clock.now_ns()
        if self._dirty:
            self._run_strategy(self.last_frame_ns)

    def _run_strategy(self, frame_ns: int) -> None:
        self._answering_ns = frame_ns
        for book in self._dirty:
            book.is_dirty = False
            self.portfolio.mark_book(book)
            if not self.risk.is_within_loss():
                self.guard.halt(self.risk.reason)
            if self.is_trading:
                try:
                    self._on_book(book)
                except BaseException as error:
                    self.guard.failed("on_book", error)
        self._dirty.clear()
        self._answering_ns = 0

    def _on_event(self, event: MarketEvent, now_ns: int) -> None:
        """Everything but a signed level change, what comes with a loss first."""
        self.news.take(event)
        if event.kind == EventKind.SNAPSHOT:
            book = self._places[event.instrument.index]
            if self._moved(book, book.snapshot(event.bids, event.asks), now_ns):
                self.markets.lift(event.instrument, HAS_BOOK)
            else:
                self._market_data.resync((book.instrument,))  # the feed asks again, at its own pace
        elif event.kind == EventKind.LEVEL:
            book = self._places[event.instrument.index]
            if not self._moved(book, book.set_level(event.side, event.price, event.size), now_ns):
                self._command(self._market_data.resync((book.instrument,)))
        elif event.kind == EventKind.TRADE and self.prints.is_new(event.trade_id):
            self.counters.trades += 1
            if self.is_trading:
                self.guard.traded(event)

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

    # A report to a position

    def on_report(self, fields: Fields) -> None:
        """Take one message of the venue; what says nothing about orders is refused."""
        self.counters.reports += 1
        try:
            report = self._decode_report(fields)
        except DecodeError as error:
            self.counters.unknown_reports += 1
            self.doubts.unreadable(fields, f"unreadable report: {error}")
            return
        if report is None:  # says nothing about orders
            self.counters.unknown_reports += 1
            self.gateway.refuse(fields)
            return
        if report.oddity:
            self.notices.tell(NoticeKind.REPORT_ROUNDED, report.oddity)
        self.apply(report)

    def apply(self, report: ExecutionReport) -> None:
        """Journal one report, and apply it: to its order, the portfolio, risk, and then the strategy."""
        failure = None
        try:
            self.journal.append_report(report, self.wall.now_ns())
        except (JournalError, OSError) as error:  # it has happened all the same
            failure = error
        change = self.orders.apply(report)
        order = change.order
        if change.notice is not None:
            self.notices.tell(*change.notice)
        if order is not None:
            self.portfolio.book(change)
            self.risk.update(order)
            if not self.risk.is_within_loss():
                self.guard.halt(self.risk.reason)
            if order.sent_ns and change.kind >= ACCEPTED and not order.pending:
                self.round_trip.record(self._clock.now_ns() - order.sent_ns)
                order.sent_ns = 0
        self.guard.changed(change)
        if failure is not None:
            self.guard.unjournalled(failure)
