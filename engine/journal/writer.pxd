cimport cython
from libc.stdint cimport int64_t

from engine.journal._tape cimport Tape
from engine.orders.order cimport Order
from engine.orders.report cimport ExecutionReport

cdef int NEW, REPORT


cdef class NullJournal:
    cpdef int append_new(self, Order order, int64_t now_ns) except -1
    cpdef int append_cancel(self, Order order, int64_t now_ns) except -1
    cpdef int append_replace(self, Order order, int64_t now_ns) except -1
    cpdef int append_report(self, ExecutionReport report, int64_t now_ns) except -1


cdef class Journal(NullJournal):
    cdef Tape _tape
    cdef object _owned, _directory, _run, _supply, _segment
    cdef bint _sync, _is_begun
