# cython: overflowcheck=False, cdivision=True, boundscheck=False, wraparound=False
"""The desk's side of a pass: risk before a request leaves, what its answers change, and a strategy that quotes.

It reads the books as they were heard and its own half of an order, never the venue's. An order that waits for the
answer to a replace counts at the worse of both.

Units   prices, sizes and money as in the rows; times in ns since 1970.
Errors  a refusal of risk is a code below 0 and counted; `has_failed` of the pass where memory ends.
"""
from libc.stdint cimport int8_t, int32_t, int64_t
from libc.stdlib cimport realloc
from libc.string cimport memset

from engine.backtest.core._ladder cimport ASKS, BIDS, Ladder, price_at, rank_of
from engine.backtest.core._rings cimport push_request, way_ns
from engine.backtest.core._state cimport (
    ACCEPTED, CANCEL, CANCEL_REJECTED, CANCELED, FILLED, GTC, NEW, NO_ORDER, NO_REASON, NONE, PENDING, REJECTED,
    REPLACE, REPLACED, RISK_BOOK, RISK_COLLAR, RISK_COST, RISK_ORDERS, RISK_POSITION, RISK_PRICE, RISK_QTY, Account,
    Answer, Order, Pass, Place, Request,
)

cdef enum:
    NO_QUOTES = 0


cdef int32_t submit(
    Pass* run, Account* account, int32_t market, int row, int32_t price, int64_t qty, int tif, bint is_post_only
) noexcept nogil:
    """Send an order; return its slot, or the reason why risk refused it, below 0."""
    cdef int reason = risk(run, account, market, row, price, qty, qty, qty * unit_cost(run, market, row, price))
    cdef int32_t slot
    cdef Order* order
    if not reason and account.open_orders >= account.limits.open_orders:
        reason = RISK_ORDERS
    if reason:
        return refused(account, reason)
    slot = free_slot(run, account)
    if slot == NONE:
        return refused(account, RISK_ORDERS)
    order = &account.orders[slot]
    memset(order, 0, sizeof(Order))
    account.next_number += 1
    order.number, order.market, order.row, order.tif = account.next_number, market, <int8_t>row, <int8_t>tif
    order.is_post_only, order.change, order.is_live = is_post_only, NONE, True
    order.local_price, order.local_qty, order.place = price, qty, NONE
    account.open_orders += 1
    reserve(run, account, order, 1)
    request(run, account, NEW, slot, price, qty)
    return slot


cdef int cancel(Pass* run, Account* account, int32_t slot) noexcept nogil:
    """Ask for the end of an order; 0, or why not, below 0."""
    cdef Order* order = &account.orders[slot]
    if not order.is_live:
        return refused(account, NO_ORDER)
    if order.change != NONE:
        return refused(account, PENDING)
    order.change = CANCEL
    request(run, account, CANCEL, slot, 0, 0)
    return 0


cdef int replace(Pass* run, Account* account, int32_t slot, int32_t price, int64_t qty) noexcept nogil:
    """Ask for another price and total quantity; 0, or why not, below 0."""
    cdef Order* order = &account.orders[slot]
    cdef int64_t leaves, now
    cdef int reason
    if not order.is_live:
        return refused(account, NO_ORDER)
    if order.change != NONE:
        return refused(account, PENDING)
    leaves = qty - order.local_cum
    now = order.local_qty - order.local_cum
    reason = risk(
        run, account, order.market, order.row, price, leaves, max(0, leaves - now),
        leaves * unit_cost(run, order.market, order.row, price) - cost_of(run, order),
    )
    if reason:
        return refused(account, reason)
    reserve(run, account, order, -1)
    order.change, order.wanted_price, order.wanted_qty = REPLACE, price, qty
    reserve(run, account, order, 1)
    request(run, account, REPLACE, slot, price, qty)
    return 0


