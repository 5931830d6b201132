# cython: overflowcheck=False, cdivision=True, boundscheck=False, wraparound=False
# distutils: extra_compile_args = -ffp-contract=off
"""The venue's side of a pass: what rows do to the orders of an account.

The rules of captured liquidity, as the slow exchange has them, and any queue model: what own orders took does not come
back until the rows take it back, a trade serves better own orders first and then the queue from its front, size that
arrives across own orders trades with them.

Units   prices, sizes and money as in the rows; times in ns since 1970.
Errors  `has_failed` of the pass where memory ends.
Cost    O(own orders of one side in one market).
"""
from libc.stdint cimport int32_t, int64_t

from engine.backtest.core._ladder cimport facing
from engine.backtest.core._orders cimport available, clamp, fill, first_at, is_marked, level_for, move_up, refresh
from engine.backtest.core._queue cimport ahead_after
from engine.backtest.core._state cimport NONE, Account, Level, Order, Pass, Place

cdef enum:
    PAIRED = 2  # flags of the rows
    SNAPSHOT = 32
    PAIRING_NS = 1_000_000_000  # how long a trade without a pair waits for its decrease


cdef void level_moved(
    Pass* run, Account* account, int32_t market, int row, int32_t rank, int64_t was, int64_t size, int flags,
    int32_t join, int64_t now_ns,
) noexcept nogil:
    """Do what follows for an account when the size shown at a rank went from `was` to `size`."""
    cdef Place* place = &account.places[market]
    cdef Level* level = place.levels[row] + rank if place.levels[row] != NULL else NULL
    cdef int64_t before, between
    if level == NULL or not is_marked(level):
        if flags & PAIRED and size < was:
            clamp(account, place, row, rank, size)
        else:
            settle(run, account, market, row, rank, was, size, join, now_ns)
    else:
        before = available(level, was)
        between = adjust(place, level, was, size, flags, now_ns, before)
        clamp(account, place, row, rank, between)
        if not is_marked(level):
            place.marked -= 1
        settle(run, account, market, row, rank, between, available(level, size), join, now_ns)
    refresh(run, account, market)


cdef int64_t adjust(
    Place* place, Level* level, int64_t was, int64_t size, int flags, int64_t now_ns, int64_t before
) noexcept nogil:
    """Bring what is remembered of a level up to date; return what is left of `before` once trades are seen to."""
    cdef int64_t gone = max(0, was - size), traded = 0
    if flags & SNAPSHOT or (level.credit and now_ns - level.credit_ns > PAIRING_NS):
        level.used = level.credit = 0
    if flags & PAIRED and gone:
        level.used -= min(level.used, place.paired)
        place.paired = 0
        traded = gone
    elif gone:
        traded = min(level.credit, gone)
        level.credit -= traded
        level.used -= min(level.used, traded)
    level.taken = min(max(0, level.taken - (gone - traded)), size)
    return min(before, available(level, size) + gone - traded) if traded else before


cdef void traded(
    Pass* run, Account* account, int32_t market, int row, int32_t rank, int64_t qty, bint is_paired, int64_t now_ns
) noexcept nogil:
    """Serve a trade of `qty` at a rank: better own orders first, then the queue there from its front."""
    cdef Place* place = &account.places[market]
    cdef Level* level = place.levels[row] + rank if place.levels[row] != NULL else NULL
    cdef int64_t shown = run.markets[market].venue.sizes[row][rank], rest = qty, used = 0, part
    cdef int32_t slot = place.first[row], after
    cdef Order* order
    if level != NULL:
        shown = available(level, shown)
    while slot != NONE and rest:
        order = &account.orders[slot]
        after = order.after
        if order.rank > rank:
            break
        if order.rank == rank:
            part = max(0, min(order.ahead - used, rest))
            used += part
            rest -= part
        part = min(order.qty - order.cum, rest)
        if part:
            fill(run, account, slot, part, order.price, False, now_ns)
            rest -= part
        slot = after
    used += min(rest, max(0, shown - used))
    move_up(account, place, row, rank, used)
    remember_trade(run, account, market, row, rank, qty, used, is_paired, now_ns)
    refresh(run, account, market)


cdef void hit(
    Pass* run, Account* account, int32_t market, int row, int32_t rank, int64_t qty, int64_t now_ns
) noexcept nogil:
    """Serve a trade that hit the recorder's own order: better own orders, then those that come first at its rank."""
    cdef int32_t slot = account.places[market].first[row], after
    cdef int64_t rest = qty, part
    cdef Order* order
    while slot != NONE and rest:
        order = &account.orders[slot]
        after = order.after
        if order.rank > rank or (order.rank == rank and order.ahead):
            break
        part = min(order.qty - order.cum, rest)
        if part:
            fill(run, account, slot, part, order.price, False, now_ns)
            rest -= part
        slot = after
    refresh(run, account, market)


cdef void remember_trade(
    Pass* run, Account* account, int32_t market, int row, int32_t rank, int64_t qty, int64_t used, bint is_paired,
    int64_t now_ns,
) noexcept nogil:
    cdef Level* level = level_for(run, account, market, row, rank)
    if level == NULL:
        return
    if level.credit and now_ns - level.credit_ns > PAIRING_NS:
        level.used = level.credit = 0
    level.used += used
    if is_paired:
        account.places[market].paired = used
    else:
        level.credit += qty
        level.credit_ns = now_ns
    if not is_marked(level):
        account.places[market].marked -= 1


cdef void settle(
    Pass* run, Account* account, int32_t market, int row, int32_t rank, int64_t before, int64_t after, int32_t join,
    int64_t now_ns,
) noexcept nogil:
    """Let what is available at a rank go from `before` to `after`: a cancel, or size that arrives."""
    cdef Place* place = &account.places[market]
    cdef int64_t least = 0, arrived
    cdef int32_t slot
    cdef Order* order
    cdef Level* level
    if after < before:
        slot = first_at(account, place, row, rank)
        while slot != NONE and account.orders[slot].rank == rank:
            order = &account.orders[slot]
            order.ahead = ahead_after(&account.queue, order.ahead, before, before - after, join, order.joined)
            order.ahead = least = max(least, order.ahead)
            slot = order.after
    elif after > before and place.first[1 - row] != NONE:
        arrived = cross(run, account, market, row, rank, after - before, now_ns)
        level = level_for(run, account, market, row, rank) if arrived else NULL
        if level != NULL:
            level.taken += arrived


cdef int64_t cross(
    Pass* run, Account* account, int32_t market, int row, int32_t rank, int64_t qty, int64_t now_ns
) noexcept nogil:
    """Let size that arrives trade with own orders of the other side, at their prices; return how much it did."""
    cdef int32_t last = facing(run.markets[market].venue.grid, rank), slot = account.places[market].first[1 - row], after
    cdef int64_t left = qty, part
    cdef Order* order
    while slot != NONE and left and account.orders[slot].rank <= last:
        order = &account.orders[slot]
        after = order.after
        part = min(order.qty - order.cum, left)
        fill(run, account, slot, part, order.price, False, now_ns)
        left -= part
        slot = after
    return qty - left
