# cython: overflowcheck=False, cdivision=True, boundscheck=False, wraparound=False
"""The loop of a pass over rows: the venue's view, requests, answers and the desk's view, whatever comes first.

At one time the market moves before a request of ours is carried out, that before an answer is heard, and that before
the row that was received then. A trade happens with its decrease.

Units   times in ns since 1970.
Errors  `wrong_row` of the pass for a row that no market or grid has; it is the last one that was looked at.
Cost    some ns a row for each view; see `fixlane bench backtest`.
"""
from libc.stdint cimport int32_t, int64_t

from engine.backtest.core._desk_side cimport heard, quote
from engine.backtest.core._entry cimport act
from engine.backtest.core._ladder cimport QUIET, TOP_PRICE, clear, place, rank_of
from engine.backtest.core._state cimport NEVER_NS, Account, Market, Pass, Request
from engine.backtest.core._venue_view cimport LAST, LEVEL, RESET, STALE, look_at_venue, venue_row
from engine.backtest.core._window cimport NO_WINDOW, drop_behind

cdef enum:
    NO_QUOTES = 0
    CALM_ROWS = 512


cdef void begin(Pass* run) noexcept nogil:
    """Stand before the first row."""
    run.venue_ns = run.request_ns = run.answer_ns = NEVER_NS
    run.wrong_row = -1
    run.window_at = 0 if run.is_mapped else NO_WINDOW
    look_at_venue(run)


cdef int advance(Pass* run) noexcept nogil:
    """Go on until the rows end or somebody outside is to hear of something; say which."""
    cdef int64_t feed_ns, due_ns
    while not run.is_read_over:
        if run.feed_at >= run.window_at:
            drop_behind(run)
        feed_ns = run.rows.recv_ns[run.feed_at] if run.feed_at < run.rows.count else NEVER_NS
        due_ns = min(run.request_ns, run.answer_ns)
        if due_ns == NEVER_NS and not run.busy_places and feed_ns != NEVER_NS:
            if not calm_rows(run):
                return NO_MEMORY if run.has_failed else WRONG_ROW
        elif run.venue_ns <= feed_ns and run.venue_ns <= due_ns:
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


cdef bint calm_rows(Pass* run) noexcept nogil:
    """Do many rows while nobody has an order anywhere: then the views need not take turns.

    The desk hears first, up to its next request; the venue follows, no further than that. Nothing that the venue does
    meanwhile can be told to anybody.
    """
    cdef Py_ssize_t stop = min(run.feed_at + CALM_ROWS, run.rows.count)
    while run.feed_at < stop and run.request_ns == NEVER_NS and not run.is_read_over:
        if not feed_row(run):
            return False
    while run.venue_ns <= run.now_ns and run.venue_ns <= run.request_ns:
        if not venue_row(run):
            return False
    return True


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
    if moved >= run.wakes_from and not market.is_marked:
        market.is_marked = True
        run.moved[run.moved_count] = number
        run.moved_count += 1
    if run.moved_count and run.rows.flags[at] & LAST:
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