cdef int risk(
    Pass* run, Account* account, int32_t market, int row, int32_t price, int64_t qty, int64_t more, int64_t cost
) noexcept nogil:
    """Return why an order of `qty` may not be, 0 if it may; `more` and `cost` are what it adds to the worst case."""
    cdef Ladder* book = &run.markets[market].local
    cdef Place* place = &account.places[market]
    cdef int64_t held = place.position if row == BIDS else -place.position
    if qty <= 0 or qty > account.limits.qty:
        return RISK_QTY
    if rank_of(book.grid, row, price) < 0:
        return RISK_PRICE
    if not book.is_known:
        return RISK_BOOK
    if is_far(book, row, price, account.limits.collar):
        return RISK_COLLAR
    if held + place.open_qty[row] + more > account.limits.position:
        return RISK_POSITION
    if cost > 0 and account.open_cost + cost > account.limits.open_cost:
        return RISK_COST
    return NO_REASON


cdef bint is_far(Ladder* book, int row, int32_t price, int64_t collar) noexcept nogil:
    """Return whether a price is worse than the other side's best by more than the collar."""
    cdef int32_t best = book.best[1 - row], at
    if best >= book.grid.capacity:
        return False
    at = price_at(book.grid, 1 - row, best)
    return price - at > collar if row == BIDS else at - price > collar


cdef void heard(Pass* run, Account* account, Answer* answer) noexcept nogil:
    """Do what an answer changes: the order, the position, the money; then quote anew where that is due."""
    cdef int32_t slot = answer.slot, market = account.orders[slot].market
    cdef Order* order = &account.orders[slot]
    cdef Place* place = &account.places[market]
    cdef int row = order.row
    order.on_way -= 1
    account.answered += 1
    if not order.is_live:  # a request that came too late for it
        free_if_over(account, slot)
        return
    reserve(run, account, order, -1)
    if answer.kind == ACCEPTED:
        order.is_working = True
    elif answer.kind == FILLED:
        book_fill(account, place, order, answer)
    elif answer.kind == REPLACED:
        order.local_price, order.local_qty, order.change = order.wanted_price, order.wanted_qty, NONE
    elif answer.kind == CANCEL_REJECTED:
        order.change = NONE
    if answer.kind == CANCELED or answer.kind == REJECTED or order.local_cum >= max(order.local_qty, wanted(order)):
        order.is_live = False
        account.open_orders -= 1
        if place.mine[row] == slot:
            place.mine[row] = NONE
    else:
        reserve(run, account, order, 1)
    if account.keeps_fills and answer.kind == FILLED:
        keep(run, account, answer)
    if account.quotes.kind != NO_QUOTES and (
        answer.kind == ACCEPTED or answer.kind == REPLACED or answer.kind == FILLED
    ):  # what was refused waits for the next row: a book that stands still would refuse it for ever
        quote(run, account, market)
    free_if_over(account, slot)


cdef inline void book_fill(Account* account, Place* place, Order* order, Answer* answer) noexcept nogil:
    cdef int64_t sign = 1 if order.row == BIDS else -1
    order.local_cum += answer.qty
    place.position += sign * answer.qty
    place.cost += sign * answer.qty * answer.price
    account.cash -= sign * answer.qty * answer.price + answer.fee
    account.fees_paid += answer.fee
    account.volume += answer.qty
    account.fills += 1


cdef void quote(Pass* run, Account* account, int32_t market) noexcept nogil:
    """Hold an order of the wanted size on each side, so many steps behind the best price there."""
    cdef Ladder* book = &run.markets[market].local
    cdef Place* place = &account.places[market]
    cdef int32_t capacity = book.grid.capacity, rank, slot, price
    cdef int row
    cdef Order* order
    for row in range(2):
        rank = book.best[row] + account.quotes.away
        price = price_at(book.grid, row, rank) if book.is_known and rank < capacity else NONE
        if price >= 0 and book.best[1 - row] < capacity and book.best[0] + book.best[1] < capacity - 1:
            continue  # crossed: what to make of it is not known before the next row
        slot = place.mine[row]
        if slot == NONE:
            if price >= 0:
                slot = submit(run, account, market, row, price, account.quotes.size, GTC, True)
                place.mine[row] = slot if slot >= 0 else NONE
            continue
        order = &account.orders[slot]
        if order.change != NONE or not order.is_working:
            continue
        if price < 0:
            cancel(run, account, slot)
        elif price != order.local_price:
            replace(run, account, slot, price, order.local_cum + account.quotes.size)


