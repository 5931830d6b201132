"""The README's sample as a compiled class: `fixlane build-strategy lean_on_size_fast.pyx`."""

from engine.orders.order cimport Order
from engine.strategy.base cimport Strategy
from libc.stdint cimport int64_t


cdef class LeanOnSize(Strategy):
    """Buys at the ask, immediate or cancel, where `ratio` times as much rests at the bid; once until it is filled."""

    cdef public int64_t qty, ratio, filled, traded
    cdef bint _is_waiting

    def __init__(self, parameters=None):
        super().__init__(parameters)
        self.qty, self.ratio = 100, 3

    cpdef object on_book(self, object book):
        cdef int64_t bid_size = book.best_bid_size, ask_size = book.best_ask_size
        if self._is_waiting or not ask_size or bid_size < self.ratio * ask_size:
            return
        order = self.context.buy(book.instrument, book.best_ask, self.qty, time_in_force="3", tag="lean")
        self._is_waiting = order is not None

    cpdef object on_trade(self, object instrument, int side, int64_t price, int64_t size):
        self.traded += size

    cpdef object on_fill(self, Order order, int64_t price, int64_t qty):
        self.filled += qty
        self._is_waiting = not order.is_done

    cpdef object on_order(self, Order order):
        self._is_waiting = not order.is_done
