"""Writes the View: C fields of books, positions and orders into records of a shared-memory file, in one go.

A sequence number in the head is odd meanwhile; a reader copies, compares it, and copies again where it moved. What
others packed (`stage`) is copied in the same go. Above MOST_MARKETS markets each view brings so many of them up to date,
in turn, and those in which an order lives; the head is of one moment always.

Units   as in `layout`.
Shapes  records as in `layout` and `_records`.
Errors  none from `publish` but what a book of Python raises: the view is cut short then, and counted in `failures`.
Cost    4 us for 200 markets and 64 orders, 30 us for 5 000 and 256; no system call, nothing kept.
Thread  the loop thread only.
"""

cimport cython
from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy, memset

from engine.ops.view._records cimport CounterRecord, HeadRecord, LatencyRecord, LimitRecord, MarketRecord, OrderRecord
from engine.ops.view._records cimport PlaceRecord, first, largest, put_book, put_counters, put_order
from engine.orders.order cimport Order
from engine.portfolio._portfolio cimport Portfolio, Position
from engine.risk._checks cimport Risk
from engine.risk._exposure cimport Exposure
from engine.risk._usage cimport used_of
from engine.runtime._latency cimport BUCKETS, LatencyRecorder
from engine.trading.loop cimport TradingLoop

from engine import fix
from engine.ops.view import layout
from engine.risk import _usage

cdef extern from *:
    """
    #include <time.h>
    /* Nothing of what follows may be seen before the odd number, nothing of what came before after the even one. */
    static CYTHON_INLINE void begin_view(int64_t* sequence) {
        __atomic_store_n(sequence, *sequence + 1, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_RELEASE);
    }
    static CYTHON_INLINE void end_view(int64_t* sequence) {
        __atomic_store_n(sequence, *sequence + 1, __ATOMIC_RELEASE);
    }
    static CYTHON_INLINE int64_t clock_now(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    }
    """
    void begin_view(int64_t* sequence) noexcept nogil
    void end_view(int64_t* sequence) noexcept nogil
    int64_t clock_now() noexcept nogil

cdef enum:
    MOST_MARKETS = 1024  # in one view
    SLICE = 512  # buckets of each latency recorder in one view: all of them in 54
    RESTRICTED = 0x10000
    SETTLED = 0x20000
    EXCLUSIVE = 0x40000

cdef str UNKNOWN = fix.Status.UNKNOWN

