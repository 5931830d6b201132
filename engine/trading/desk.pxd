from libc.stdint cimport int64_t

from engine.portfolio._portfolio cimport Portfolio
from engine.trading.loop cimport TradingLoop


cdef class Desk:
    cdef TradingLoop _loop
    cdef Portfolio _portfolio
    cdef object _call_later, _clock_ns, _beside, _obstacle, _fees, _holdings, _log, _caller
    cdef int64_t _delay_ns
