# cython: overflowcheck=True, nonecheck=True, cdivision=False
"""What is held, what it cost and what it is worth: the only profit and loss of the program, in integers.

Positions are kept by the average-cost method. `cash` is what sales brought less what purchases cost, before `fees`;
`cost` is what the open quantity cost, below 0 for a short one; `value` is the open quantity at its mark. Realised profit
is cash + cost and unrealised value - cost, so that their sum is cash + value to the unit, however an average was rounded.

Units   sizes and prices as in `instrument`, money their product; every market has the same decimals.
Shapes  one Position an instrument, at the instrument's index; its money is in the sums of its event and of all at once.
        What a market made that is forgotten stays in the sum of all.
Errors  ConfigError for instruments that make no portfolio, OrderError for a stranger, OverflowError beyond 64 bits.
Cost    O(1) a change, nothing allocated: a fill 20 ns, a mark 10 ns.
Thread  the loop thread only.
"""

from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t

from engine._book cimport ASKS, BIDS, Book
from engine.instrument cimport Instrument
from engine.orders.order cimport Change
from engine.portfolio._totals cimport Totals, add_up, share_of
from engine.portfolio.marks cimport mark_of_long, mark_of_short

from engine import fix
from engine.errors import ConfigError, OrderError

cdef int BUY = fix.BUY


cdef class Position(Totals):
    """What is held in one instrument and what trading it has earned; only its portfolio changes it.

    `mark` is the price that `net` is valued at, above 0 for a long position and below 0 for a short one. Until a book is
    seen the last fill tells it.
    """

    def __cinit__(self, Instrument instrument not None, Totals event not None, Totals whole not None):
        self.instrument = instrument
        self._event = event
        self._whole = whole

    cdef int fill(self, int side, int64_t qty, int64_t price, int64_t fee) except -1:
        """Book a fill; with `qty` and `fee` below 0 take one back.

        What is taken back leaves `realised` as it was and moves its money into `cost`: the exact inverse of a fill that
        opened, while one that closed keeps what it had realised until the position is closed again.
        """
        cdef int64_t signed = qty if side == BUY else 0 - qty
        cdef int64_t net = self.net, after = net + signed, money = signed * price, cost
        if after == 0:
            cost = 0
        elif net == 0 or (net > 0) == (signed > 0) or qty < 0:
            cost = self.cost + money
        elif (net > 0) == (after > 0):
            cost = share_of(self.cost, after, net)
        else:
            cost = after * price
        if not self._is_believed and qty > 0:
            self._long_mark = self._short_mark = price
        return self.become(after, self.cash - money, cost, self.fees + fee)

    cdef int settle(self, int64_t price, int64_t fee) except -1:
        self.become(0, self.cash + self.net * price, 0, self.fees + fee)
        self._long_mark = self._short_mark = self.mark = price  # of what a late fill or bust leaves
        self.is_settled = self._is_believed = True
        return 0

    cdef int take_marks(self, int64_t long_mark, int64_t short_mark) except -1:
        self._long_mark, self._short_mark = long_mark, short_mark
        if self.net and self.mark != (long_mark if self.net > 0 else short_mark):
            self.become(self.net, self.cash, self.cost, self.fees)
        return 0

    cdef int become(self, int64_t net, int64_t cash, int64_t cost, int64_t fees) except -1:
        """Take the new amounts, and their differences into the sums."""
        cdef int64_t mark = self._long_mark if net > 0 else self._short_mark if net < 0 else self.mark
        cdef int64_t value = net * mark
        cash, cost, fees, value = cash - self.cash, cost - self.cost, fees - self.fees, value - self.value
        add_up(self._whole, cash, cost, fees, value)
        add_up(self._event, cash, cost, fees, value)
        add_up(self, cash, cost, fees, value)
        self.net, self.mark = net, mark
        return 0

    def __repr__(self):
        return f"Position({self.instrument.symbol}, net {self.net}, cash {self.cash}, fees {self.fees})"


