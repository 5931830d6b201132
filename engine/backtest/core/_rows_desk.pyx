# cython: overflowcheck=False, boundscheck=False, wraparound=False
"""What a strategy in Python sees of a pass over rows and does in it: the desk's view, and its own orders.

Units   prices, sizes and money as in the rows; times in ns since 1970.
Errors  IndexError for a market that the pass does not have, ValueError for a side or a time in force that is none.
"""
cimport cython
from libc.stdint cimport int32_t, int64_t

from engine.backtest.core._desk_side cimport cancel, replace, submit
from engine.backtest.core._ladder cimport ASKS, BIDS, Ladder, price_at
from engine.backtest.core._state cimport NO_ORDER, NONE, Account, Pass

cdef enum:
    SLOT_BITS = 24

REASON_NAMES = (
    "", "asked", "post only", "IOC", "FOK", "self trade", "price", "quantity", "no book", "too late", "below filled",
    "risk: quantity", "risk: price", "risk: book", "risk: collar", "risk: open orders", "risk: position",
    "risk: open cost", "no such order", "change pending",
)
_TIFS = {"GTC": 0, "IOC": 1, "FOK": 2}


@cython.final
cdef class RowsDesk:
    """What one strategy sees and does; sides are 1 to buy and 2 to sell, markets are places in the table of rows."""

    @property
    def now_ns(self):
        """Return the desk's time."""
        return self.run.now_ns

    def best_bid(self, int market):
        """Return the highest bid, 0 without one or while the book is unknown."""
        return self._best(market, BIDS)

    def best_ask(self, int market):
        """Return the lowest ask, 0 without one or while the book is unknown."""
        return self._best(market, ASKS)

    def size_at_best(self, int market, int side):
        """Return the size at the best price of a side."""
        cdef Ladder* book = &self.run.markets[self._known(market)].local
        return book.sizes[row_of(side)][book.best[row_of(side)]]

    def position(self, int market):
        """Return what is held, below 0 what is owed."""
        return self.account.places[self._known(market)].position

    @property
    def cash(self):
        """Return the money received less the money paid."""
        return self.account.cash

    def submit(self, int market, int side, int32_t price, int64_t qty, *, tif="GTC", bint post_only=False):
        """Send an order, return its handle; or minus the reason why risk refused it, of REASON_NAMES."""
        cdef int32_t slot = submit(
            self.run, self.account, self._known(market), row_of(side), price, qty, tif_of(tif), post_only
        )
        check(self.run)
        return slot if slot < 0 else self.account.orders[slot].number << SLOT_BITS | slot

    def cancel(self, int64_t order):
        """Ask for the end of an order; 0, or minus the reason why not."""
        cdef int32_t slot = self._slot(order)
        return cancel(self.run, self.account, slot) if slot != NONE else -NO_ORDER

    def replace(self, int64_t order, int32_t price, int64_t qty):
        """Ask for another price and another total quantity; 0, or minus the reason why not."""
        cdef int32_t slot = self._slot(order)
        return replace(self.run, self.account, slot, price, qty) if slot != NONE else -NO_ORDER

    def is_live(self, int64_t order):
        """Return whether an order is not over as far as the desk knows."""
        cdef int32_t slot = self._slot(order)
        return slot != NONE and self.account.orders[slot].is_live

    cdef int32_t _slot(self, int64_t order) except? -2:
        cdef int64_t slot = order & ((1 << SLOT_BITS) - 1)
        if slot < self.account.order_count and self.account.orders[slot].number == order >> SLOT_BITS:
            return <int32_t>slot
        return NONE

    cdef int64_t _best(self, int market, int row) except? -2:
        cdef Ladder* book = &self.run.markets[self._known(market)].local
        if not book.is_known or book.best[row] >= book.grid.capacity:
            return 0
        return price_at(book.grid, row, book.best[row])

    cdef int _known(self, int market) except -1:
        if not 0 <= market < self.run.market_count:
            raise IndexError(f"market {market} of {self.run.market_count}")
        return market


cdef RowsDesk desk_of(object owner, Pass* run, Account* account):
    """Return the desk of an account; it keeps the owner of both alive."""
    cdef RowsDesk desk = RowsDesk.__new__(RowsDesk)
    desk.owner, desk.run, desk.account = owner, run, account
    return desk


cdef int64_t handle_of(int64_t number, int32_t slot) noexcept:
    """Return what names an order for ever, though its slot is used again."""
    return number << SLOT_BITS | slot


cdef int row_of(int side) except -1:
    if side < 1 or side > 2:
        raise ValueError(f"side must be 1 to buy or 2 to sell, not {side}")
    return side - 1


cdef int tif_of(object tif) except -1:
    if tif not in _TIFS:
        raise ValueError(f"tif must be one of {', '.join(_TIFS)}, not {tif!r}")
    return _TIFS[tif]


cdef int check(Pass* run) except -1:
    if run.has_failed:
        raise MemoryError
    return 0
