# C fields of the path. Its parts are called by C signature; a benchmark or a test that watches one subclasses it.
cimport cython
from libc.stdint cimport int64_t

from engine.orders.order cimport Change, Order
from engine.orders.report cimport ExecutionReport
from engine.portfolio._portfolio cimport Portfolio
from engine.runtime._latency cimport LatencyRecorder
from engine.strategy.base cimport Strategy
from engine.trading.feed_watch cimport FeedWatch
from engine.trading.serving.requests cimport Requests

cdef int ACCEPTED
cdef object DELTA


cdef class TradingLoop(Requests):
    cdef public Portfolio portfolio
    cdef public LatencyRecorder round_trip
    cdef readonly FeedWatch watch
    cdef readonly object markets, doubts, suspect, settlements, news, prints  # off the path
    cdef public object trades, team
    cdef public int64_t last_frame_ns
    cdef public object _on_book, _decode_frame, _decode_report
    cdef object _command, _market_data
    cdef Strategy _native  # where its hooks are C

    cdef int _run_strategy(self, int64_t frame_ns) except -1
    cdef int _on_event(self, object event, int64_t now_ns) except -1
    @cython.locals(report=ExecutionReport)
    cpdef on_report(self, object fields)
    @cython.locals(change=Change, order=Order)
    cpdef apply(self, ExecutionReport report)
