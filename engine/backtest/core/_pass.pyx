# cython: overflowcheck=False, boundscheck=False, wraparound=False
"""One pass over rows for any number of parameter sets, and what a strategy in Python sees of it.

Units   prices, sizes and money as in the rows; times in ns since 1970.
Errors  ConfigError for columns that do not fit together; DecodeError names a row that no market or grid has.
Thread  one; the loop runs without Python where no strategy is in Python.
"""
cimport cython
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc

from engine.backtest.core._building cimport release, take_columns, take_markets, take_sets
from engine.backtest.core._desk_side cimport worth
from engine.backtest.core._ladder cimport Ladder, price_at
from engine.backtest.core._loop cimport BOOKS_MOVED, ENDED, NO_MEMORY, WAS_TOLD, advance, begin
from engine.backtest.core._rows_desk cimport check, desk_of, handle_of, row_of
from engine.backtest.core._state cimport REASONS, Account, Answer, Pass

from engine.backtest.core._rows_desk import REASON_NAMES
from engine.backtest.core.settings import PassResult, RowAnswer
from engine.errors import ConfigError, DecodeError


@cython.final
cdef class CompiledPass:
    """Rows by column, the grid and the payout of each market in their order, and the parameter sets to run."""

    cdef Pass* run
    cdef list _columns, _books, _listeners
    cdef bint _is_ours_alone  # no strategy is in Python

    def __cinit__(self, columns, markets, sets, *, bint wakes_on_size=False):
        self.run = <Pass*>calloc(1, sizeof(Pass))
        if self.run == NULL:
            raise MemoryError
        if not markets or not sets:
            raise ConfigError("a pass needs a market and a parameter set")
        self.run.wakes_on_size = wakes_on_size
        self._columns = take_columns(self.run, columns)
        take_markets(self.run, markets)
        take_sets(self.run, sets)
        begin(self.run)

    def __init__(self, columns, markets, sets, *, bint wakes_on_size=False):
        """Take the strategies; each that is no QuoteBoth gets a desk."""
        cdef int32_t at
        self._books, self._listeners = [], []
        for at, one in enumerate(sets):
            desk = desk_of(self, self.run, &self.run.accounts[at])
            on_book, on_answer = getattr(one.strategy, "on_book", None), getattr(one.strategy, "on_answer", None)
            if on_book is not None:
                self._books.append((on_book, desk))
            self._listeners.append((on_answer, desk) if on_answer is not None else None)
        self.run.tells_moves = len(self._books) > 0
        self.run.tells_answers = any(self._listeners)
        self._is_ours_alone = not self._books and not any(self._listeners)

    def __dealloc__(self):
        if self.run != NULL:
            release(self.run)

    def run_all(self):
        """Run to the end of the rows."""
        cdef int why
        while True:
            if self._is_ours_alone:
                with nogil:
                    why = advance(self.run)
            else:
                why = advance(self.run)
            if why == BOOKS_MOVED:
                self._tell_moves()
            elif why == WAS_TOLD:
                self._tell_answer()
            elif why == ENDED:
                return
            else:
                self._raise(why)

    @property
    def rows_done(self):
        """Return how many rows the desks have heard."""
        return self.run.feed_at

    def result(self, int account):
        """Return what an account came to."""
        cdef Account* one = self._account(account)
        cdef int32_t at
        refused = {REASON_NAMES[at]: one.refusals[at] for at in range(REASONS) if one.refusals[at]}
        positions = {at: one.places[at].position for at in range(self.run.market_count) if one.places[at].position}
        marked = one.cash + sum([worth(self.run, one, at) for at in range(self.run.market_count)])
        return PassResult(
            one.cash, one.fees_paid, marked, one.volume, one.fills, one.sent, one.answered, refused, positions,
            one.open_orders,
        )

    def fills(self, int account):
        """Return the fills of an account in the order in which it heard of them."""
        cdef Account* one = self._account(account)
        cdef int64_t at
        return [answer_to(account, &one.kept[at]) for at in range(one.kept_count)]

    def levels(self, int market, int side, *, bint at_venue=False):
        """Return (price, size) pairs of a book as the desks heard it, or as it is at the venue, best first."""
        cdef Ladder* book
        cdef int row = row_of(side)
        if not 0 <= market < self.run.market_count:
            raise IndexError(f"market {market} of {self.run.market_count}")
        book = &self.run.markets[market].venue if at_venue else &self.run.markets[market].local
        return [
            (price_at(book.grid, row, rank), book.sizes[row][rank])
            for rank in range(book.grid.capacity)
            if book.sizes[row][rank]
        ]

    def _tell_moves(self):
        """Call every strategy for each moved book, in the order in which they moved."""
        cdef int32_t at
        for at in range(self.run.moved_count):
            for on_book, desk in self._books:
                on_book(desk, self.run.moved[at])
        self.run.moved_count = 0
        self.run.is_read_over = False
        check(self.run)

    def _tell_answer(self):
        listener = self._listeners[self.run.told_account]
        if listener is not None:
            on_answer, desk = listener
            on_answer(desk, answer_to(self.run.told_account, &self.run.told))
            check(self.run)

    cdef Account* _account(self, int account) except NULL:
        if not 0 <= account < self.run.account_count:
            raise IndexError(f"account {account} of {self.run.account_count}")
        return &self.run.accounts[account]

    def _raise(self, int why):
        if why == NO_MEMORY:
            raise MemoryError
        raise DecodeError(
            f"row {self.run.wrong_row} of {self.run.rows.count} names a market, a price or a size that does not exist:"
            " the rows and their markets do not belong together; convert them anew with fixlane data convert"
        )


cdef object answer_to(int32_t account, Answer* answer):
    return RowAnswer(
        account, handle_of(answer.number, answer.slot), answer.kind, answer.reason, answer.price, answer.qty,
        answer.fee, answer.is_taker, answer.acted_ns, answer.heard_ns, answer.ahead, answer.is_gap,
    )
