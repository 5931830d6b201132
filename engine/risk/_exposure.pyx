# cython: nonecheck=True
"""What counts against the limits: open orders at their worst, beside the positions that the portfolio keeps.

Units   price, size and money as in `instrument`, one scale for all markets.
Shapes  the tables of `_tables`.
Errors  as there.
Cost    O(1) a change, except that the orders of ours on one side of a market are looked through when the last at the
        best price leaves.
Thread  the loop thread only.
"""

from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t

from engine.instrument cimport Instrument
from engine.orders.order cimport Order
from engine.portfolio._portfolio cimport Position
from engine.risk._tables cimport RiskTables

from engine import fix, units
from engine.errors import ConfigError
from engine.orders import table
from engine.risk.fee_bound import NO_FEE

cdef extern from *:
    """
    #define product_overflows(a, b, result) __builtin_mul_overflow(a, b, result)
    """
    bint product_overflows(int64_t a, int64_t b, int64_t* result) noexcept nogil

cdef int64_t BEYOND = units.NO_LIMIT + 1  # in place of what 64 bits cannot hold: no limit lets it pass
cdef int BUY = fix.BUY, SELL = fix.SELL
cdef str UNKNOWN = fix.Status.UNKNOWN
cdef frozenset OVER = table.TERMINAL


cdef int64_t times(int64_t qty, int64_t price) noexcept:
    """The product, `BEYOND` where it would be more."""
    cdef int64_t result
    return BEYOND if product_overflows(qty, price, &result) or result > BEYOND else result


cdef class Open:
    pass


