"""A desk over the compiled exchange; see `_strategy_pass.pyx`."""
cimport cython
from libc.stdint cimport int32_t, int64_t

from engine._book cimport Book
from engine.backtest.core._state cimport Account, Pass
from engine.backtest.fast._answers cimport AnswerWriter, PassOrder
from engine.backtest.fast._pass_clock cimport PassClock
from engine.backtest.fast._row_events cimport RowEvents
from engine.orders.order cimport Order
from engine.trading.gateway cimport Gateway
from engine.trading.loop cimport TradingLoop


@cython.final
cdef class PassGateway(Gateway):
    cdef int kind
    cdef public object unsupported
    cdef StrategyPass owner


@cython.final
cdef class StrategyPass:
    cdef Pass* run
    cdef Account* account
    cdef list _columns, _slots
    cdef dict _orders
    cdef list _markets  # of each place the book
    cdef dict _place_of
    cdef object _heard, _sent, _look
    cdef TradingLoop loop
    cdef PassClock clock
    cdef readonly PassGateway gateway
    cdef AnswerWriter _writer
    cdef RowEvents _events
    cdef int64_t _cash, _pnl

    cdef int send(self, int kind, Order order) except -1
    cdef int _new(self, PassOrder one, Order order) except -1
    cdef int _feed(self) except -1
    cdef int _level(self, Py_ssize_t at, Book book) except -1
    cdef int _hear(self) except -1
    cdef int _look_at_worth(self) except -1
