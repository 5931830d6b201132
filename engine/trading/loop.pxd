# C fields of the path. Its parts are called by C signature; a benchmark or a test that watches one subclasses it.
cimport cython
from libc.stdint cimport int64_t

from engine.instrument cimport Instrument
from engine.journal.writer cimport NullJournal
from engine.orders.order cimport Change, Order
from engine.orders.orders cimport Orders
from engine.orders.report cimport ExecutionReport
from engine.orders.steps cimport take_back
from engine.portfolio._portfolio cimport Portfolio
from engine.risk._checks cimport Risk
from engine.runtime._clock cimport Clock
from engine.runtime._latency cimport LatencyRecorder
from engine.trading.books cimport Books
from engine.trading.feed_watch cimport FeedWatch
from engine.trading.gateway cimport Gateway
from engine.trading.guard cimport Guard

cdef int ACCEPTED
cdef object DELTA
cdef str REJECTED


cdef class TradingLoop(Books):
    cdef public Orders orders
    cdef public Portfolio portfolio
    cdef public Risk risk
    cdef public NullJournal journal
    cdef public LatencyRecorder tick_to_order, round_trip
    cdef readonly Guard guard
    cdef readonly Gateway gateway
    cdef readonly FeedWatch watch
    cdef readonly object markets, doubts, suspect, settlements, news, prints  # off the path
    cdef public bint is_connected, is_trading, is_halted
    cdef public int64_t last_frame_ns
    cdef int64_t _answering_ns
    cdef public object _on_book, _decode_frame, _decode_report
    cdef object _command, _market_data
    cdef Clock _clock
    cdef readonly Clock wall

    cdef int _run_strategy(self, int64_t frame_ns) except -1
    cdef int _on_event(self, object event, int64_t now_ns) except -1
    cdef int _pass_on(self, object request) except -1
    # What a strategy gives as Py_ssize_t must be an integer: an int64_t would take 45.5 for 45.
    cpdef Order submit(
        self, Instrument instrument, int side, Py_ssize_t price, Py_ssize_t qty, str time_in_force, bint post_only,
        str ord_type, Py_ssize_t expire_time_ns, object options=*
    )
    cpdef bint replace(self, Order order, Py_ssize_t price, Py_ssize_t qty) except -1
    cpdef bint cancel(self, Order order) except -1
    @cython.locals(report=ExecutionReport)
    cpdef on_report(self, object fields)
    @cython.locals(change=Change, order=Order)
    cpdef apply(self, ExecutionReport report)
