# What the checks read of a book, in C where the book is.
from libc.stdint cimport int64_t

from engine._book cimport ASKS, BIDS, Book

cdef struct Top:
    bint is_stale
    int64_t bid, ask, updated_ns


cdef inline Top top_of(book) except *:
    cdef Top top
    cdef Book ladder
    if type(book) is Book:
        ladder = <Book>book
        top.is_stale, top.updated_ns = ladder.is_stale, ladder.updated_ns
        top.bid, top.ask = ladder.top(BIDS), ladder.top(ASKS)
    else:  # a market without a grid
        top.is_stale, top.updated_ns = book.is_stale, book.updated_ns
        top.bid, top.ask = book.best_bid, book.best_ask
    return top
