# cython: overflowcheck=False, cdivision=True
"""The venue's view of the rows: which comes next, and what it does to the book and to whoever has orders there."""
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memset

from engine.backtest.core._ladder cimport facing, place, rank_of
from engine.backtest.core._state cimport NEVER_NS, NONE, Account, Market, Pass, Place
from engine.backtest.core._venue cimport hit, level_moved, traded

cdef enum:  # kinds and flags, as in the schema of rows
    RESET = 0
    LEVEL = 1
    TRADE = 2
    STALE = 3
    LAST = 1
    PAIRED = 2
    OWN = 4
    BLOCK = 8
    SNAPSHOT = 32


cdef inline void look_at_venue(Pass* run) noexcept nogil:
    """Note when the next row happens at the venue: a trade that has a pair does when its decrease does."""
    cdef Py_ssize_t at = run.venue_at
    cdef int32_t row
    if at >= run.rows.count:
        run.venue_ns = NEVER_NS
        return
    row = run.rows.order[at]
    if row < 0 or row >= run.rows.count:
        run.venue_ns = run.last_venue_ns  # `venue_row` says what is wrong with it
        return
    if run.rows.kind[row] == TRADE and run.rows.flags[row] & PAIRED and at + 1 < run.rows.count:
        at = run.rows.order[at + 1]
        if 0 <= at < run.rows.count:
            row = <int32_t>at
    run.venue_ns = max(run.last_venue_ns, run.rows.venue_ns[row])


cdef inline bint has_more(Pass* run, int32_t number) noexcept nogil:
    """Return whether more of a market's snapshot follows, perhaps after rows of others."""
    cdef Py_ssize_t at, next_at = run.venue_at
    while next_at < run.rows.count:
        at = run.rows.order[next_at]
        if at < 0 or at >= run.rows.count:
            return False
        if run.rows.market[at] == number:
            return run.rows.kind[at] == LEVEL and run.rows.flags[at] & SNAPSHOT != 0
        if run.rows.venue_ns[at] > run.last_venue_ns:
            return False
        next_at += 1
    return False


cdef inline bint concerns(
    Account* account, int32_t number, int side, int32_t rank, int32_t across, bint is_more
) noexcept nogil:
    """Return whether a changed level can matter to an account: it took there, rests there or beyond, or is crossed."""
    cdef const Place* place = &account.places[number]
    cdef int32_t slot = place.first[1 - side if is_more else side]
    if place.marked:
        return True
    if slot == NONE:
        return False
    return account.orders[slot].rank <= (across if is_more else rank)


cdef inline void tell_level(
    Pass* run, int32_t number, int side, int32_t rank, int64_t was, int64_t size, int flags, int32_t join
) noexcept nogil:
    cdef uint8_t* busy = run.busy + <Py_ssize_t>number * run.account_count
    cdef int32_t at, across = facing(run.markets[number].venue.grid, rank)
    for at in range(run.account_count):
        if busy[at] and concerns(&run.accounts[at], number, side, rank, across, size > was):
            level_moved(run, &run.accounts[at], number, side, rank, was, size, flags, join, run.last_venue_ns)


cdef inline void tell_trade(
    Pass* run, Market* market, int32_t number, int side, int32_t rank, int64_t size, int flags
) noexcept nogil:
    cdef uint8_t* busy = run.busy + <Py_ssize_t>number * run.account_count
    cdef int32_t at
    for at in range(run.account_count):
        if busy[at] and flags & OWN:
            hit(run, &run.accounts[at], number, side, rank, size, run.last_venue_ns)
        elif busy[at]:
            traded(run, &run.accounts[at], number, side, rank, size, flags & PAIRED != 0, run.last_venue_ns)


cdef inline void commit(Pass* run, Market* market, int32_t number) noexcept nogil:
    """Let a snapshot be the book, each level from what it was, bids first, from the lowest price on."""
    cdef int32_t capacity = market.venue.grid.capacity, rank, step
    cdef int64_t was, size
    cdef int row
    run.is_gap = not market.venue.is_known
    market.is_staging = False
    market.venue.is_known = True
    for row in range(2):
        for step in range(capacity):
            rank = step if row else capacity - 1 - step
            was, size = market.venue.sizes[row][rank], market.staged[row][rank]
            if was or size:
                place(&market.venue, row, rank, size)
                if market.busy:
                    tell_level(run, number, row, rank, was, size, SNAPSHOT, NONE)
    run.is_gap = False


cdef inline bint venue_row(Pass* run) noexcept nogil:
    """Let the next row happen at the venue; false if no market or grid has it."""
    cdef Py_ssize_t at = run.rows.order[run.venue_at]
    cdef int32_t number, rank
    cdef int kind, flags, side
    cdef int64_t was, size
    cdef Market* market
    if at < 0 or at >= run.rows.count or not 0 <= run.rows.market[at] < run.market_count:
        run.wrong_row = at
        return False
    number, kind, flags = run.rows.market[at], run.rows.kind[at], run.rows.flags[at]
    market = &run.markets[number]
    run.last_venue_ns = run.venue_ns
    run.venue_at += 1
    if kind == LEVEL or kind == TRADE:
        side, size = run.rows.side[at] - 1, run.rows.size[at]
        rank = rank_of(market.venue.grid, side, run.rows.price[at]) if 0 <= side <= 1 else -1
        if rank < 0 or size < 0:
            run.wrong_row = at
            return False
        if kind == TRADE:
            if market.busy and market.venue.is_known and not flags & BLOCK:
                tell_trade(run, market, number, side, rank, size, flags)
        elif flags & SNAPSHOT and market.is_staging:
            market.staged[side][rank] = size
            if not has_more(run, number):
                commit(run, market, number)
        else:
            was = market.venue.sizes[side][rank]
            place(&market.venue, side, rank, size)
            market.last_join = max(market.last_join, run.rows.join[at])  # a cancel's is of an earlier increase
            if market.busy and market.venue.is_known:
                tell_level(run, number, side, rank, was, size, flags, run.rows.join[at])
    elif kind == RESET:
        market.is_staging = True
        for side in range(2):
            memset(market.staged[side], 0, market.venue.grid.capacity * sizeof(int64_t))
        if not has_more(run, number):
            commit(run, market, number)
    elif kind == STALE:
        market.venue.is_known = False
    look_at_venue(run)
    return not run.has_failed
