# cython: nonecheck=True
"""What risk keeps by market: tables that grow where a market is added, and whose places are used again.

Units   price, size and money as in `instrument`, one scale for all markets.
Shapes  one int64 a market; two where buys and sells differ, at index 2 * market, + 1 for sells (`side_index`). Longer
        tables are new ones in the place of these, and a market that is removed leaves its place free.
Errors  ConfigError for a market that fits no place, OrderError for one that is not in the list.
Thread  the loop thread only.
"""

from array import array

from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t

from engine.instrument cimport Instrument
from engine.risk._losses cimport Losses

from engine.errors import ConfigError, OrderError


cdef class RiskTables:
    """The markets of risk: what bounds each, what is counted of it, and what a fill in it can cost."""

    def __cinit__(self, instruments, portfolio, fee_bounds=(), exclusive=()):
        """Begin without any market: `Exposure` adds its instruments."""
        self.portfolio, self.slots, self.positions = portfolio, (), ()
        self.events, self.free_events, self.open, self.ours = {}, [], {}, []
        self.payout = self.event = self.worst = self.event_worst = array("q")
        self.fee_per_lot = self.fee_rate = self.fee_unit = self.fee_per_order = array("q")
        self.open_qty = self.at_best = self.best = self.claimed = self.spare = array("q")
        self.losses, self.exclusive, self.told_exclusive = Losses(), frozenset(exclusive), set()

    @property
    def instruments(self):
        """Every market, by rising index."""
        return tuple([each for each in self.slots if each is not None])

    cdef int place(self, tuple added) except -1:
        """Give each of these markets its place, which must be free."""
        cdef Py_ssize_t market
        slots, positions = list(self.slots), list(self.positions)
        missing = max([each.index + 1 - len(slots) for each in added], default=0)
        if missing > 0:
            slots += [None] * missing
            positions += [None] * missing
            self.grow(len(slots))
        for each in added:
            market = each.index
            if market < 0 or slots[market] is not None:
                raise ConfigError(f"{each.symbol}: index {market} is not free")
            slots[market], positions[market] = each, self.portfolio[each]
            self.payout[market] = each.limit
            if each.event not in self.events:
                self.events[each.event] = self.free_events.pop()
            self.event[market] = self.events[each.event]
            self.losses.place(market, self.event[market], self.excludes(each))
        self.slots, self.positions = tuple(slots), tuple(positions)
        return 0

    cdef bint excludes(self, Instrument instrument) except -1:
        """Answer whether one market of its event pays at most, by the configuration or the venue."""
        if instrument.event in self.told_exclusive:
            return True
        return not self.exclusive.isdisjoint((instrument.event, instrument.series))

    def set_exclusive(self, str event, bint is_exclusive):
        """Take the venue's word on whether the markets of an event exclude each other, those to come among them.

        What the configuration names stays exclusive. Return whether that changes what the event can lose.
        """
        cdef Py_ssize_t place
        markets = [each for each in self.instruments if each.event == event]
        if not markets:
            return False
        place = self.events[event]
        before = self.losses.is_exclusive[place]
        if is_exclusive:
            self.told_exclusive.add(event)
        else:
            self.told_exclusive.discard(event)
        self.losses.set_exclusive(place, any([self.excludes(each) for each in markets]))
        return before != self.losses.is_exclusive[place]

    def remove(self, instruments):
        """Forget markets in which nothing is held or open; OrderError where something is."""
        slots, positions = list(self.slots), list(self.positions)
        for each in instruments:
            market = self.known(each)
            if self.worst[market] or self.ours[2 * market] or self.ours[2 * market + 1]:
                raise OrderError(f"Symbol(55) {each.symbol!r} has a position or live orders: it cannot be forgotten")
            slots[market] = positions[market] = None
            self.losses.remove(market, self.event[market])
            self.event[market] = -1
        self.slots, self.positions = tuple(slots), tuple(positions)
        events = {each.event for each in self.instruments}
        self.free_events += [place for event, place in self.events.items() if event not in events]
        self.events = {event: place for event, place in self.events.items() if event in events}
        self.told_exclusive &= events

    def set_fee_bound(self, instrument, bound):
        """Let fills in a market cost at most this from now on; what is open counts so when it changes next."""
        cdef Py_ssize_t market = self.known(instrument)
        fitted = bound.fitted(instrument.limit)
        self.fee_per_lot[market], self.fee_rate[market] = fitted.per_lot, fitted.rate
        self.fee_unit[market], self.fee_per_order[market] = fitted.unit, fitted.per_order

    cdef int grow(self, Py_ssize_t count) except -1:
        """Have room for so many markets, and as many events."""
        had = len(self.ours) // 2
        self.free_events = [*range(count - 1, had - 1, -1), *self.free_events]
        self.ours += [set() for _ in range(2 * (count - had))]
        self.payout, self.event = _longer(self.payout, count, 0), _longer(self.event, count, -1)
        self.worst, self.event_worst = _longer(self.worst, count, 0), _longer(self.event_worst, count, 0)
        self.fee_per_lot, self.fee_rate = _longer(self.fee_per_lot, count, 0), _longer(self.fee_rate, count, 0)
        self.fee_unit, self.fee_per_order = _longer(self.fee_unit, count, 1), _longer(self.fee_per_order, count, 0)
        self.open_qty, self.at_best = _longer(self.open_qty, 2 * count, 0), _longer(self.at_best, 2 * count, 0)
        self.claimed, self.spare = _longer(self.claimed, 2 * count, 0), _longer(self.spare, 2 * count, 0)
        self.best = _longer(self.best, count, INT64_MIN, INT64_MAX)
        self.losses.grow(count)
        return 0

    cdef Py_ssize_t index(self, Instrument instrument) except -2:
        """Return the market's place in the tables, -1 for a stranger."""
        cdef Py_ssize_t market = instrument.index
        if 0 <= market < len(self.slots) and self.slots[market] is instrument:
            return market
        return -1

    cdef Py_ssize_t known(self, Instrument instrument) except -1:
        cdef Py_ssize_t market = self.index(instrument)
        if market < 0:
            raise OrderError(f"Symbol(55) unknown to risk: {instrument.symbol!r}")
        return market


def _longer(table, Py_ssize_t count, *row):
    """Return a table of `count` rows: those that there are, then rows of these numbers."""
    return array("q", table) + array("q", row) * (count - len(table) // len(row))
