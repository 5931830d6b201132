"""Rows as events; see `_row_events.pyx`."""
cimport cython

from engine._book cimport Book
from engine.backtest.core._state cimport Pass
from engine.trading.loop cimport TradingLoop


@cython.final
cdef class RowEvents:
    cdef object _event

    cdef int trade(self, Pass* run, Py_ssize_t at, Book book, TradingLoop loop) except -1
    cdef int snapshot(self, Pass* run, Py_ssize_t at, Book book, TradingLoop loop) except -1
    cdef int stale(self, Pass* run, Book book, TradingLoop loop) except -1
