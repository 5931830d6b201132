# C fields of the path of entries: what it does to its loop goes by C.
cimport cython
from libc.stdint cimport int64_t

from engine.trading.loop cimport TradingLoop

cdef object LEVEL


cdef class EntryPath:
    cdef TradingLoop _loop
    cdef object _market_data, _decode

    @cython.locals(loop=TradingLoop, now_ns=int64_t)
    cpdef on_message(self, object message)
    cpdef on_missed(self, object event)
