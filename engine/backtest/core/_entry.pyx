# cython: overflowcheck=False, cdivision=True, boundscheck=False, wraparound=False
# distutils: extra_compile_args = -ffp-contract=off
"""The venue's side of a pass: what requests do to the orders of an account, and what those take.

Units   prices, sizes and money as in the rows; times in ns since 1970.
Errors  none: a refusal is an answer; `has_failed` of the pass where memory ends.
Cost    O(prices that an order takes from, own orders of one side in one market).
"""
from libc.stdint cimport int32_t, int64_t

from engine.backtest.core._ladder cimport Ladder, facing, next_rank, price_at, rank_of
from engine.backtest.core._orders cimport (
    available_at, end, fill, level_for, move_up, refresh, reply, rest, unlink,
)
from engine.backtest.core._state cimport (
    ACCEPTED, ASKED, BELOW_FILLED, CANCEL, CANCEL_REJECTED, FOK, FOK_SHORT, GTC, IOC_REST, NEW, NO_BOOK, NO_REASON,
    NONE, POST_ONLY_CROSS, REJECTED, REPLACED, SELF_TRADE, TOO_LATE, WRONG_PRICE, WRONG_QTY, Account, Level, Market,
    Order, Pass, Place, Request,
)


cdef void act(Pass* run, Account* account, Request* request) noexcept nogil:
    """Carry out a request at its time."""
    cdef Order* order = &account.orders[request.slot]
    cdef int32_t market = order.market
    order.on_way -= 1
    if request.kind == NEW:
        enter_new(run, account, request)
    elif not order.is_open:
        reply(run, account, request.slot, CANCEL_REJECTED, TOO_LATE, request.act_ns)
    elif request.kind == CANCEL:
        end(run, account, request.slot, ASKED, request.act_ns)
    else:
        replace(run, account, request)
    refresh(run, account, market)


cdef void enter_new(Pass* run, Account* account, Request* request) noexcept nogil:
    cdef Order* order = &account.orders[request.slot]
    cdef Market* market = &run.markets[order.market]
    cdef int reason = NO_REASON
    order.rank = rank_of(market.venue.grid, order.row, request.price)
    order.price, order.qty, order.cum, order.fee_rest = request.price, request.qty, 0, 0
    if not market.venue.is_known:
        reason = NO_BOOK
    elif order.rank < 0:
        reason = WRONG_PRICE
    elif request.qty <= 0:
        reason = WRONG_QTY
    if reason:
        reply(run, account, request.slot, REJECTED, reason, request.act_ns)
        return
    order.is_open = True
    reply(run, account, request.slot, ACCEPTED, NO_REASON, request.act_ns)
    enter(run, account, request.slot, request.act_ns)


cdef void replace(Pass* run, Account* account, Request* request) noexcept nogil:
    cdef Order* order = &account.orders[request.slot]
    cdef Market* market = &run.markets[order.market]
    cdef int32_t rank = rank_of(market.venue.grid, order.row, request.price)
    cdef int reason = NO_REASON
    cdef bint keeps
    if not market.venue.is_known:
        reason = NO_BOOK
    elif rank < 0:
        reason = WRONG_PRICE
    elif request.qty < order.cum or request.qty <= 0:
        reason = BELOW_FILLED
    if reason:
        reply(run, account, request.slot, CANCEL_REJECTED, reason, request.act_ns)
    elif request.qty == order.cum:
        end(run, account, request.slot, ASKED, request.act_ns)
    else:
        keeps = order.price == request.price and request.qty <= order.qty
        if not keeps:
            unlink(account, request.slot)
        order.price, order.rank, order.qty = request.price, rank, request.qty
        reply(run, account, request.slot, REPLACED, NO_REASON, request.act_ns)
        if not keeps:
            enter(run, account, request.slot, request.act_ns)


cdef void enter(Pass* run, Account* account, int32_t slot, int64_t now_ns) noexcept nogil:
    """Match an incoming order, then end it or let it rest."""
    cdef Order* order = &account.orders[slot]
    cdef int64_t leaves = order.qty - order.cum, there = 0
    cdef int reason = NO_REASON
    if order.is_post_only or order.tif == FOK:
        there = size_for(run, account, order, 1 if order.is_post_only else leaves)
    if order.is_post_only and there:
        reason = POST_ONLY_CROSS
    elif order.tif == FOK and there < leaves:
        reason = FOK_SHORT
    else:
        reason = match(run, account, slot, now_ns)
    if not order.is_open:
        return
    if reason or order.tif != GTC:
        end(run, account, slot, reason or IOC_REST, now_ns)
    else:
        rest(run, account, slot)


cdef int64_t size_for(Pass* run, Account* account, Order* order, int64_t enough) noexcept nogil:
    """Return how much an order could trade with, own orders counted, up to `enough` or more."""
    cdef Ladder* book = &run.markets[order.market].venue
    cdef Place* place = &account.places[order.market]
    cdef int other = 1 - order.row
    cdef int32_t last = facing(book.grid, order.rank), rank = book.best[other], slot = place.first[other]
    cdef int64_t size = 0
    while rank <= last and rank < book.grid.capacity and size < enough:
        size += available_at(book, place, other, rank)
        rank = next_rank(book, other, rank + 1)
    while slot != NONE and account.orders[slot].rank <= last and size < enough:
        size += account.orders[slot].qty - account.orders[slot].cum
        slot = account.orders[slot].after
    return size


cdef int match(Pass* run, Account* account, int32_t slot, int64_t now_ns) noexcept nogil:
    """Trade an order against the other side, best price and oldest first; return why it stopped early."""
    cdef Order* order = &account.orders[slot]
    cdef int32_t market = order.market
    cdef Ladder* book = &run.markets[market].venue
    cdef Place* place = &account.places[market]
    cdef int other = 1 - order.row
    cdef int32_t last = facing(book.grid, order.rank), rank = book.best[other], own, at
    cdef int64_t part
    while order.is_open:
        while rank < book.grid.capacity and not available_at(book, place, other, rank):
            rank = next_rank(book, other, rank + 1)
        own = place.first[other]
        at = min(rank, account.orders[own].rank) if own != NONE else rank
        if at > last or at >= book.grid.capacity:
            break
        part = available_at(book, place, other, at) if rank == at else 0
        if own != NONE and account.orders[own].rank == at:
            part = account.orders[own].ahead if rank == at else 0
            if part < order.qty - order.cum:
                take(run, account, slot, at, part, now_ns)
                return SELF_TRADE
        take(run, account, slot, at, min(part, order.qty - order.cum), now_ns)
    return NO_REASON


cdef void take(Pass* run, Account* account, int32_t slot, int32_t rank, int64_t qty, int64_t now_ns) noexcept nogil:
    """Let an order take `qty` of what is available at a rank of the other side."""
    cdef Order* order = &account.orders[slot]
    cdef int32_t market = order.market
    cdef int other = 1 - order.row
    cdef Level* level
    if not qty:
        return
    level = level_for(run, account, market, other, rank)
    if level == NULL:
        return
    level.taken += qty
    move_up(account, &account.places[market], other, rank, qty)
    fill(run, account, slot, qty, price_at(run.markets[market].venue.grid, other, rank), True, now_ns)
