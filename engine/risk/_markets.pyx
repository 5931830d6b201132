# cython: nonecheck=True
"""The markets of risk: what is open in each, and whether it takes orders; markets come and go.

Units   as in `_exposure`.
Errors  ConfigError for a market that fits no place or a restricted one that is none of ours, OrderError for a stranger.
Thread  the loop thread only.
"""

from array import array

from libc.stdint cimport int64_t

from engine.orders.order cimport Order
from engine.risk._exposure cimport Exposure

from engine import units
from engine.errors import ConfigError

cdef int64_t NO_LIMIT = units.NO_LIMIT


cdef class RiskMarkets:
    """What risk counts by market, and why one takes no orders."""

    def __cinit__(self, limits, instruments, portfolio, fee_bounds=()):
        self.limits = limits
        self.exposure = Exposure(instruments, portfolio, fee_bounds, limits.exclusive_events)
        symbols = {instrument.symbol for instrument in self.exposure.instruments}
        strangers = set(limits.restricted) - symbols
        if symbols and strangers:  # without any the markets are still to come
            raise ConfigError(f"restricted names no market of ours: {', '.join(sorted(strangers))}")
        self._stops, self._is_restricted, self._reduces = array("q"), array("q"), array("q")
        self._own_position, self._own_loss = array("q"), array("q")
        self.list_markets(self.exposure.instruments)

    def add(self, instruments, fee_bounds=()):
        """Judge these markets too, open, each at its index; `fee_bounds` as at construction."""
        added = tuple(instruments)
        self.exposure.add(added, fee_bounds)
        self.list_markets(added)

    def remove(self, instruments):
        """Forget markets in which nothing is held or open; OrderError where something is."""
        for instrument in instruments:
            side_index = 2 * self.exposure.known(instrument)
            if self._duplicates is not None:
                self._duplicates.forget(side_index, side_index + 1)
        self.exposure.remove(instruments)

    cdef int list_markets(self, tuple added) except -1:
        cdef Py_ssize_t missing = len(self.exposure.slots) - len(self._stops), market
        if missing > 0:
            none = array("q", bytes(8 * missing))
            free = array("q", [NO_LIMIT]) * missing
            self._stops, self._is_restricted = array("q", self._stops) + none, array("q", self._is_restricted) + none
            self._reduces = array("q", self._reduces) + none
            self._own_position = array("q", self._own_position) + free
            self._own_loss = array("q", self._own_loss) + free
        for instrument in added:
            market = instrument.index
            self._stops[market], self._is_restricted[market] = 0, instrument.symbol in self.limits.restricted
            self._reduces[market], self._own_position[market], self._own_loss[market] = 0, NO_LIMIT, NO_LIMIT
        return 0

    def is_held(self, instrument):
        """Return whether something is held of a market."""
        return self.exposure.net(self.exposure.known(instrument)) != 0

    def set_exclusive(self, str event, bint is_exclusive):
        """Take the venue's word on whether the markets of an event exclude each other; return whether that is news."""
        return self.exposure.set_exclusive(event, is_exclusive)

    def set_fee_bound(self, instrument, bound):
        """Let fills in a market cost at most this from now on; what is open counts so when it changes next."""
        self.exposure.set_fee_bound(instrument, bound)

    cpdef int update(self, Order order) except -1:
        """Count `order` and its market's position as they stand now: after a request is sent, after a fill is booked."""
        return self.exposure.update(order)

    def refresh(self, instrument):
        """Count a position that moved without an order, as at a settlement."""
        self.exposure.refresh(instrument)

    def restore(self, orders):
        """Count what an earlier run left: the positions of the portfolio, and these orders."""
        self.exposure.restore(orders)

    def set_stops(self, instrument, int64_t causes):
        """Say why a market takes no new orders, as flags; 0 opens it, as every market is until told otherwise."""
        self._stops[self.exposure.known(instrument)] = causes

    def set_reduce_only(self, instrument, bint is_reduce_only):
        """Let only orders through that bring the position of a market nearer to zero, or all again."""
        self._reduces[self.exposure.known(instrument)] = is_reduce_only

    def set_own_limits(self, instrument, int64_t max_position=NO_LIMIT, int64_t max_market_loss=NO_LIMIT):
        """Let a market have tighter limits than the others; wider ones change nothing."""
        cdef Py_ssize_t market = self.exposure.known(instrument)
        self._own_position[market], self._own_loss[market] = max_position, max_market_loss
