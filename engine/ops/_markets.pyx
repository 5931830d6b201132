"""What others are shown of every market, read off books and positions in one go: C fields into rows of integers.

Units   prices, sizes and money as in `instrument`, times in ns of the engine's monotonic clock.
Shapes  `rows` is int64, a row a market at its index, columns as in COLUMNS; an empty side has NO_BID or NO_ASK and size 0.
Errors  OrderError at construction for a book whose instrument the portfolio does not hold.
Cost    5 ns a market, nothing allocated; a book without a grid is read as Python, some 1 us.
Thread  `take` on the loop thread; between two calls the rows stay as they are.
"""

cimport cython
from libc.stdint cimport int64_t

from engine._book cimport ASKS, BIDS, Book
from engine.portfolio._portfolio cimport Position

COLUMNS = (
    "is_stale", "updated_ns", "best_bid", "best_bid_size", "best_ask", "best_ask_size",
    "net", "cash", "cost", "fees", "mark", "pnl",
)  # fmt: skip

cdef enum:
    WIDTH = 12


@cython.final
cdef class MarketRows:
    """The rows of these books, and of the positions in their markets."""

    cdef tuple _books, _positions
    cdef int64_t[:, ::1] _rows
    cdef readonly object rows

    def __cinit__(self, books, portfolio):
        self._books = tuple(books)
        self._positions = tuple([portfolio[book.instrument] for book in self._books])
        cdef Py_ssize_t count = max(len(self._books), 1)  # a memoryview has no empty shape
        self._rows = self.rows = memoryview(bytearray(8 * WIDTH * count)).cast("q", (count, WIDTH))

    def table(self):
        """Return the rows as lists, as they were taken last."""
        return self.rows.tolist()[: len(self._books)]

    cpdef int take(self) except -1:
        """Bring every row up to date."""
        cdef Py_ssize_t i
        cdef int64_t* row
        cdef Position position
        for i in range(len(self._books)):
            row = &self._rows[i, 0]
            take_book(self._books[i], row)
            position = <Position>self._positions[i]
            row[6], row[7], row[8], row[9] = position.net, position.cash, position.cost, position.fees
            row[10], row[11] = position.mark, position.pnl
        return 0


cdef int take_book(book, int64_t* row) except -1:
    cdef Book ladder
    if type(book) is Book:
        ladder = <Book>book
        row[0], row[1] = ladder.is_stale, ladder.updated_ns
        row[2], row[3] = ladder.top(BIDS), ladder.sizes[BIDS, ladder.best[BIDS]]
        row[4], row[5] = ladder.top(ASKS), ladder.sizes[ASKS, ladder.best[ASKS]]
    else:  # a market without a grid
        row[0], row[1] = book.is_stale, book.updated_ns
        row[2], row[3] = book.best_bid, book.best_bid_size
        row[4], row[5] = book.best_ask, book.best_ask_size
    return 0
