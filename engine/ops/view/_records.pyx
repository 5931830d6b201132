"""The records of the View as C structs, and what one book or one order puts into its own.

Shapes  as in `layout`: a module that was built from another one cannot be imported.
Cost    10 ns a book or an order in warm caches; a market without a grid is read as Python, 1 us.
Thread  the loop thread only.
"""

from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy, memset

from engine._book cimport ASKS, BIDS, Book
from engine.orders.order cimport Order
from engine.trading.counters cimport Counters

from engine.ops.view import layout

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL

cdef enum:
    MISSING = 0
    FRESH = 1
    STALE = 2
    CROSSED = 3


cdef int put_book(book, MarketRecord* record) except -1:
    cdef Book ladder
    cdef bint is_stale
    if type(book) is Book:
        ladder = <Book>book
        is_stale, record.updated_ns = ladder.is_stale, ladder.updated_ns
        record.bid, record.bid_size = ladder.top(BIDS), ladder.sizes[BIDS, ladder.best[BIDS]]
        record.ask, record.ask_size = ladder.top(ASKS), ladder.sizes[ASKS, ladder.best[ASKS]]
    else:  # a market without a grid
        is_stale, record.updated_ns = book.is_stale, book.updated_ns
        record.bid, record.bid_size = book.best_bid, book.best_bid_size
        record.ask, record.ask_size = book.best_ask, book.best_ask_size
    if record.updated_ns == 0:
        record.book_state = MISSING
    elif is_stale:
        record.book_state = STALE
    else:
        record.book_state = CROSSED if record.bid >= record.ask else FRESH
    return 0


cdef int put_order(Order order, OrderRecord* record) except -1:
    _put_text(order.cl_ord_id, record.cl_ord_id)
    _put_text(order.order_id, record.order_id)
    record.market, record.side = <int32_t>order.instrument.index, order.side
    record.ord_status = <int32_t>order.ord_status[0] if order.ord_status else 0
    record.pending = <int32_t>order.pending[0] if order.pending else 0
    record.price, record.order_qty, record.cum_qty = order.price, order.order_qty, order.cum_qty
    record.leaves_qty, record.pending_price = order.leaves_qty, order.pending_price
    record.pending_qty, record.sent_ns = order.pending_qty, order.sent_ns
    return 0


cdef int put_counters(Counters counters, CounterRecord* to) except -1:
    to.frames, to.book_updates, to.stale_updates = counters.frames, counters.book_updates, counters.stale_updates
    to.bad_frames, to.unknown_frames = counters.bad_frames, counters.unknown_frames
    to.gaps, to.trades, to.orders, to.acks = counters.gaps, counters.trades, counters.orders, counters.acks
    to.fills, to.cancels, to.replaces = counters.fills, counters.cancels, counters.replaces
    to.rejects, to.cancel_rejects, to.risk_denials = counters.rejects, counters.cancel_rejects, counters.risk_denials
    to.reports, to.duplicates, to.unknown_reports = counters.reports, counters.duplicates, counters.unknown_reports
    return 0


cdef int _put_text(str text, char* place) except -1:
    """Put NAME_BYTES of text, cut or filled up with zeros."""
    cdef Py_ssize_t size
    cdef const char* chars = PyUnicode_AsUTF8AndSize(text, &size)
    size = min(size, <Py_ssize_t>NAME_BYTES)
    memcpy(place, chars, size)
    memset(place + size, 0, NAME_BYTES - size)
    return 0


cdef Py_ssize_t largest(const int64_t[::1] values, Py_ssize_t count) noexcept:
    """Return the place of the largest of the first `count` values."""
    cdef Py_ssize_t index, place = 0
    for index in range(1, count):
        if values[index] > values[place]:
            place = index
    return place


cdef Py_ssize_t first(const int64_t[::1] values, Py_ssize_t count, int64_t value) noexcept:
    """Return where a value comes first among so many, -1 where it does not."""
    cdef Py_ssize_t index
    for index in range(count):
        if values[index] == value:
            return index
    return -1


def _written():
    """Return what is written here, {block: (fields, bytes)}; a struct becomes a dict in the order of its fields."""
    cdef HeadRecord head
    cdef PlaceRecord place
    cdef CounterRecord counters
    cdef LimitRecord limit
    cdef OrderRecord order
    cdef MarketRecord market
    memset(&head, 0, sizeof(head))
    memset(&place, 0, sizeof(place))
    memset(&counters, 0, sizeof(counters))
    memset(&limit, 0, sizeof(limit))
    memset(&order, 0, sizeof(order))
    memset(&market, 0, sizeof(market))
    return {
        "head": (tuple(head), sizeof(head)),
        "directory": (tuple(place), sizeof(place)),
        "counters": (tuple(counters), sizeof(counters)),
        "limits": (tuple(limit), sizeof(limit)),
        "latencies": (("name", "count", "total_ns", "max_ns", "counts"), sizeof(LatencyRecord)),
        "orders": (tuple(order), sizeof(order)),
        "markets": (tuple(market), sizeof(market)),
    }


WRITTEN = _written()
for _block in (layout.HEAD, layout.DIRECTORY, *layout.BLOCKS):
    if WRITTEN.get(_block.name, (_block.names, _block.size)) != (_block.names, _block.size):
        raise ImportError(f"the view's {_block.name} was built from another layout: build the extensions again")
