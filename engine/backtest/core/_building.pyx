# cython: overflowcheck=False, boundscheck=False, wraparound=False
"""The memory of a pass: columns that are lent, books and accounts that are its own.

Errors  ConfigError for what does not fit together, MemoryError; what was taken before one is given back by `release`.
"""
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free

from engine.backtest.core._ladder cimport Grid, close_ladder, open_ladder
from engine.backtest.core._state cimport ANSWER, CANCEL, LATENCIES, NEW, NONE, REPLACE, Account, Columns, Market, Pass, Place

from engine.backtest.core.settings import QUEUE_KINDS, QuoteBoth
from engine.errors import ConfigError


cdef list take_columns(Pass* run, object columns):
    """Let a pass read these columns; return what must be kept alive for it."""
    cdef const int64_t[::1] recv, venue, size
    cdef const int32_t[::1] market, price, join, order
    cdef const uint8_t[::1] kind, flags, side
    recv, venue, size = columns["recv_ns"], columns["venue_ns"], columns["size"]
    market, price, join = columns["market"], columns["price"], columns["join"]
    order, kind, flags = columns["venue_order"], columns["kind"], columns["flags"]
    side = columns["maker_side"]
    cdef Py_ssize_t count = recv.shape[0]
    others = {venue.shape[0], size.shape[0], market.shape[0], price.shape[0], join.shape[0], order.shape[0],
              kind.shape[0], flags.shape[0], side.shape[0]}
    if not count or others != {count}:
        raise ConfigError("the columns of the rows are empty or not of one length: convert the frames anew")
    run.rows = Columns(
        count, &recv[0], &venue[0], &size[0], &market[0], &price[0], &join[0], &order[0], &kind[0], &flags[0], &side[0]
    )
    return [recv, venue, size, market, price, join, order, kind, flags, side]


cdef int take_markets(Pass* run, object markets) except -1:
    """Give each market, a pair of its grid and what a contract pays at most, its two books."""
    cdef int32_t at, which
    kinds = {}
    for grid, limit in markets:
        kinds.setdefault((id(grid), limit), (len(kinds), grid, limit))
    run.grids = <Grid*>need(calloc(len(kinds), sizeof(Grid)))
    for which, grid, limit in kinds.values():
        run.grid_count = which + 1
        take_grid(&run.grids[which], grid, limit)
    run.markets = <Market*>need(calloc(len(markets), sizeof(Market)))
    run.moved = <int32_t*>need(calloc(len(markets), sizeof(int32_t)))
    for at, (grid, limit) in enumerate(markets):
        run.market_count = at + 1
        which = kinds[id(grid), limit][0]
        take_market(&run.markets[at], &run.grids[which])
    return 0


cdef int take_grid(Grid* into, object grid, object limit) except -1:
    cdef Py_ssize_t at
    into.capacity, into.span, into.limit = len(grid), len(grid.slot_of), limit
    into.slots = <int16_t*>need(calloc(into.span, sizeof(int16_t)))
    into.prices = <int32_t*>need(calloc(into.capacity, sizeof(int32_t)))
    for at, slot in enumerate(grid.slot_of):
        into.slots[at] = slot
    for at, price in enumerate(grid.prices):
        into.prices[at] = price
    return 0


cdef int take_market(Market* market, Grid* grid) except -1:
    cdef int row
    if not open_ladder(&market.venue, grid) or not open_ladder(&market.local, grid):
        raise MemoryError
    for row in range(2):
        market.staged[row] = <int64_t*>need(calloc(grid.capacity, sizeof(int64_t)))
    return 0


cdef int take_sets(Pass* run, object sets) except -1:
    """Give each parameter set its account."""
    cdef int32_t at
    run.busy = <uint8_t*>need(calloc(len(sets) * run.market_count, sizeof(uint8_t)))
    run.accounts = <Account*>need(calloc(len(sets), sizeof(Account)))
    for at, one in enumerate(sets):
        run.account_count = at + 1
        run.accounts[at].index = at
        take_set(run, &run.accounts[at], one)
    return 0


cdef int take_set(Pass* run, Account* account, object one) except -1:
    cdef int32_t at
    queue, limits, fees, ways = one.queue, one.limits, one.fees, one.ways
    account.free_order = NONE
    account.keeps_fills = one.keeps_fills
    account.queue.kind, account.queue.halves = QUEUE_KINDS.index(queue.kind), queue.halves
    account.queue.weight, account.queue.lots = queue.weight, queue.lots
    account.queue.is_matched = queue.is_matched
    account.limits.qty, account.limits.position, account.limits.collar = limits.qty, limits.position, limits.collar
    account.limits.open_cost, account.limits.open_orders = limits.open_cost, limits.open_orders
    account.fees.taker, account.fees.maker, account.fees.precision = fees.taker, fees.maker, fees.precision
    account.fees.scale = fees.scale
    account.seed, account.think_ns, account.venue_delay_ns = ways.seed, ways.think_ns, ways.venue_delay_ns
    for kind, times in ((NEW, ways.new), (CANCEL, ways.cancel), (REPLACE, ways.replace), (ANSWER, ways.answer)):
        take_way(account, kind, times)
    if isinstance(one.strategy, QuoteBoth):
        account.quotes.kind, account.quotes.size, account.quotes.away = 1, one.strategy.size, one.strategy.away
    account.places = <Place*>need(calloc(run.market_count, sizeof(Place)))
    for at in range(run.market_count):
        account.places[at].first[0] = account.places[at].first[1] = NONE
        account.places[at].mine[0] = account.places[at].mine[1] = NONE
    return 0


cdef int take_way(Account* account, int kind, object times) except -1:
    cdef Py_ssize_t at
    if isinstance(times, int):
        account.ways[kind].fixed_ns = times
        return 0
    account.ways[kind].table = <int64_t*>need(calloc(LATENCIES, sizeof(int64_t)))
    for at in range(LATENCIES):
        account.ways[kind].table[at] = times[at]
    return 0


cdef void* need(void* memory) except NULL:
    if memory == NULL:
        raise MemoryError
    return memory


cdef void release(Pass* run) noexcept:
    """Give back everything that a pass took, however far that came."""
    cdef int32_t at, row
    for at in range(run.account_count):
        release_account(run, &run.accounts[at])
    for at in range(run.market_count):
        close_ladder(&run.markets[at].venue)
        close_ladder(&run.markets[at].local)
        for row in range(2):
            free(run.markets[at].staged[row])
    for at in range(run.grid_count):
        free(run.grids[at].slots)
        free(run.grids[at].prices)
    free(run.accounts)
    free(run.markets)
    free(run.grids)
    free(run.moved)
    free(run.busy)
    free(run)


cdef void release_account(Pass* run, Account* account) noexcept:
    cdef int32_t at
    for at in range(run.market_count if account.places != NULL else 0):
        free(account.places[at].levels[0])
        free(account.places[at].levels[1])
    for at in range(4):
        free(account.ways[at].table)
    free(account.places)
    free(account.orders)
    free(account.requests)
    free(account.answers)
    free(account.kept)
