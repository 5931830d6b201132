# cython: overflowcheck=False, cdivision=True, boundscheck=False, wraparound=False
"""A desk on rows: a live engine's loop, risk, orders and portfolio, the compiled exchange behind them, nothing encoded.

Whatever the desk hears comes from its own view of the rows, and from answers. What happens at one time happens in this
order: the market, our requests, answers, rows that are heard, timers.

Units   prices and sizes as in `instrument`; times in ns since 1970.
Errors  DecodeError for a row that no grid has; what a desk asks that is not known here stands in `gateway.unsupported`,
        and raises ConfigError: the slow exchange knows it.
Cost    some ns a row, and what the desk takes for a request and its answer.
Thread  one.
"""
from heapq import heappop, heappush

from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc

from engine._book cimport BID, MOVED, Book
from engine.backtest.core._building cimport release, take_columns, take_markets, take_sets
from engine.backtest.core._desk_side cimport cancel, replace, submit
from engine.backtest.core._loop cimport begin, do_due
from engine.backtest.core._state cimport (
    ACCEPTED, ASKED, BELOW_FILLED, CANCEL, CANCELED, CANCEL_REJECTED, FILLED, FOK, FOK_SHORT, GTC, IOC, IOC_REST,
    NEVER_NS, NEW, NO_BOOK, POST_ONLY_CROSS, REJECTED, REPLACE, REPLACED, SELF_TRADE, TOO_LATE, WRONG_PRICE, Answer,
    Pass,
)
from engine.backtest.core._venue_view cimport BLOCK, LAST, LEVEL, RESET, SNAPSHOT, STALE, TRADE, venue_row
from engine.backtest.core._window cimport drop_behind
from engine.orders.order cimport Order
from engine.orders.report cimport ExecutionReport
from engine.trading.gateway cimport Gateway
from engine.trading.loop cimport TradingLoop

from engine.errors import ConfigError, DecodeError
from engine.exchange import refusals
from engine.fix import BUY, SELL, Exec, Status, Tif, Type
from engine.venue import EventKind, MarketEvent

cdef int64_t _NEVER_NS = NEVER_NS
cdef str _LIMIT = Type.LIMIT
cdef dict _TIFS = {Tif.GTC: GTC, Tif.IOC: IOC, Tif.FOK: FOK}
cdef dict _ENDS = {
    ASKED: "", IOC_REST: refusals.IOC_REST, FOK_SHORT: refusals.FOK_SHORT,
    POST_ONLY_CROSS: refusals.POST_ONLY_CROSS, SELF_TRADE: refusals.TAKER_STP,
}
cdef dict _REFUSED_NEW = {NO_BOOK: refusals.UNAVAILABLE, WRONG_PRICE: refusals.WRONG_PRICE}
cdef dict _REFUSED_CHANGE = {
    NO_BOOK: refusals.CHANGE_EXCHANGE_PAUSED, WRONG_PRICE: refusals.WRONG_PRICE,
    BELOW_FILLED: refusals.QTY_BELOW_FILLED,
}
cdef tuple _KINDS = ("new", "cancel", "replace")  # by the kinds of a request


cdef class PassClock:
    """Time that stands still unless it is moved, as `engine.backtest.clock.MovedClock` is, read without Python."""

    def __cinit__(self, int64_t now_ns):
        self.now_ns, self.next_ns, self._due = now_ns, _NEVER_NS, []

    def __call__(self):
        return self.now_ns

    def call_later(self, int64_t delay_ns, callback):
        """Have `callback` called when time has moved `delay_ns` on; two that are due at once in the order asked for."""
        self._number += 1
        heappush(self._due, (self.now_ns + delay_ns, self._number, callback))
        self.next_ns = self._due[0][0]

    def ring(self):
        """Move time on to what is due next, and call it."""
        self.now_ns = max(self.now_ns, self.next_ns)
        while self._due and self._due[0][0] <= self.now_ns:
            callback = heappop(self._due)[2]
            self.next_ns = self._due[0][0] if self._due else _NEVER_NS
            callback()


cdef class PassOrder:
    """An order as the venue's answers have shown it; `asked` are requests without an answer, the first one first."""

    def __cinit__(self, Order order):
        self.order, self.cl_ord_id, self.order_id = order, order.cl_ord_id, ""
        self.price, self.qty, self.status, self.asked = order.price, order.order_qty, Status.PENDING_NEW, []


