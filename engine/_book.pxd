cimport cython
from libc.stdint cimport int16_t, int64_t, uint64_t

cpdef enum:  # Side.BUY and Side.SELL of `fix`: who bids buys
    BID = 1
    ASK = 2

cdef enum:  # rows of the tables below
    BIDS = 0
    ASKS = 1
    NO_SIDE = 0

cpdef enum:
    STALE = -1
    QUIET = 0
    MOVED = 1


@cython.final
cdef class Book:
    cdef readonly object instrument
    cdef readonly object index
    cdef readonly int64_t updates
    cdef readonly bint is_stale
    cdef readonly int watch_depth
    cdef public int64_t updated_ns
    cdef public bint is_dirty
    cdef Py_ssize_t capacity
    cdef Py_ssize_t best[2]
    cdef Py_ssize_t edge[2]
    cdef const int16_t[:, ::1] ranks
    cdef const int64_t[:, ::1] prices
    cdef tuple bid_prices
    cdef tuple ask_prices
    cdef int64_t[:, ::1] sizes
    cdef uint64_t[:, ::1] words

    cdef int apply_level(self, int side, int64_t price, int64_t change) noexcept nogil
    cdef int64_t top(self, int row) noexcept nogil
    cdef Py_ssize_t rank_of(self, int row, int64_t price) noexcept nogil
    cdef int place(self, int row, Py_ssize_t rank, int64_t size) noexcept nogil
    cdef Py_ssize_t next_rank(self, int row, Py_ssize_t rank) noexcept nogil
    cdef Py_ssize_t last_watched(self, int row) noexcept nogil
    cdef int fail(self) noexcept nogil
    cdef void clear(self) noexcept
    cdef bint load(self, int row, object levels) except *


# The best prices of any book, in C where the book is.
cdef struct Top:
    bint is_stale
    int64_t bid, ask


cdef inline Top top_of(book) except *:
    cdef Top top
    cdef Book ladder
    if type(book) is Book:
        ladder = <Book>book
        top.is_stale = ladder.is_stale
        top.bid, top.ask = ladder.top(BIDS), ladder.top(ASKS)
    else:  # a market without a grid
        top.is_stale = book.is_stale
        top.bid, top.ask = book.best_bid, book.best_ask
    return top
