from engine.trading.loop cimport TradingLoop


cdef class Desk(TradingLoop):
    cdef public object call_later
    cdef public bint is_halted
