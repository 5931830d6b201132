# cython: overflowcheck=False, cdivision=True, boundscheck=False, wraparound=False
"""The loop of a pass over rows: the venue's view, requests, answers and the desk's view, whatever comes first.

At one time the market moves before a request of ours is carried out, that before an answer is heard, and that before
the row that was received then. A trade happens with its decrease.

Units   times in ns since 1970.
Errors  `wrong_row` of the pass for a row that no market or grid has; it is the last one that was looked at.
Cost    some ns a row for each view; see `fixlane bench backtest`.
"""
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memset

from engine.backtest.core._desk_side cimport heard, quote
from engine.backtest.core._entry cimport act
from engine.backtest.core._ladder cimport QUIET, TOP_PRICE, Ladder, clear, place, rank_of
from engine.backtest.core._state cimport NEVER_NS, NONE, Account, Answer, Market, Pass, Request
from engine.backtest.core._venue cimport level_moved, traded

cdef enum:  # as in the schema of rows
    RESET = 0
    LEVEL = 1
    TRADE = 2
    STALE = 3
    LAST = 1
    PAIRED = 2
    OWN = 4
    BLOCK = 8
    SNAPSHOT = 32
    NO_QUOTES = 0


cdef void begin(Pass* run) noexcept nogil:
    """Stand before the first row."""
    run.venue_ns = run.request_ns = run.answer_ns = NEVER_NS
    run.wrong_row = -1
    look_at_venue(run)


cdef int advance(Pass* run) noexcept nogil:
    """Go on until the rows end or somebody outside is to hear of something; say which."""
    cdef int64_t feed_ns, due_ns
    while not run.is_read_over:
        feed_ns = run.rows.recv_ns[run.feed_at] if run.feed_at < run.rows.count else NEVER_NS
        due_ns = min(run.request_ns, run.answer_ns)
        if run.venue_ns <= feed_ns and run.venue_ns <= due_ns:
            if run.venue_at == run.rows.count:
                return ENDED  # nothing is left, and none of the three has a time
            if not venue_row(run):
                return NO_MEMORY if run.has_failed else WRONG_ROW
        elif due_ns <= feed_ns:
            if do_due(run) and run.tells_answers and not run.has_failed:
                return WAS_TOLD
            if run.has_failed:
                return NO_MEMORY
        elif not feed_row(run):
            return NO_MEMORY if run.has_failed else WRONG_ROW
    return BOOKS_MOVED


cdef bint do_due(Pass* run) noexcept nogil:
    """Carry out the next request, or hear the next answer; true for an answer."""
    cdef Account* account
    cdef Request request
    cdef int32_t at
    if run.request_ns <= run.answer_ns:
        for at in range(run.account_count):
            account = &run.accounts[at]
            while account.request_head < account.request_tail:
                request = account.requests[account.request_head & (account.request_space - 1)]
                if request.act_ns != run.request_ns:
                    break
                account.request_head += 1
                if run.venue_at < run.rows.count or request.act_ns <= run.last_venue_ns:
                    act(run, account, &request)
        run.request_ns = next_request_ns(run)
        return False
    for at in range(run.account_count):
        account = &run.accounts[at]
        if account.answer_head < account.answer_tail:
            run.told = account.answers[account.answer_head & (account.answer_space - 1)]
            if run.told.heard_ns == run.answer_ns:
                account.answer_head += 1
                run.told_account = at
                run.now_ns = run.told.heard_ns
                run.answer_ns = next_answer_ns(run)
                heard(run, account, &run.told)
                return True
    run.answer_ns = next_answer_ns(run)
    return False


cdef int64_t next_request_ns(Pass* run) noexcept nogil:
    cdef int64_t first_ns = NEVER_NS
    cdef int32_t at
    cdef Account* account
    for at in range(run.account_count):
        account = &run.accounts[at]
        if account.request_head < account.request_tail:
            first_ns = min(first_ns, account.requests[account.request_head & (account.request_space - 1)].act_ns)
    return first_ns


cdef int64_t next_answer_ns(Pass* run) noexcept nogil:
    cdef int64_t first_ns = NEVER_NS
    cdef int32_t at
    cdef Account* account
    for at in range(run.account_count):
        account = &run.accounts[at]
        if account.answer_head < account.answer_tail:
            first_ns = min(first_ns, account.answers[account.answer_head & (account.answer_space - 1)].heard_ns)
    return first_ns


# The venue's view


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
            market.last_join = max(market.last_join, run.rows.join[at]) if size > was else market.last_join
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


cdef bint has_more(Pass* run, int32_t number) noexcept nogil:
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


cdef void commit(Pass* run, Market* market, int32_t number) noexcept nogil:
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


cdef void tell_level(
    Pass* run, int32_t number, int side, int32_t rank, int64_t was, int64_t size, int flags, int32_t join
) noexcept nogil:
    cdef uint8_t* busy = run.busy + <Py_ssize_t>number * run.account_count
    cdef int32_t at
    for at in range(run.account_count):
        if busy[at]:
            level_moved(run, &run.accounts[at], number, side, rank, was, size, flags, join, run.last_venue_ns)


cdef void tell_trade(
    Pass* run, Market* market, int32_t number, int side, int32_t rank, int64_t size, int flags
) noexcept nogil:
    cdef uint8_t* busy = run.busy + <Py_ssize_t>number * run.account_count
    cdef int32_t at
    for at in range(run.account_count):
        if busy[at]:
            traded(run, &run.accounts[at], number, side, rank, size, flags & PAIRED != 0, run.last_venue_ns)


# The desk's view


cdef inline bint feed_row(Pass* run) noexcept nogil:
    """Let the desk hear the next row, and act once the last of a read is heard; false if no market or grid has it."""
    cdef Py_ssize_t at = run.feed_at
    cdef int32_t number = run.rows.market[at], rank
    cdef int kind = run.rows.kind[at], side
    cdef Market* market
    cdef int moved = QUIET
    if not 0 <= number < run.market_count:
        run.wrong_row = at
        return False
    market = &run.markets[number]
    run.now_ns = run.rows.recv_ns[at]
    run.feed_at += 1
    if kind == LEVEL:
        side = run.rows.side[at] - 1
        rank = rank_of(market.local.grid, side, run.rows.price[at]) if 0 <= side <= 1 else -1
        if rank < 0:
            run.wrong_row = at
            return False
        moved = place(&market.local, side, rank, run.rows.size[at])
    elif kind == RESET:
        clear(&market.local)
        market.local.is_known = True
        moved = TOP_PRICE
    elif kind == STALE:
        market.local.is_known = False
        moved = TOP_PRICE
    if moved and (moved == TOP_PRICE or run.wakes_on_size) and not market.is_marked:
        market.is_marked = True
        run.moved[run.moved_count] = number
        run.moved_count += 1
    if run.rows.flags[at] & LAST and run.moved_count:
        quote_moved(run)
    return not run.has_failed


cdef void quote_moved(Pass* run) noexcept nogil:
    """Wake the compiled strategies, and leave the moved books for those outside, if there are any."""
    cdef int32_t at, which
    cdef Account* account
    for which in range(run.moved_count):
        run.markets[run.moved[which]].is_marked = False
        for at in range(run.account_count):
            account = &run.accounts[at]
            if account.quotes.kind != NO_QUOTES:
                quote(run, account, run.moved[which])
    if run.tells_moves:
        run.is_read_over = True
    else:
        run.moved_count = 0