cdef class PassGateway(Gateway):
    """Hands the order of each request over as it is; `unsupported` says what of a desk only the slow exchange knows."""

    def __cinit__(self):
        self.unsupported = ""

    cpdef new_order(self, Order order, int64_t now_ns):
        """Return the order."""
        self.kind = NEW
        return order

    cpdef replace(self, Order order, int64_t now_ns):
        """Return the order."""
        self.kind = REPLACE
        return order

    cpdef cancel(self, Order order, int64_t now_ns):
        """Return the order."""
        self.kind = CANCEL
        return order

    cpdef pass_on(self, object request):
        """Send what one of the three above returned."""
        self.owner.send(self.kind, <Order?>request)

    cpdef mass_cancel(self, str cl_ord_id, int64_t now_ns):
        """Note that it is not known here."""
        self.unsupported = "a mass cancel"

    cpdef bint order_status(self, Order order, int64_t now_ns) except -1:
        """Note that it is not known here."""
        self.unsupported = "a question for an order's state"
        return True


cdef class StrategyPass:
    """Rows by column, the instruments of their markets, and one set whose limits, ways and queue the exchange takes.

    `fee` says what a trade costs. `sent` hears of each request, `heard` of each answer, `look` when the account's worth
    has changed. `join` gives the pass its desk.
    """

    def __cinit__(self, columns, instruments, one, fee, sent, heard, look, bint is_mapped=False):
        cdef Py_ssize_t place
        self.run = <Pass*>calloc(1, sizeof(Pass))
        if self.run == NULL:
            raise MemoryError
        self.run.is_mapped = is_mapped
        self._columns = take_columns(self.run, columns)
        take_markets(self.run, [(each.grid, each.limit) for each in instruments])
        take_sets(self.run, [one])
        begin(self.run)
        self.account = &self.run.accounts[0]
        for place in range(self.run.market_count):
            self.run.markets[place].local.is_known = True  # the desk's books are those of the loop
        self._place_of = {each: place for place, each in enumerate(instruments)}
        self._fee, self._sent, self._heard, self._look = fee, sent, heard, look
        self._slots, self._orders, self._markets = [], {}, []
        self._event, self._report = MarketEvent(), ExecutionReport()
        self.gateway = PassGateway()
        self.gateway.owner = self

    def __dealloc__(self):
        if self.run != NULL:
            release(self.run)

    def join(self, TradingLoop loop, PassClock clock):
        """Take the loop whose gateway this pass has, and its clock."""
        self.loop, self.clock = loop, clock
        self._markets = [loop.book(each) for each in self._place_of]

    def run_all(self):
        """Run to the last row that the desk hears."""
        cdef Pass* run = self.run
        cdef int64_t feed_ns, due_ns, timer_ns
        while run.feed_at < run.rows.count:
            if run.feed_at >= run.window_at:
                drop_behind(run)
            feed_ns = run.rows.recv_ns[run.feed_at]
            due_ns, timer_ns = min(run.request_ns, run.answer_ns), self.clock.next_ns
            if run.venue_ns <= feed_ns and run.venue_ns <= due_ns and run.venue_ns <= timer_ns:
                if not venue_row(run):
                    self._raise()
            elif due_ns <= feed_ns and due_ns <= timer_ns:
                if do_due(run):
                    self._hear()
            elif feed_ns <= timer_ns:
                self._feed()
            else:
                self.clock.ring()
                self._look_at_worth()

    def finish(self):
        """Let the venue do what is left, then tell the desk what is on its way; it hears no more rows."""
        cdef Pass* run = self.run
        cdef int64_t answer_ns = run.answer_ns
        run.answer_ns = NEVER_NS
        while run.venue_ns != NEVER_NS or run.request_ns != NEVER_NS:
            if run.venue_ns <= run.request_ns:
                if not venue_row(run):
                    self._raise()
            else:
                answer_ns = min(answer_ns, run.answer_ns)
                run.answer_ns = NEVER_NS
                do_due(run)
        run.answer_ns = min(answer_ns, run.answer_ns)
        while run.answer_ns != NEVER_NS or run.request_ns != NEVER_NS:
            if do_due(run):
                self._hear()

    # What the desk asks

    cdef int send(self, int kind, Order order) except -1:
        """Let a request leave."""
        cdef PassOrder one
        cdef int refused = 0
        self.run.now_ns = self.clock.now_ns
        if kind == NEW:
            one = PassOrder(order)
            self._orders[order] = one
            if self._new(one, order) < 0:
                return 0
        else:
            one = self._orders[order]
            if kind == CANCEL:
                refused = cancel(self.run, self.account, one.slot)
            else:
                refused = replace(self.run, self.account, one.slot, <int32_t>order.pending_price, order.pending_qty)
        if refused or self.run.has_failed:
            self.gateway.unsupported = f"a {_KINDS[kind]} while another request is open"
            return 0
        cl_ord_id = order.cl_ord_id if kind == NEW else order.pending_cl_ord_id
        one.asked.append((kind, cl_ord_id, order.pending_price, order.pending_qty))
        self._sent(_KINDS[kind], cl_ord_id, order, self.clock.now_ns, self.account.last_arrival_ns)
        return 0

    cdef int _new(self, PassOrder one, Order order) except -1:
        """Send a new order; -2 for one that is not known here."""
        cdef object tif = _TIFS.get(order.time_in_force)
        cdef int32_t slot
        if order.ord_type != _LIMIT or tif is None:
            self.gateway.unsupported = f"OrdType(40) {order.ord_type} with TimeInForce(59) {order.time_in_force}"
            return -2
        slot = submit(
            self.run, self.account, self._place_of[order.instrument], order.side - 1, <int32_t>order.price,
            order.order_qty, tif, order.post_only,
        )
        if slot < 0:
            self.gateway.unsupported = "an order that the exchange has no place for"
            return -2
        one.slot = slot
        if slot == len(self._slots):
            self._slots.append(one)
        else:
            self._slots[slot] = one
        return 0

    # What the desk hears

    cdef int _feed(self) except -1:
        """Let the desk hear the next row, or a whole snapshot; after the last of a read it acts."""
        cdef Pass* run = self.run
        cdef Py_ssize_t at = run.feed_at
        cdef int kind = run.rows.kind[at]
        cdef int64_t now_ns = run.rows.recv_ns[at]
        cdef TradingLoop loop = self.loop
        cdef Book book
        if not 0 <= run.rows.market[at] < run.market_count:
            run.wrong_row = at
            self._raise()
        book = <Book>self._markets[run.rows.market[at]]
        run.now_ns = self.clock.now_ns = loop.last_frame_ns = loop.risk.heard_ns = now_ns
        run.feed_at = at + 1
        if kind == LEVEL:
            self._level(at, book)
        elif kind == TRADE:
            self._trade(at, book)
        elif kind == RESET:
            self._snapshot(at, book)
        elif kind == STALE:
            self._event.clear(EventKind.GAP)
            self._event.suspects = (book.instrument,)
            loop._on_event(self._event, now_ns)
        loop.counters.frames += 1
        if run.rows.flags[run.feed_at - 1] & LAST and loop._dirty:
            loop._run_strategy(now_ns)
            self._look_at_worth()
        elif kind == TRADE:
            self._look_at_worth()
        return 0

    cdef int _level(self, Py_ssize_t at, Book book) except -1:
        cdef Pass* run = self.run
        cdef int row = run.rows.side[at] - 1
        cdef Py_ssize_t rank
        if book.is_stale:  # of a book that waits for its snapshot
            return 0
        rank = book.rank_of(row, run.rows.price[at])
        if rank < 0 or run.rows.size[at] < 0:
            run.wrong_row = at
            self._raise()
        self.loop.counters.book_updates += 1
        book.updates = book.updates + 1
        book.updated_ns = run.now_ns
        if book.place(row, rank, run.rows.size[at]) == MOVED and not book.is_dirty:
            book.is_dirty = True
            self.loop._dirty.append(book)
        return 0

    cdef int _trade(self, Py_ssize_t at, Book book) except -1:
        cdef Pass* run = self.run
        event = self._event
        event.clear(EventKind.TRADE)
        event.instrument = book.instrument
        event.side = SELL if run.rows.side[at] == BID else BUY  # the aggressor's
        event.price, event.size = run.rows.price[at], run.rows.size[at]
        event.is_block = run.rows.flags[at] & BLOCK != 0
        event.venue_time_ns = run.rows.venue_ns[at]
        return self.loop._on_event(event, run.now_ns)

    cdef int _snapshot(self, Py_ssize_t at, Book book) except -1:
        """Tell the levels that follow as one book."""
        cdef Pass* run = self.run
        cdef int32_t market = run.rows.market[at]
        cdef list sides = [[], []]
        event = self._event
        while (
            run.feed_at < run.rows.count and run.rows.market[run.feed_at] == market
            and run.rows.kind[run.feed_at] == LEVEL and run.rows.flags[run.feed_at] & SNAPSHOT
            and run.rows.recv_ns[run.feed_at] == run.now_ns
        ):
            (<list>sides[run.rows.side[run.feed_at] - 1]).append(
                (run.rows.price[run.feed_at], run.rows.size[run.feed_at])
            )
            run.feed_at += 1
        event.clear(EventKind.SNAPSHOT)
        event.instrument = book.instrument
        event.bids, event.asks = sides
        return self.loop._on_event(event, run.now_ns)

    cdef int _hear(self) except -1:
        """Tell the desk the answer that has come."""
        cdef Answer* told = &self.run.told
        cdef PassOrder one = self._slots[told.slot]
        if self.run.has_failed:
            raise MemoryError
        self.clock.now_ns = told.heard_ns
        self._report.clear()
        self._fill_in(one)
        self._heard(self._report, told.acted_ns, told.heard_ns)
        self.loop.apply(self._report)
        return self._look_at_worth()

    cdef int _fill_in(self, PassOrder one) except -1:
        """Write down what became of an order, as a dialect would have read it of a message."""
        cdef Answer* told = &self.run.told
        cdef ExecutionReport report = self._report
        cdef object asked = None
        if told.kind != FILLED and not (told.kind == CANCELED and told.reason != ASKED):
            asked = one.asked.pop(0)
        if told.kind == CANCEL_REJECTED:
            self._refuse_change(one, asked)
            return 0
        self._execs += 1
        report.msg_type, report.exec_id = "8", f"E{self._execs}"
        self._change(one, asked)
        report.cl_ord_id, report.order_id, report.ord_status = one.cl_ord_id, one.order_id, one.status
        report.symbol, report.side = one.order.instrument.symbol, one.order.side
        report.price, report.order_qty, report.cum_qty = one.price, one.qty, one.cum
        report.leaves_qty = 0 if one.is_over else one.qty - one.cum
        if one.is_over and not one.asked:
            self._orders.pop(one.order, None)
        return 0

    cdef int _refuse_change(self, PassOrder one, tuple asked) except -1:
        """Write down that a cancel or a replace was refused."""
        cdef ExecutionReport report = self._report
        cdef bint is_cancel = asked[0] == CANCEL
        if self.run.told.reason != TOO_LATE:
            refusal = _REFUSED_CHANGE[self.run.told.reason]
        elif one.status == Status.FILLED:
            refusal = refusals.TOO_LATE if is_cancel else refusals.FILLED
        else:
            refusal = refusals.UNKNOWN_ORDER
        report.msg_type, report.cl_ord_id, report.orig_cl_ord_id = "9", asked[1], one.cl_ord_id
        report.order_id, report.ord_status = one.order_id, one.status
        report.cxl_rej_response_to = "1" if is_cancel else "2"
        report.reason, report.text = refusal.reason, refusal.text
        return 0

    cdef int _change(self, PassOrder one, tuple asked) except -1:
        """Change an order as the answer says, and write down what only that answer has."""
        cdef Answer* told = &self.run.told
        cdef ExecutionReport report = self._report
        report.orig_cl_ord_id = ""
        if told.kind == ACCEPTED:
            self._numbers += 1
            one.order_id, one.status, report.exec_type = f"O{self._numbers}", Status.NEW, Exec.NEW
        elif told.kind == FILLED:
            one.cum += told.qty
            one.is_over = one.cum == one.qty
            one.status = Status.FILLED if one.is_over else Status.PARTIALLY_FILLED
            report.exec_type, report.last_px, report.last_qty = Exec.TRADE, told.price, told.qty
            report.is_taker = told.is_taker
            report.fee = self._fee(one.order.instrument, told.price, told.qty, report.is_taker)
        elif told.kind == REPLACED:
            report.orig_cl_ord_id, one.cl_ord_id, one.price, one.qty = one.cl_ord_id, asked[1], asked[2], asked[3]
            report.exec_type = Exec.REPLACED
        elif told.kind == CANCELED:
            if asked is not None:
                report.orig_cl_ord_id, one.cl_ord_id = one.cl_ord_id, asked[1]
            one.is_over, one.status, report.exec_type = True, Status.CANCELED, Exec.CANCELED
            report.text = _ENDS[told.reason]
        else:
            refusal = _REFUSED_NEW[told.reason]
            one.is_over, one.status, report.exec_type = True, Status.REJECTED, Exec.REJECTED
            report.reason, report.text = refusal.reason, refusal.text
        return 0

    cdef int _look_at_worth(self) except -1:
        """Tell a change of the account's worth, and stop at what is not known here."""
        if self.gateway.unsupported:
            raise ConfigError(f"{self.gateway.unsupported}: only the slow exchange knows it")
        if self.loop.portfolio.cash != self._cash or self.loop.portfolio.pnl != self._pnl:
            self._cash, self._pnl = self.loop.portfolio.cash, self.loop.portfolio.pnl
            self._look(self.clock.now_ns)
        return 0

    def _raise(self):
        if self.run.has_failed:
            raise MemoryError
        raise DecodeError(f"row {self.run.wrong_row} of {self.run.rows.count} names a market, price or size that is none")
