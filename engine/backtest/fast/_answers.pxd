"""Answers of the compiled exchange as reports; see `_answers.pyx`."""
cimport cython
from libc.stdint cimport int32_t, int64_t

from engine.backtest.core._state cimport Answer
from engine.orders.order cimport Order
from engine.orders.report cimport ExecutionReport


@cython.final
cdef class PassOrder:
    cdef Order order
    cdef str cl_ord_id, order_id, status
    cdef int32_t slot
    cdef int64_t price, qty, cum
    cdef bint is_over
    cdef list asked


@cython.final
cdef class AnswerWriter:
    cdef ExecutionReport report
    cdef object _fee
    cdef int64_t _execs, _numbers

    cdef int write(self, PassOrder one, Answer* told) except -1
    cdef int _refuse_change(self, PassOrder one, tuple asked, int reason) except -1
    cdef int _change(self, PassOrder one, tuple asked, Answer* told) except -1
