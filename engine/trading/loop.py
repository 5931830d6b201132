"""The path: a frame to the strategy, and a report to a position; every step visible, in order. `Requests` goes on.

Units   price, size and money as in `instrument`; times in ns: `clock_ns` monotonic, `wall_ns` since 1970.
Errors  nothing is raised to the edges but EncodingError, which ends a connection: an unreadable frame is counted, a
        report that contradicts stops a market.
Cost    no logging, date, float or await here. Thread: the loop thread, the only writer of everything below.
"""

from collections.abc import Callable, Sequence
from typing import Any

from engine.book import Book
from engine.codec import Fields
from engine.errors import DecodeError, EncodingError, JournalError
from engine.journal.writer import NullJournal
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport
from engine.orders.table import Outcome
from engine.portfolio._portfolio import Portfolio
from engine.risk._checks import Risk
from engine.runtime._latency import LatencyRecorder
from engine.runtime.notices import NoticeKind, Notices
from engine.trading.doubts import Doubts
from engine.trading.feed_watch import FeedWatch
from engine.trading.gateway import Gateway
from engine.trading.guard import Guard
from engine.trading.market_news import MarketNews
from engine.trading.markets import Markets, Stop
from engine.trading.prints import Prints
from engine.trading.serving.requests import Requests
from engine.trading.serving.trades import LastTrades
from engine.trading.settlements import Settlements
from engine.venue import EventKind, MarketDataStream, MarketEvent

HAS_BOOK = Stop.NO_BOOK | Stop.REFUSED  # what a snapshot puts an end to
DELTA = EventKind.DELTA
ACCEPTED = Outcome.ACCEPTED  # this outcome and those after it answer a request


class TradingLoop(Requests):
    """Everything between a frame, a report and the gateway; `assembly` makes one from its parts."""

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
        super().__init__(books, notices, orders, risk, journal, guard, gateway, clock_ns, wall_ns)
        self.portfolio = portfolio
        self.markets = markets
        self.doubts = doubts
        self.suspect = doubts.suspect  # what puts one order in doubt, from outside the path
        self.settlements = settlements
        self.watch = watch
        self.prints = Prints()
        self.trades: LastTrades | None = None  # where the strategy wants them
        self.team: Any = None  # of several strategies: a `Team`, which knows the loop
        self.round_trip = LatencyRecorder()
        self.last_frame_ns = 0
        self._command, self._market_data, self.news = command, market_data, news
        # Each step of the path is an attribute, so that a benchmark can time it and nothing is paid otherwise.
        self._on_book = guard.strategy.on_book
        self._native = guard.native
        self._decode_frame = market_data.decode
        self._decode_report = decode_report

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
                    if self._native is not None:
                        self._native.on_book(book)
                    else:
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
            if self.trades is not None:
                self.trades.take(event)
            if self.is_trading:
                self.guard.traded(event)

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
