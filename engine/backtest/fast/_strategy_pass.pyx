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
cimport cython
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc

from engine._book cimport MOVED, Book
from engine.backtest.core._building cimport release, take_columns, take_markets, take_sets
from engine.backtest.core._desk_side cimport cancel, replace, submit
from engine.backtest.core._loop cimport begin, do_due
from engine.backtest.core._state cimport CANCEL, FOK, GTC, IOC, NEVER_NS, NEW, REPLACE, Answer, Pass
from engine.backtest.core._venue_view cimport LAST, LEVEL, RESET, STALE, TRADE, venue_row
from engine.backtest.core._window cimport drop_behind
from engine.backtest.fast._answers cimport AnswerWriter, PassOrder
from engine.backtest.fast._pass_clock cimport PassClock
from engine.backtest.fast._row_events cimport RowEvents
from engine.orders.order cimport Order
from engine.trading.gateway cimport Gateway
from engine.trading.loop cimport TradingLoop

from engine.errors import ConfigError, DecodeError
from engine.fix import Tif, Type

cdef str _LIMIT = Type.LIMIT
cdef dict _TIFS = {Tif.GTC: GTC, Tif.IOC: IOC, Tif.FOK: FOK}
cdef tuple _KINDS = ("new", "cancel", "replace")  # by the kinds of a request


@cython.final
cdef class PassGateway(Gateway):
    """Hands the order of each request over as it is; `unsupported` says what of a desk only the slow exchange knows."""

    def __init__(self):
        """Know everything so far."""
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


@cython.final
cdef class StrategyPass:
    """Rows by column, the instruments of their markets, and one set whose limits, ways and queue the exchange takes.

    `fee` says what a trade costs. `sent` hears of each request, `heard` of each answer, `look` when the account's worth
    has changed. `join` gives the pass its desk.
    """

    def __cinit__(self, *arguments, **more):
        self.run = <Pass*>calloc(1, sizeof(Pass))
        if self.run == NULL:
            raise MemoryError

    def __init__(self, columns, instruments, one, fee, sent, heard, look, bint is_mapped=False):
        """Take the rows; nothing has happened."""
        cdef Py_ssize_t place
        self.run.is_mapped = is_mapped
        self._columns = take_columns(self.run, columns)
        take_markets(self.run, [(each.grid, each.limit) for each in instruments])
        take_sets(self.run, [one])
        begin(self.run)
        self.account = &self.run.accounts[0]
        for place in range(self.run.market_count):
            self.run.markets[place].local.is_known = True  # the desk's books are those of the loop
        self._place_of = {each: place for place, each in enumerate(instruments)}
        self._sent, self._heard, self._look = sent, heard, look
        self._slots, self._orders, self._markets = [], {}, []
        self._events, self._writer = RowEvents(), AnswerWriter(fee)
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
            self._events.trade(run, at, book, loop)
        elif kind == RESET:
            self._events.snapshot(run, at, book, loop)
        elif kind == STALE:
            self._events.stale(run, book, loop)
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

    cdef int _hear(self) except -1:
        """Tell the desk the answer that has come."""
        cdef Answer* told = &self.run.told
        cdef PassOrder one = self._slots[told.slot]
        if self.run.has_failed:
            raise MemoryError
        self.clock.now_ns = told.heard_ns
        self._writer.write(one, told)
        if one.is_over and not one.asked:
            self._orders.pop(one.order, None)
        self._heard(self._writer.report, told.acted_ns, told.heard_ns)
        self.loop.apply(self._writer.report)
        return self._look_at_worth()

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
