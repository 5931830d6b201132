# cython: nonecheck=True
"""Pre-trade checks of new orders, replaces and cancels, and the kill switch.

The first check that a request fails names its code. They stand in this order, cheapest first, which puts the sums before
the book because they are C and a book may be Python: may this market be traded (HALTED to MARKET_STOPPED), the day's loss,
the order by itself (QTY to MAX_ORDER_COST), what would be open (REDUCE_ONLY to MAX_EVENT_LOSS), our own other side,
the book (BOOK_MISSING to PRICE_COLLAR), then what counts requests: DUPLICATE and RATE.

Units   price, size and money as in `instrument`; times in ns.
Errors  ConfigError at construction, OrderError for a market that is not in the list; a denial is a RiskReject code.
Cost    all checks of a new order 0.12 us from Python, nothing allocated that outlives the call.
Thread  the loop thread only.
"""

from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t

from engine._book cimport Top, top_of
from engine.instrument cimport Instrument, PriceGrid
from engine.orders.order cimport Order
from engine.portfolio._portfolio cimport Portfolio
from engine.risk._activity cimport CANCELS, ORDERS
from engine.risk._exposure cimport Exposure, Open, times
from engine.risk._losses cimport Losses
from engine.risk._bounds cimport RiskBounds
from engine.runtime._halt_page cimport HaltPage

from engine import fix, units
from engine.risk.codes import RiskReject, TradingState
from engine.runtime import _halt_page

cdef enum:
    PASSED = 0

cdef int64_t NO_BID = INT64_MIN, NO_ASK = INT64_MAX, NO_LIMIT = units.NO_LIMIT
cdef int64_t FREE_WORD = _halt_page.FREE_WORD, REDUCE_WORD = _halt_page.REDUCE_WORD
cdef int BUY = fix.BUY, SELL = fix.SELL
cdef int ACTIVE = TradingState.ACTIVE, REDUCE_ONLY = TradingState.REDUCE_ONLY, HALT = TradingState.HALT
cdef str LIMIT = fix.Type.LIMIT, MARKET = fix.Type.MARKET, GTD = fix.Tif.GTD
cdef frozenset TIMES_IN_FORCE = frozenset((fix.Tif.DAY, fix.Tif.GTC, fix.Tif.IOC, fix.Tif.FOK, fix.Tif.GTD))