cdef int64_t worth(Pass* run, Account* account, int32_t market) noexcept nogil:
    """Return what a position is worth: the bid for what is held, the ask for what is owed; 0 and all without one."""
    cdef Ladder* book = &run.markets[market].local
    cdef int64_t position = account.places[market].position
    cdef int row = BIDS if position > 0 else ASKS
    if not position:
        return 0
    if book.best[row] >= book.grid.capacity:
        return 0 if position > 0 else position * book.grid.limit
    return position * price_at(book.grid, row, book.best[row])


cdef inline int64_t wanted(Order* order) noexcept nogil:
    return order.wanted_qty if order.change == REPLACE else 0


cdef inline int64_t unit_cost(Pass* run, int32_t market, int row, int64_t price) noexcept nogil:
    return price if row == BIDS else run.markets[market].local.grid.limit - price


cdef inline int64_t leaves_of(Order* order) noexcept nogil:
    return max(order.local_qty, wanted(order)) - order.local_cum


cdef inline int64_t cost_of(Pass* run, Order* order) noexcept nogil:
    """Return the most that the rest of an order can cost, fees apart."""
    cdef int64_t unit = unit_cost(run, order.market, order.row, order.local_price)
    if order.change == REPLACE:
        unit = max(unit, unit_cost(run, order.market, order.row, order.wanted_price))
    return leaves_of(order) * unit


cdef inline void reserve(Pass* run, Account* account, Order* order, int sign) noexcept nogil:
    account.places[order.market].open_qty[order.row] += sign * leaves_of(order)
    account.open_cost += sign * cost_of(run, order)


cdef inline int refused(Account* account, int reason) noexcept nogil:
    account.refused += 1
    account.refusals[reason] += 1
    return -reason


cdef void request(Pass* run, Account* account, int kind, int32_t slot, int32_t price, int64_t qty) noexcept nogil:
    cdef Request sent
    cdef int64_t arrival_ns = run.now_ns + account.think_ns + way_ns(account, kind)
    account.last_arrival_ns = max(account.last_arrival_ns, arrival_ns)
    sent.act_ns = account.last_arrival_ns + account.venue_delay_ns
    sent.kind, sent.slot, sent.price, sent.qty = <int8_t>kind, slot, price, qty
    account.sent += 1
    if push_request(run, account, sent):
        account.orders[slot].on_way += 1


cdef int32_t free_slot(Pass* run, Account* account) noexcept nogil:
    cdef int32_t slot = account.free_order, wider
    cdef Order* orders
    if slot != NONE:
        account.free_order = account.orders[slot].place
        return slot
    if account.order_count == account.order_space:
        wider = max(16, 2 * account.order_space)
        orders = <Order*>realloc(account.orders, wider * sizeof(Order))
        if orders == NULL:
            run.has_failed = True
            return NONE
        account.orders, account.order_space = orders, wider
    account.order_count += 1
    return account.order_count - 1


cdef inline void free_if_over(Account* account, int32_t slot) noexcept nogil:
    cdef Order* order = &account.orders[slot]
    if not order.is_live and not order.on_way:
        order.number = 0
        order.place = account.free_order
        account.free_order = slot


cdef void keep(Pass* run, Account* account, Answer* answer) noexcept nogil:
    cdef int64_t wider
    cdef Answer* kept
    if account.kept_count == account.kept_space:
        wider = max(256, 2 * account.kept_space)
        kept = <Answer*>realloc(account.kept, wider * sizeof(Answer))
        if kept == NULL:
            run.has_failed = True
            return
        account.kept, account.kept_space = kept, wider
    account.kept[account.kept_count] = answer[0]
    account.kept_count += 1