cdef class Portfolio(Totals):
    """The position in every instrument of the engine, flat ones included, and the sums over all of them.

    Nothing else books money: the loop books what a report changed, and recovery does the same from the journal.
    """

    def __cinit__(self, instruments):
        instruments = tuple(instruments)
        if [each.index for each in instruments] != list(range(len(instruments))):
            raise ConfigError("instruments must be numbered by Instrument.index from 0 in their order")
        self._positions, self._events, self._gone, self._past, self._decimals = (), {}, {}, Totals(), None
        self.add(instruments)

    def add(self, instruments):
        """Keep these markets too, each at its index; ConfigError where that is taken, or the units are not ours."""
        positions = list(self._positions)
        for each in instruments:
            decimals = each.price_decimals, each.size_decimals
            if self._decimals not in (None, decimals):
                raise ConfigError("instruments must share price_decimals and size_decimals: their money is added up")
            self._decimals = decimals
            positions += [None] * (each.index + 1 - len(positions))
            if each.index < 0 or positions[each.index] is not None:
                raise ConfigError(f"{each.symbol}: index {each.index} is not free")
            positions[each.index] = Position(each, self._events.setdefault(each.event, Totals()), self)
        self._positions = tuple(positions)

    def remove(self, instruments):
        """Forget markets but for what they made, which stays in the sum of all; OrderError where something is held."""
        cdef Position each
        positions = list(self._positions)
        for each in [self.find(instrument) for instrument in instruments]:
            if each.net:
                raise OrderError(f"Symbol(55) {each.instrument.symbol!r} is held: it cannot be forgotten")
            add_up(self._past, each.cash, each.cost, each.fees, each.value)
            self._past.start_pnl += each.start_pnl
            positions[each.instrument.index] = None
        self._positions = tuple(positions)
        events = {each.instrument.event for each in self}
        self._events = {event: totals for event, totals in self._events.items() if event in events}

    @property
    def decimals(self):
        """Decimals of a price and of a size; the usual ones while there is no market."""
        return self._decimals or (4, 2)

    def __getitem__(self, Instrument instrument not None):
        return self.find(instrument)

    def __iter__(self):
        return iter([each for each in self._positions if each is not None])

    def __len__(self):
        return len(self._positions) - self._positions.count(None)

    def event(self, str name):
        """Return the sums over the markets of one event; KeyError where there is none of them."""
        return self._events[name]

    cdef Position find(self, Instrument instrument):
        cdef Py_ssize_t index = instrument.index
        cdef Position position
        if 0 <= index < len(self._positions):
            position = <Position>self._positions[index]
            if position is not None and position.instrument is instrument:
                return position
        position = self._gone.get(instrument)
        if position is None:
            raise OrderError(f"Symbol(55) unknown to the portfolio: {instrument.symbol!r}")
        return position

    def admit(self, Instrument instrument not None):
        """Book from here on what an earlier run did in a market that is not configured any more.

        Its money counts in the sums over all, unless it has other units.
        """
        is_summed = self._decimals in (None, (instrument.price_decimals, instrument.size_decimals))
        self._gone[instrument] = Position(instrument, Totals(), self if is_summed else Totals())

    def gone(self):
        """Return the positions in markets that are not configured any more."""
        return list(self._gone.values())

    # What changes money

    cpdef int fill(self, Instrument instrument, int side, int64_t qty, int64_t price, int64_t fee) except -1:
        """Book a fill; with `qty` and `fee` below 0 take one back, as for a bust."""
        return self.find(instrument).fill(side, qty, price, fee)

    cpdef int book(self, Change change) except -1:
        """Book what a report traded, busted or corrected."""
        cdef Position position
        if change.order is None or not (change.undo_qty or change.last_qty):
            return 0
        position = self.find(change.order.instrument)
        if change.undo_qty:
            position.fill(change.order.side, 0 - change.undo_qty, change.undo_px, 0 - change.undo_fee)
        if change.last_qty:
            position.fill(change.order.side, change.last_qty, change.last_px, change.fee)
        return 0

    cpdef int settle(self, Instrument instrument, int64_t price, int64_t fee=0) except -1:
        """Pay out the open quantity at what one contract turned out to be worth, which stays its mark."""
        return self.find(instrument).settle(price, fee)

    # What changes value

    cpdef int mark(self, Instrument instrument, int64_t best_bid, int64_t best_ask) except -1:
        """Value the position by the best prices of a book that is believed.

        Nothing moves where they cross, nor in a market that is closed or settled: the last mark stays.
        """
        cdef Position position = self.find(instrument)
        if best_bid >= best_ask or position._is_frozen or position.is_settled:
            return 0
        position._is_believed = True
        return position.take_marks(
            mark_of_long(best_bid), mark_of_short(best_ask, instrument.limit, position._short_mark)
        )

    cpdef int mark_book(self, book) except -1:
        """Value the position by a book; a stale one leaves the last mark."""
        cdef Book ladder
        if type(book) is not Book:  # a market without a grid
            return 0 if book.is_stale else self.mark(book.instrument, book.best_bid, book.best_ask)
        ladder = <Book>book
        if ladder.is_stale:
            return 0
        return self.mark(ladder.instrument, ladder.top(BIDS), ladder.top(ASKS))

    def set_open(self, Instrument instrument not None, bint is_open):
        """Say whether the venue trades this market: a closed one keeps its mark until it settles or opens again."""
        self.find(instrument)._is_frozen = not is_open

    def restore_mark(self, Instrument instrument not None, int64_t mark):
        """Value the position as an earlier run did, until a fill or a book says better."""
        cdef Position position = self.find(instrument)
        if not position._is_believed:
            position.take_marks(mark, mark)

    def restate(self, Instrument instrument not None, int64_t net, int64_t cash, int64_t cost):
        """Hold `net` from now on, of which so much was paid: what a person or the venue says, and no fill explains."""
        self.find(instrument).become(net, cash, cost, self.find(instrument).fees)

    def holding(self, Instrument instrument not None):
        """Return what stands for a market: net, cash, cost, fees, marks, profit when the day began, whether settled."""
        cdef Position each = self.find(instrument)
        return (
            each.net, each.cash, each.cost, each.fees, each._long_mark, each._short_mark, each.mark, each.start_pnl,
            <int>each.is_settled,
        )

    def restore_holding(
        self, Instrument instrument not None, int64_t net, int64_t cash, int64_t cost, int64_t fees, int64_t long_mark,
        int64_t short_mark, int64_t mark, int64_t start_pnl, bint is_settled
    ):
        """Take what `holding` returned into a position of which nothing is known."""
        cdef Position each = self.find(instrument)
        if each.net or each.cash or each.fees:
            raise OrderError(f"Symbol(55) {instrument.symbol!r} is held already: a snapshot begins with nothing")
        each._long_mark, each._short_mark, each.mark = long_mark, short_mark, mark
        each.is_settled = each._is_believed = is_settled
        each.become(net, cash, cost, fees)
        each.start_pnl = start_pnl
        each._event.start_pnl += start_pnl

    def past(self):
        """Return what was made in markets that are forgotten: cash, fees, profit when the day began."""
        return self._past.cash, self._past.fees, self._past.start_pnl

    def restore_past(self, int64_t cash, int64_t fees, int64_t start_pnl):
        """Take what `past` returned."""
        add_up(self._past, cash, 0, fees, 0)
        self._past.start_pnl += start_pnl
        add_up(self, cash, 0, fees, 0)

    def day(self):
        """Return when the day began, and the profit until then."""
        return self.day_start_ns, self.start_pnl

    def restore_day(self, int64_t start_ns, int64_t start_pnl):
        """Take what `day` returned."""
        self.day_start_ns, self.start_pnl = start_ns, start_pnl

    # The day

    def start_day(self, int64_t start_ns):
        """Count the day's profit and loss from here on; `start_ns` names the day."""
        cdef Totals each
        self.day_start_ns = start_ns
        for each in (self, self._past, *self._events.values(), *self, *self._gone.values()):
            each.start_pnl = each.pnl

    def resume_day(self, int64_t start_ns, int64_t day_pnl):
        """Go on with the day of that start, which has made `day_pnl` so far; one that has made nothing begins here."""
        if start_ns != self.day_start_ns or not day_pnl:
            self.start_day(start_ns)
        self.start_pnl = self.pnl - day_pnl

    def _check(self):
        """Assert that every sum is what its positions add up to, and every value what its mark makes it."""
        names = ("cash", "cost", "fees", "value", "pnl")
        for position in (*self, *self._gone.values()):
            assert position.value == position.net * position.mark, position
            assert position.pnl == position.cash + position.value - position.fees, position
        counted = [each for each in self._gone.values() if (<Position>each)._whole is self]
        for name in names:
            assert getattr(self, name) == sum([getattr(each, name) for each in (*self, *counted, self._past)]), name
        for event, totals in self._events.items():
            ours = [each for each in self if each.instrument.event == event]
            for name in ("cost", "value") if any(self.past()) else names:  # the rest keeps what forgotten markets made
                assert getattr(totals, name) == sum([getattr(each, name) for each in ours]), (event, name)
