from libc.stdint cimport int64_t


cdef class PriceGrid:
    cdef readonly tuple bands, prices, slot_of


cdef class Instrument:
    cdef public str symbol, event, series, category
    cdef public Py_ssize_t index
    cdef public int price_decimals, size_decimals, shard
    cdef public int64_t limit, close_ns
    cdef public PriceGrid grid
