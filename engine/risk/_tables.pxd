from libc.stdint cimport int64_t

from engine.instrument cimport Instrument
from engine.risk._losses cimport Losses


cdef class RiskTables:
    cdef tuple slots  # the instruments by index, None where it is free
    cdef object portfolio
    cdef tuple positions  # by market
    cdef Losses losses
    cdef frozenset exclusive  # events, and series of events, of whose markets one pays at most
    cdef set told_exclusive  # events, as the venue says
    cdef dict open  # order: Open
    cdef list ours  # by side_index, the set of Open
    cdef dict events  # event: its place in event_worst
    cdef list free_events  # places there that no event has
    cdef int64_t[::1] payout, event, worst  # by market
    cdef int64_t[::1] fee_per_lot, fee_rate, fee_unit, fee_per_order  # by market, of its FeeBound
    cdef int64_t[::1] event_worst
    # By side_index; `best` is the price of ours that would trade first, `at_best` the number of orders there.
    cdef int64_t[::1] open_qty, best, at_best, claimed, spare  # see `Claim`

    cdef int place(self, tuple added) except -1
    cdef bint excludes(self, Instrument instrument) except -1
    cdef int grow(self, Py_ssize_t count) except -1
    cdef Py_ssize_t index(self, Instrument instrument) except -2
    cdef Py_ssize_t known(self, Instrument instrument) except -1
