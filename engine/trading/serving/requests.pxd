# C fields of the path of a request. What stands in for a part of it in a test subclasses that part.
from libc.stdint cimport int64_t

from engine.instrument cimport Instrument
from engine.journal.writer cimport NullJournal
from engine.orders.order cimport Order
from engine.orders.orders cimport Orders
from engine.orders.steps cimport take_back
from engine.risk._checks cimport Risk
from engine.runtime._clock cimport Clock
from engine.runtime._latency cimport LatencyRecorder
from engine.trading.books cimport Books
from engine.trading.gateway cimport Gateway
from engine.trading.guard cimport Guard

cdef str REJECTED


cdef class Requests(Books):
    cdef public Orders orders
    cdef public Risk risk
    cdef public NullJournal journal
    cdef readonly Guard guard
    cdef readonly Gateway gateway
    cdef public LatencyRecorder tick_to_order
    cdef public bint is_connected, is_trading, is_halted
    cdef int64_t _answering_ns
    cdef Clock _clock
    cdef readonly Clock wall

    cdef int _pass_on(self, object request) except -1
    # What a strategy gives as Py_ssize_t must be an integer: an int64_t would take 45.5 for 45.
    cpdef Order submit(
        self, Instrument instrument, int side, Py_ssize_t price, Py_ssize_t qty, str time_in_force, bint post_only,
        str ord_type, Py_ssize_t expire_time_ns, object options=*
    )
    cpdef bint replace(self, Order order, Py_ssize_t price, Py_ssize_t qty) except -1
    cpdef bint cancel(self, Order order) except -1
