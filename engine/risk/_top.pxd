# What the checks read of a book, in C where the book is.
from libc.stdint cimport int64_t

from engine._book cimport ASKS, BIDS, Book

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
