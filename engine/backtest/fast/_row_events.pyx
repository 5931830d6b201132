# cython: overflowcheck=False, boundscheck=False, wraparound=False
"""Rows that are no change of one level, as the events that a dialect would have made of their frames.

Units   prices and sizes as in `instrument`; times in ns since 1970.
Shapes  one event is filled again and again.
"""
cimport cython
from libc.stdint cimport int32_t

from engine._book cimport BID, Book
from engine.backtest.core._state cimport Pass
from engine.backtest.core._venue_view cimport BLOCK, LEVEL, SNAPSHOT
from engine.trading.loop cimport TradingLoop

from engine.fix import BUY as _BUY
from engine.fix import SELL as _SELL
from engine.venue import EventKind, MarketEvent


@cython.final
cdef class RowEvents:
    """Tells a loop what rows say."""

    def __init__(self):
        """Have said nothing."""
        self._event = MarketEvent()

    cdef int trade(self, Pass* run, Py_ssize_t at, Book book, TradingLoop loop) except -1:
        """Tell a trade."""
        event = self._event
        event.clear(EventKind.TRADE)
        event.instrument = book.instrument
        event.side = _SELL if run.rows.side[at] == BID else _BUY  # the aggressor's
        event.price, event.size = run.rows.price[at], run.rows.size[at]
        event.is_block = run.rows.flags[at] & BLOCK != 0
        event.venue_time_ns = run.rows.venue_ns[at]
        return loop._on_event(event, run.now_ns)

    cdef int snapshot(self, Pass* run, Py_ssize_t at, Book book, TradingLoop loop) except -1:
        """Tell the levels that follow as one book."""
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
        return loop._on_event(event, run.now_ns)

    cdef int stale(self, Pass* run, Book book, TradingLoop loop) except -1:
        """Tell that a book is not to be believed before its next snapshot."""
        self._event.clear(EventKind.GAP)
        self._event.suspects = (book.instrument,)
        return loop._on_event(self._event, run.now_ns)