cdef class Exposure(RiskTables):
    """Positions are signed, long the YES book is positive; an order or a settlement that moved one is told here."""

    def __cinit__(self, instruments, portfolio, fee_bounds=(), exclusive=()):
        """`fee_bounds` has a FeeBound for each instrument, or is empty where nothing costs a fee; `exclusive` names events,
        and series of events, of whose markets one pays at most.
        """
        instruments = tuple(instruments)
        if [instrument.index for instrument in instruments] != list(range(len(instruments))):
            raise ConfigError("instruments must stand in the order of their index, from 0")
        if len({(each.price_decimals, each.size_decimals) for each in instruments}) > 1:
            raise ConfigError("instruments must share price_decimals and size_decimals: limits add them up")
        self.add(instruments, fee_bounds)

    def add(self, instruments, fee_bounds=()):
        """Count these markets too, each at its index, and what is held of them; `fee_bounds` as at construction."""
        added = tuple(instruments)
        self.place(added)
        for instrument, bound in zip(added, fee_bounds or [NO_FEE] * len(added), strict=True):
            self.set_fee_bound(instrument, bound)
            self.refresh(instrument)

    cdef int64_t net(self, Py_ssize_t market) except? -1:
        return (<Position>self.positions[market]).net

    cpdef int update(self, Order order) except -1:
        """Count `order` and the position in its market as they stand now."""
        cdef Open old = self.open.get(order), new
        cdef Claim claim = self.worst_case(order)
        if old is None and claim.qty <= 0:
            return self.refresh_worst(claim.side_index >> 1)
        if old is not None and claim.qty > 0 and claim.price == old.claim.price:
            self.count(&old.claim, -1)
            self.count(&claim, 1)
            old.claim = claim
            return self.refresh_worst(claim.side_index >> 1)
        if claim.qty > 0:
            new = self.open[order] = Open.__new__(Open)
            new.claim = claim
            self.count_in(new)
        else:
            del self.open[order]
        if old is not None:
            self.count_out(old)
        return self.refresh_worst(claim.side_index >> 1)

    def refresh(self, instrument):
        """Count a position that moved without an order, as at a settlement."""
        self.refresh_worst(self.known(instrument))

    def restore(self, orders):
        """Count what an earlier run left: the positions of the portfolio, and these orders."""
        for instrument in self.instruments:
            self.refresh(instrument)
        for order in orders:
            self.update(order)

    def market_loss(self, instrument):
        """Return what a market makes at worst by now, its open orders counted as far as they lose; below 0 it is a loss."""
        return self.losses.of_market(self.known(instrument), 0, 0)

    def event_loss(self, str event):
        """Return the same of an event; KeyError where there is none of that name."""
        cdef Py_ssize_t place = self.events[event]
        return self.losses.event_now(place)

    def position(self, instrument):
        """Return what the portfolio holds of a market."""
        return self.net(self.known(instrument))

    def worst_position(self, instrument):
        """Return the largest position, long or short, that the open orders could make."""
        return self.worst[self.known(instrument)]

    def event_position(self, str event):
        """Return the sum of `worst_position` over the markets of one event."""
        cdef Py_ssize_t place = self.events[event]
        return self.event_worst[place]

    cdef int64_t cost(self, Py_ssize_t side_index, int64_t price, int64_t qty) except? -1:
        """Return the most that fills can cost, their fees included; where no payout bounds the price a sale counts as
        its proceeds.
        """
        cdef Py_ssize_t market = side_index >> 1
        cdef int64_t payout = self.payout[market], each = price, rate = self.fee_rate[market], unit
        if qty <= 0:
            return 0
        if side_index & 1 and payout:
            each = payout - price
        each += self.fee_per_lot[market]
        if rate:
            unit = self.fee_unit[market]
            each += (rate * price * (payout - price) + unit - 1) // unit
        return min(times(qty, each) + self.fee_per_order[market], BEYOND)

    def worst_cost(self, instrument, int side, int64_t price, int64_t qty):
        """Return what an order like this would count for; OrderError for a stranger's market."""
        return self.cost(2 * self.known(instrument) + (side == SELL), price, qty)

    cdef int64_t spare_of(self, Py_ssize_t market, int64_t qty, int64_t cost) noexcept:
        """Return what an order that costs so much loses even where its side wins: fees that are larger than its gain."""
        cdef int64_t paid = times(max(0, qty), self.payout[market])
        return max(0, cost - paid)

    cdef Claim worst_case(self, Order order) except *:
        """Return what `order` counts for, a quantity of 0 or less if nothing of it can trade any more.

        A replace whose outcome is open leaves a pending quantity, and may even revive an order that is over.
        """
        cdef int64_t cum_qty = order.cum_qty, qty = order.leaves_qty, price = order.price
        cdef int64_t pending_qty = order.pending_qty - cum_qty, pending_price, pending_cost
        cdef str ord_status = order.ord_status
        cdef Py_ssize_t market = self.known(order.instrument)
        cdef Claim claim
        if ord_status is UNKNOWN or ord_status == UNKNOWN:
            qty = max(qty, order.order_qty - cum_qty)
        elif qty and ord_status in OVER:
            qty = 0
        claim.side_index = 2 * market + (order.side == SELL)
        claim.qty = max(qty, pending_qty)
        claim.cost = self.cost(claim.side_index, price, qty)
        claim.spare = self.spare_of(market, qty, claim.cost)
        claim.price = price
        if pending_qty > 0:
            pending_price = order.pending_price
            pending_cost = self.cost(claim.side_index, pending_price, pending_qty)
            claim.cost = max(claim.cost, pending_cost)
            claim.spare = max(claim.spare, self.spare_of(market, pending_qty, pending_cost))
            if not qty or (pending_price < price) == (claim.side_index & 1):
                claim.price = pending_price
        return claim

    cdef int count(self, Claim* claim, int sign) noexcept:
        """Add a claim to the sums, or take it out."""
        self.open_cost += sign * claim.cost
        self.open_qty[claim.side_index] += sign * claim.qty
        self.claimed[claim.side_index] += sign * claim.cost
        self.spare[claim.side_index] += sign * claim.spare
        return 0

    cdef int count_in(self, Open open) except -1:
        cdef Claim* claim = &open.claim
        cdef Py_ssize_t side_index = claim.side_index
        cdef int64_t best = self.best[side_index]
        self.open_orders += 1
        self.count(claim, 1)
        (<set>self.ours[side_index]).add(open)
        if claim.price == best:
            self.at_best[side_index] += 1
        elif claim.price < best if side_index & 1 else claim.price > best:
            self.best[side_index] = claim.price
            self.at_best[side_index] = 1
        return 0

    cdef int count_out(self, Open open) except -1:
        cdef Claim* claim = &open.claim
        cdef Py_ssize_t side_index = claim.side_index
        self.open_orders -= 1
        self.count(claim, -1)
        (<set>self.ours[side_index]).remove(open)
        if claim.price == self.best[side_index]:
            self.at_best[side_index] -= 1
            if not self.at_best[side_index]:
                self.find_best(side_index)
        return 0

    cdef int find_best(self, Py_ssize_t side_index) except -1:
        cdef int64_t best = INT64_MAX if side_index & 1 else INT64_MIN, count = 0, price
        cdef Open open
        for open in <set>self.ours[side_index]:
            price = open.claim.price
            if price == best:
                count += 1
            elif price < best if side_index & 1 else price > best:
                best, count = price, 1
        self.best[side_index], self.at_best[side_index] = best, count
        return 0

    cdef int refresh_worst(self, Py_ssize_t market) except -1:
        cdef Position held = <Position>self.positions[market]
        cdef int64_t position = held.net, payout = self.payout[market], no, yes
        cdef int64_t worst = max(position + self.open_qty[2 * market], self.open_qty[2 * market + 1] - position)
        cdef int64_t more = worst - self.worst[market], base
        self.worst[market] = worst
        self.event_worst[self.event[market]] += more
        self.gross_position += more
        if payout:  # else nothing bounds what a sale can lose
            no = self.claimed[2 * market] + self.spare[2 * market + 1]
            yes = self.claimed[2 * market + 1] + self.spare[2 * market]
            base = held.cash - held.fees - no
            self.losses.put(market, self.event[market], base, payout * position + no - yes)
        return 0

    def _check(self):
        """Assert that every sum is what the orders and positions add up to."""
        cdef Open open
        cdef Claim claim, again
        open_qty = [0] * (2 * len(self.slots))
        best = [INT64_MIN, INT64_MAX] * len(self.slots)
        cost = 0
        for order, open in self.open.items():
            claim, again = open.claim, self.worst_case(order)
            assert claim.qty > 0 and open in <set>self.ours[claim.side_index], order.cl_ord_id
            assert (claim.side_index, claim.qty, claim.cost, claim.price, claim.spare) == (
                again.side_index, again.qty, again.cost, again.price, again.spare
            ), f"{order.cl_ord_id} changed without update"  # fmt: skip
            cost += claim.cost
            open_qty[claim.side_index] += claim.qty
            nearer = min if claim.side_index & 1 else max
            best[claim.side_index] = nearer(best[claim.side_index], claim.price)
        assert self.open_orders == len(self.open) == sum([len(ours) for ours in self.ours])
        assert self.open_cost == cost
        assert list(self.open_qty) == open_qty
        assert list(self.best) == best
        at_best = [0] * len(best)
        for open in self.open.values():
            at_best[open.claim.side_index] += open.claim.price == best[open.claim.side_index]
        assert list(self.at_best) == at_best
        nets = [0 if position is None else position.net for position in self.positions]
        worst = [max(q + b, s - q) for q, b, s in zip(nets, open_qty[::2], open_qty[1::2], strict=True)]
        assert list(self.worst) == worst
        assert self.gross_position == sum(worst)
        event_worst = [0] * len(self.event_worst)
        for instrument in self.instruments:
            event_worst[self.events[instrument.event]] += worst[instrument.index]
            assert self.event[instrument.index] == self.events[instrument.event]
        assert list(self.event_worst) == event_worst
