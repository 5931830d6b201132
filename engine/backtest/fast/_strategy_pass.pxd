"""A desk over the compiled exchange; see `_strategy_pass.pyx`."""
from libc.stdint cimport int32_t, int64_t

from engine._book cimport Book
from engine.backtest.core._state cimport Account, Pass
from engine.orders.order cimport Order
from engine.orders.report cimport ExecutionReport
from engine.trading.gateway cimport Gateway
from engine.trading.loop cimport TradingLoop


cdef class PassClock:
    cdef public int64_t now_ns
    cdef readonly int64_t next_ns
    cdef list _due
    cdef int64_t _number


cdef class PassOrder:
    cdef Order order
    cdef str cl_ord_id, order_id, status
    cdef int32_t slot
    cdef int64_t price, qty, cum
    cdef bint is_over
    cdef list asked


cdef class PassGateway(Gateway):
    cdef int kind
    cdef public object unsupported
    cdef StrategyPass owner


cdef class StrategyPass:
    cdef Pass* run
    cdef Account* account
    cdef list _columns, _slots
    cdef dict _orders
    cdef list _markets  # of each place the book
    cdef dict _place_of
    cdef object _fee, _event, _heard, _sent, _look
    cdef TradingLoop loop
    cdef PassClock clock
    cdef readonly PassGateway gateway
    cdef ExecutionReport _report
    cdef int64_t _execs, _numbers, _cash, _pnl

    cdef int send(self, int kind, Order order) except -1
    cdef int _new(self, PassOrder one, Order order) except -1
    cdef int _feed(self) except -1
    cdef int _snapshot(self, Py_ssize_t at, Book book) except -1
    cdef int _trade(self, Py_ssize_t at, Book book) except -1
    cdef int _level(self, Py_ssize_t at, Book book) except -1
    cdef int _hear(self) except -1
    cdef int _fill_in(self, PassOrder one) except -1
    cdef int _refuse_change(self, PassOrder one, tuple asked) except -1
    cdef int _change(self, PassOrder one, tuple asked) except -1
    cdef int _look_at_worth(self) except -1