@cython.final
cdef class ViewWriter:
    """Writes the views of one loop into `buffer`, which `place.create` made and `prepare` filled in."""

    cdef Py_buffer _buffer
    cdef char* _start
    cdef HeadRecord* _head
    cdef PlaceRecord* _places
    cdef CounterRecord* _counters
    cdef LimitRecord* _limits
    cdef LatencyRecord* _latencies
    cdef OrderRecord* _orders
    cdef MarketRecord* _markets
    cdef int64_t* _numbers
    cdef Py_ssize_t _orders_place, _most_orders, _room, _next_market, _next_bucket
    cdef readonly Py_ssize_t markets  # places of markets, the free ones included
    cdef int64_t _listings  # of the loop, as of `_take_markets`
    cdef dict _block_places, _unknown
    cdef list _staged
    cdef TradingLoop _loop
    cdef Risk _risk
    cdef Exposure _exposure
    cdef Portfolio _portfolio
    cdef tuple _books, _recorders, _limit_kinds

    def __cinit__(self, buffer not None, TradingLoop loop not None, limit_kinds, Py_ssize_t room=0):
        """`limit_kinds` says of each record of limits what is used of it, `room` how many markets there may be."""
        PyObject_GetBuffer(buffer, &self._buffer, PyBUF_WRITABLE)
        self._start = <char*>self._buffer.buf
        self._loop, self._room = loop, room or len(loop.numbers)
        places, size = layout.places(self._room)
        if self._buffer.len < size:
            raise ValueError(f"a view of {self._room} markets takes {size} bytes, not {self._buffer.len}")
        self._block_places = {block.name: index for index, block in enumerate(layout.BLOCKS)}
        self._head = <HeadRecord*>self._start
        self._places = <PlaceRecord*>(self._start + sizeof(HeadRecord))
        self._counters = <CounterRecord*>(self._start + <Py_ssize_t>places["counters"][0])
        self._limits = <LimitRecord*>(self._start + <Py_ssize_t>places["limits"][0])
        self._latencies = <LatencyRecord*>(self._start + <Py_ssize_t>places["latencies"][0])
        self._orders = <OrderRecord*>(self._start + <Py_ssize_t>places["orders"][0])
        self._markets = <MarketRecord*>(self._start + <Py_ssize_t>places["markets"][0])
        self._numbers = <int64_t*>(self._start + <Py_ssize_t>places["listed"][0])
        self._orders_place = self._block_places["orders"]
        self._most_orders = places["orders"][1]
        self._staged, self._unknown = [], {}
        self._put_listed()
        self._risk, self._exposure, self._portfolio = loop.risk, loop.risk.exposure, loop.portfolio
        self._recorders = (loop.tick_to_order, loop.round_trip)
        self._limit_kinds = tuple(limit_kinds)

    def __dealloc__(self):
        self.release()

    cpdef void release(self) noexcept:
        """Let go of the buffer; nothing is written any more."""
        if self._start != NULL:
            self._start = NULL
            PyBuffer_Release(&self._buffer)

    def stage(self, str block not None, bytes records not None, Py_ssize_t used):
        """Let the next view have these records, `used` of them, packed as the layout says."""
        cdef PlaceRecord* place = &self._places[<Py_ssize_t>self._block_places[block]]
        if used > place.capacity or len(records) != used * place.record_bytes:
            raise ValueError(f"{len(records)} bytes are not {used} records of {block}")
        self._staged.append((<Py_ssize_t>self._block_places[block], records))

    cpdef int publish(self, int64_t now_ns, int64_t utc_ns, int64_t ended_utc_ns=0) except -1:
        """Write one view; `ended_utc_ns` says that it is the last, of everything."""
        cdef HeadRecord* head = self._head
        cdef int64_t begun_ns = clock_now(), took_ns
        cdef Py_ssize_t turns = self.markets if ended_utc_ns else min(self.markets, <Py_ssize_t>MOST_MARKETS)
        if self._start == NULL:
            raise ValueError("the view was released")
        begin_view(&head.sequence)
        try:
            self._put_staged()
            if self._listings != self._loop.listings:
                self._put_listed()
                turns = self.markets  # a place may be another market's: all of them anew
            self._put_markets(turns)
            self._put_orders(now_ns)
            self._put_limits(now_ns)
            put_counters(self._loop.counters, self._counters)
            self._put_latencies(BUCKETS if ended_utc_ns else SLICE)
            self._put_money()
            head.view += 1
            head.written_ns, head.written_utc_ns, head.ended_utc_ns = now_ns, utc_ns, ended_utc_ns
            head.last_frame_ns = self._loop.last_frame_ns
        except BaseException:
            head.failures += 1
            raise
        finally:
            took_ns = clock_now() - begun_ns
            head.took_ns = took_ns
            head.longest_ns = max(head.longest_ns, took_ns)
            end_view(&head.sequence)
        return 0

    cdef int _put_staged(self) except -1:
        cdef PlaceRecord* place
        cdef bytes records
        for index, item in self._staged:
            place = &self._places[<Py_ssize_t>index]
            records = <bytes>item
            memcpy(self._start + place.offset, <const char*>records, len(records))
            place.used = <int64_t>len(records) // place.record_bytes
        if self._staged:
            self._staged = []
        return 0

    cdef int _put_listed(self) except -1:
        """Take the markets that there are now, and number their places."""
        cdef Py_ssize_t index
        self._books = self._loop._places
        self.markets, self._next_market = len(self._books), 0
        if self.markets > self._room:
            self.markets = self._room
            raise ValueError(f"{len(self._books)} places of markets, and room for {self._room}")
        for index in range(self.markets):
            self._numbers[index] = self._loop.numbers[index]
        for name in ("markets", "listed"):
            self._places[<Py_ssize_t>self._block_places[name]].used = self.markets
        self._listings = self._loop.listings
        return 0

    cdef int _put_markets(self, Py_ssize_t count) except -1:
        cdef Py_ssize_t turn
        for turn in range(count):
            self._put_market(self._next_market)
            self._next_market = self._next_market + 1 if self._next_market + 1 < self.markets else 0
        return 0

    cdef int _put_market(self, Py_ssize_t index) except -1:
        cdef MarketRecord* record = &self._markets[index]
        cdef Exposure exposure = self._exposure
        cdef Position position
        cdef int64_t flags
        if self._books[index] is None:
            memset(record, 0, sizeof(MarketRecord))
            return 0
        position = <Position>self._portfolio._positions[index]
        flags = self._risk._stops[index]
        put_book(self._books[index], record)
        if self._risk._is_restricted[index]:
            flags |= RESTRICTED
        if position.is_settled:
            flags |= SETTLED
        if exposure.losses.is_exclusive[exposure.event[index]]:
            flags |= EXCLUSIVE
        record.flags = <int32_t>flags
        record.own_bid, record.own_ask = exposure.best[2 * index], exposure.best[2 * index + 1]
        record.net, record.cash, record.cost, record.fees = position.net, position.cash, position.cost, position.fees
        record.mark, record.pnl = position.mark, position.pnl
        record.day_pnl = position.profit_of_day()
        record.worst = exposure.worst[index]
        record.loss_if_no = exposure.claimed[2 * index] + exposure.spare[2 * index + 1]
        record.loss_if_yes = exposure.claimed[2 * index + 1] + exposure.spare[2 * index]
        return 0

    cdef int _put_orders(self, int64_t now_ns) except -1:
        cdef HeadRecord* head = self._head
        cdef OrderRecord* record
        cdef Order order
        cdef Py_ssize_t used = 0, market
        cdef int64_t oldest_ns = 0, since_ns
        cdef dict unknown = {}
        for order in self._loop.orders._live:
            since_ns = 0
            if order.ord_status == UNKNOWN:
                since_ns = self._unknown.get(order, now_ns)
                unknown[order] = since_ns
                if oldest_ns == 0 or since_ns < oldest_ns:
                    oldest_ns = since_ns
            if used < self._most_orders:
                record = &self._orders[used]
                used += 1
                put_order(order, record)
                record.unknown_since_ns = since_ns
                market = order.instrument.index
                if self.markets > MOST_MARKETS and 0 <= market < self.markets:
                    self._put_market(market)
        self._unknown = unknown
        self._places[self._orders_place].used = used
        head.live_orders, head.unknown_orders = len(self._loop.orders._live), len(unknown)
        head.unknown_since_ns = oldest_ns
        return 0

    cdef int _put_limits(self, int64_t now_ns) except -1:
        cdef Exposure exposure = self._exposure
        cdef Py_ssize_t index
        cdef int64_t used
        cdef Py_ssize_t market
        for index in range(len(self._limit_kinds) if self.markets else 0):
            kind = self._limit_kinds[index]
            if kind == "max_position":
                market = largest(exposure.worst, self.markets)
                used = exposure.worst[market]
            elif kind == "max_event_position":
                market = largest(exposure.event_worst, self.markets)
                used = exposure.event_worst[market]
                market = first(exposure.event, self.markets, market)
            else:
                used = used_of(self._risk, _usage.USED.index(kind), &market)
            self._limits[index].used, self._limits[index].market = max(used, 0), market
        self._head.tokens = -1 if self._risk._bucket is None else self._risk._bucket.available(now_ns)
        return 0

    cdef int _put_latencies(self, Py_ssize_t size) except -1:
        """Copy the sums, and the next part of the counts: all of them are 220 kB each."""
        cdef Py_ssize_t index, first = self._next_bucket, last = min(first + size, <Py_ssize_t>BUCKETS)
        cdef LatencyRecorder recorder
        if size == BUCKETS:
            first, last = 0, BUCKETS
        for index in range(len(self._recorders)):
            recorder = <LatencyRecorder>self._recorders[index]
            self._latencies[index].count, self._latencies[index].total_ns = recorder.count, recorder.total_ns
            self._latencies[index].max_ns = recorder.max_ns
            memcpy(&self._latencies[index].counts[first], &recorder.counts[first], 8 * (last - first))
        self._next_bucket = 0 if last == BUCKETS else last
        return 0

    cdef int _put_money(self) except -1:
        cdef HeadRecord* head = self._head
        cdef Portfolio portfolio = self._portfolio
        head.cash, head.cost, head.fees = portfolio.cash, portfolio.cost, portfolio.fees
        head.value, head.pnl = portfolio.value, portfolio.pnl
        head.day_pnl, head.day_start_utc_ns = portfolio.profit_of_day(), portfolio.day_start_ns
        head.open_orders, head.open_cost = self._exposure.open_orders, self._exposure.open_cost
        head.gross_position = self._exposure.gross_position
        return 0


LIMIT_KINDS = (
    "max_open_orders", "max_open_cost", "max_daily_loss", "max_position", "max_event_position", "max_gross_position",
    "max_drawdown", "max_market_loss", "max_event_loss",
)  # fmt: skip