cdef class Risk(RiskBounds):
    """The limits, the exposure that counts against them, and the kill switch.

    `heard_ns` is when the feed of the books was last heard, whatever it said: a book is as old as that, however long it
    has not moved.
    """

    def __cinit__(self, limits, instruments, Portfolio portfolio not None, fee_bounds=()):
        self.obey(HaltPage())

    cpdef int check_time_in_force(self, str time_in_force, int64_t expire_time_ns) except -1:
        """Return the RiskReject code of a time in force that no message can carry: no journal should hold it either."""
        if time_in_force not in TIMES_IN_FORCE or (time_in_force == GTD and expire_time_ns <= 0):
            return RiskReject.TIME_IN_FORCE
        return PASSED

    cpdef int check_reduces(self, Instrument instrument, int side, int64_t qty) except -1:
        """Return REDUCE_ONLY for an order that could do more than bring a position to zero, open ones included."""
        cdef Exposure exposure = self.exposure
        cdef Py_ssize_t market = exposure.index(instrument)
        cdef int64_t position
        if market < 0:
            return RiskReject.UNKNOWN_MARKET
        position = exposure.net(market)
        if (-position if side == SELL else position) + exposure.open_qty[2 * market + (side == SELL)] + qty > 0:
            return RiskReject.REDUCE_ONLY
        return PASSED

    cpdef int check_new(
        self, Instrument instrument, int side, int64_t price, int64_t qty, str ord_type, book, int64_t now_ns
    ) except -1:
        """Return the RiskReject code of an order that is about to be sent; one that passes counts as sent."""
        cdef Py_ssize_t market = self.exposure.index(instrument), side_index
        cdef int code
        if market < 0:
            return RiskReject.UNKNOWN_MARKET
        if side != BUY and side != SELL:
            return RiskReject.SIDE
        if ord_type != LIMIT and ord_type != MARKET:
            return RiskReject.ORD_TYPE
        side_index = 2 * market + (side == SELL)
        code = self._check_request(instrument, side_index, price, qty, qty, None, book, now_ns)
        if code:
            return code
        if self._duplicates is not None and self._duplicates.is_full(side_index, price, qty, now_ns):
            return RiskReject.DUPLICATE
        if self._bucket is not None and not self._bucket.take(self._new_tokens, now_ns, self._reserve):
            return RiskReject.RATE
        if self._duplicates is not None:
            self._duplicates.add(side_index, price, qty, now_ns)
        self.activity.count(ORDERS, market, now_ns)
        return PASSED

    cpdef int check_replace(self, Order order, int64_t price, int64_t qty, book, int64_t now_ns) except -1:
        """Return the RiskReject code of a replace to `price` and the total quantity `qty`.

        Against the sums counts only what grows. Taking quantity off needs no book and passes in REDUCE_ONLY.
        """
        cdef Py_ssize_t market = self.exposure.index(order.instrument), side_index
        cdef int64_t leaves_qty = qty - order.cum_qty
        cdef Open held
        cdef int code
        if market < 0:
            return RiskReject.UNKNOWN_MARKET
        if price == order.price and qty <= order.order_qty:
            code = self._check_market(market)
            if not code and leaves_qty <= 0:
                return RiskReject.QTY
        else:
            side_index = 2 * market + (order.side == SELL)
            held = self.exposure.open.get(order)
            code = self._check_request(order.instrument, side_index, price, qty, leaves_qty, held, book, now_ns)
        if code:
            return code
        if self._bucket is not None and not self._bucket.take(self._amend_tokens, now_ns, self._reserve):
            return RiskReject.RATE
        self.activity.count(ORDERS, market, now_ns)
        return PASSED

    cpdef int check_cancel(self, Order order, int64_t now_ns) except -1:
        """Return RiskReject.NONE: a cancel takes its tokens, or what is left of them, and always passes."""
        if self._bucket is not None:
            self._bucket.drain(self._cancel_tokens, now_ns)
        if self.activity._step_ns:
            self.activity.count(CANCELS, self.exposure.index(order.instrument), now_ns)
        return PASSED

    cpdef bint is_within_loss(self) except -1:
        """Answer False if a loss just halted trading; call after whatever moved profit or loss."""
        if not self.has_lost() or self._state != ACTIVE:
            return True
        self.turn(TradingState.HALT, self.loss_in_words())
        return False

    def obey(self, HaltPage page not None):
        """Read the halt word on this page before each request that may add risk, whoever writes it."""
        self._page, self._word = page, page.word

    # The checks

    cdef int _check_market(self, Py_ssize_t market) except -1:
        if self._state == HALT or (self._word[0] != FREE_WORD and self._is_halted_by_word()):
            return RiskReject.HALTED
        if self._is_restricted[market]:
            return RiskReject.RESTRICTED
        if self._stops[market]:
            return RiskReject.MARKET_STOPPED
        return PASSED

    cdef bint _is_halted_by_word(self) except -1:
        if self._word[0] != REDUCE_WORD:  # also one that nobody could have written in order
            return True
        if self._state == ACTIVE:
            self.turn(TradingState.REDUCE_ONLY, "by the halt word")
        return False

    cdef int _check_request(
        self, Instrument instrument, Py_ssize_t side_index, int64_t price, int64_t order_qty, int64_t leaves_qty,
        Open held, book, int64_t now_ns
    ) except -1:
        """Check a request that leaves `leaves_qty` to trade where `held` counts already.

        Against the sums counts only what grows, so that every way down stays open.
        """
        cdef Exposure exposure = self.exposure
        cdef Py_ssize_t market = side_index >> 1
        cdef bint is_sell = side_index & 1
        cdef int64_t payout = exposure.payout[market], position = exposure.net(market)
        cdef int64_t more_qty, notional, cost, more_cost, worst, more
        cdef int code = self._check_market(market)
        if code:
            return code
        # In REDUCE_ONLY nothing passes but what makes a position smaller, whatever the day has lost
        if self._state == ACTIVE and self.has_lost():
            return self.loss_code()

        # The order by itself
        if leaves_qty <= 0:
            return RiskReject.QTY
        if order_qty > self._max_order_qty:
            return RiskReject.MAX_ORDER_QTY
        if price <= 0 or (payout and price >= payout):
            return RiskReject.PRICE_BAND
        if not _is_on_grid(instrument.grid, price):
            return RiskReject.PRICE_GRID
        notional = times(order_qty, price)
        if notional > self._max_order_notional:
            return RiskReject.MAX_ORDER_NOTIONAL
        cost = exposure.cost(side_index, price, order_qty)
        if cost > self._max_order_cost:
            return RiskReject.MAX_ORDER_COST
        self._largest_qty = max(self._largest_qty, order_qty)
        self._largest_notional = max(self._largest_notional, notional)
        self._largest_cost = max(self._largest_cost, cost)

        # What would be open
        more_cost = cost if leaves_qty == order_qty else exposure.cost(side_index, price, leaves_qty)
        more_cost -= 0 if held is None else held.claim.cost
        more_qty = leaves_qty if held is None else max(0, leaves_qty - held.claim.qty)
        worst = (-position if is_sell else position) + exposure.open_qty[side_index] + more_qty
        more = worst - exposure.worst[market]
        if worst > 0 and (self._state == REDUCE_ONLY or self._reduces[market]):
            return RiskReject.REDUCE_ONLY
        if held is None and exposure.open_orders >= self._max_open_orders:
            return RiskReject.MAX_OPEN_ORDERS
        if more_cost > 0 and exposure.open_cost + more_cost > self._max_open_cost:
            return RiskReject.MAX_OPEN_COST
        if more_qty and worst > min(self._max_position, self._own_position[market]):
            return RiskReject.MAX_POSITION
        if more > 0 and exposure.event_worst[exposure.event[market]] + more > self._max_event_position:
            return RiskReject.MAX_EVENT_POSITION
        if more > 0 and exposure.gross_position + more > self._max_gross_position:
            return RiskReject.MAX_GROSS_POSITION
        code = self.check_worst(side_index, cost if leaves_qty == order_qty else -1, price, leaves_qty, held)
        if code:
            return code
        if price <= exposure.best[side_index - 1] if is_sell else price >= exposure.best[side_index + 1]:
            return RiskReject.SELF_MATCH
        return self._check_book(is_sell, price, book, now_ns)

    cdef int check_worst(
        self, Py_ssize_t side_index, int64_t cost, int64_t price, int64_t qty, Open held
    ) except -1:
        """Judge what market and event would make at worst, if they have limits; what makes nothing worse passes."""
        cdef Exposure exposure = self.exposure
        cdef Losses losses = exposure.losses
        cdef Py_ssize_t market = side_index >> 1, event = exposure.event[market]
        cdef int64_t max_loss = min(self._max_market_loss, self._own_loss[market]), spare, worst
        if not exposure.payout[market] or (max_loss == NO_LIMIT and self._max_event_loss == NO_LIMIT):
            return PASSED
        if cost < 0:
            cost = exposure.cost(side_index, price, qty)
        spare = exposure.spare_of(market, qty, cost)
        if held is not None:  # of its old and its new terms each counts at the larger
            cost, spare = max(0, cost - held.claim.cost), max(0, spare - held.claim.spare)
        if side_index & 1:
            cost, spare = spare, cost
        worst = losses.of_market(market, cost, spare)
        if worst < -max_loss and worst < losses.of_market(market, 0, 0):
            return RiskReject.MAX_MARKET_LOSS
        worst = losses.of_event(market, event, cost, spare)
        if worst < -self._max_event_loss and worst < losses.event_now(event):
            return RiskReject.MAX_EVENT_LOSS
        return PASSED

    cdef int _check_book(self, bint is_sell, int64_t price, book, int64_t now_ns) except -1:
        cdef int64_t bid, ask
        cdef Top top
        if book is None:
            return RiskReject.BOOK_MISSING
        top = top_of(book)
        bid, ask = top.bid, top.ask
        if top.is_stale:
            return RiskReject.BOOK_STALE
        if not self._allow_crossed and bid >= ask:
            return RiskReject.BOOK_CROSSED
        if now_ns - self.heard_ns > self._max_book_age_ns:
            return RiskReject.BOOK_OLD
        if not self._has_collar:
            return PASSED
        if bid == NO_BID and ask == NO_ASK:
            return RiskReject.BOOK_EMPTY
        if is_sell:  # the mirror image of a buy
            bid, ask, price = NO_BID if ask == NO_ASK else -ask, NO_ASK if bid == NO_BID else -bid, -price
        if price - (bid if ask == NO_ASK else ask) > self._collar_opposite:
            return RiskReject.PRICE_COLLAR
        if bid != NO_BID and price - bid > self._collar_own:
            return RiskReject.PRICE_COLLAR
        return PASSED


cdef bint _is_on_grid(PriceGrid grid, int64_t price) except -1:
    if grid is None:
        return True
    return price < len(grid.slot_of) and <int64_t>grid.slot_of[price] >= 0
