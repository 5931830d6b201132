# cython: overflowcheck=False, cdivision=True
"""The venue's orders of an account: where they rest, what a fill costs, what is said of them.

Cost    O(own orders of one side in one market).
"""
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc

from engine.backtest.core._ladder cimport BIDS, Ladder
from engine.backtest.core._rings cimport push_answer, way_ns
from engine.backtest.core._state cimport (
    ANSWER, CANCELED, FILLED, NO_REASON, NONE, Account, Answer, Level, Market, Order, Pass, Place, wide,
)


cdef inline bint is_marked(Level* level) noexcept nogil:
    return level.taken != 0 or level.used != 0 or level.credit != 0


cdef inline int64_t available(Level* level, int64_t shown) noexcept nogil:
    return max(0, shown - level.taken - level.used)


cdef inline int64_t available_at(Ladder* book, Place* place, int row, int32_t rank) noexcept nogil:
    if place.levels[row] == NULL:
        return book.sizes[row][rank]
    return available(place.levels[row] + rank, book.sizes[row][rank])


cdef inline Level* level_for(Pass* run, Account* account, int32_t market, int row, int32_t rank) noexcept nogil:
    """Return a level to write to, counted as marked; NULL without memory."""
    cdef Place* place = &account.places[market]
    cdef Level* level
    if place.levels[row] == NULL:
        place.levels[row] = <Level*>calloc(run.markets[market].venue.grid.capacity, sizeof(Level))
        if place.levels[row] == NULL:
            run.has_failed = True
            return NULL
    level = place.levels[row] + rank
    if not is_marked(level):
        place.marked += 1
    return level


cdef inline void refresh(Pass* run, Account* account, int32_t market) noexcept nogil:
    """Note whether rows of a market matter to an account."""
    cdef Place* place = &account.places[market]
    cdef bint is_busy = place.first[0] != NONE or place.first[1] != NONE or place.marked > 0
    cdef Py_ssize_t at = <Py_ssize_t>market * run.account_count + account.index
    if run.busy[at] != is_busy:
        run.busy[at] = is_busy
        run.markets[market].busy += 1 if is_busy else -1


cdef inline int32_t first_at(Account* account, Place* place, int row, int32_t rank) noexcept nogil:
    cdef int32_t slot = place.first[row]
    while slot != NONE and account.orders[slot].rank < rank:
        slot = account.orders[slot].after
    return slot


cdef inline void clamp(Account* account, Place* place, int row, int32_t rank, int64_t most) noexcept nogil:
    cdef int32_t slot = first_at(account, place, row, rank)
    while slot != NONE and account.orders[slot].rank == rank:
        account.orders[slot].ahead = min(account.orders[slot].ahead, most)
        slot = account.orders[slot].after


cdef inline void move_up(Account* account, Place* place, int row, int32_t rank, int64_t qty) noexcept nogil:
    cdef int32_t slot = first_at(account, place, row, rank)
    while slot != NONE and account.orders[slot].rank == rank:
        account.orders[slot].ahead = max(0, account.orders[slot].ahead - qty)
        slot = account.orders[slot].after


cdef inline void rest(Pass* run, Account* account, int32_t slot) noexcept nogil:
    """Put an order behind all others at its price."""
    cdef Order* order = &account.orders[slot]
    cdef Market* market = &run.markets[order.market]
    cdef Place* place = &account.places[order.market]
    cdef int32_t after = place.first[order.row], before = NONE
    while after != NONE and account.orders[after].rank <= order.rank:
        before, after = after, account.orders[after].after
    order.before, order.after = before, after
    if before == NONE:
        place.first[order.row] = slot
    else:
        account.orders[before].after = slot
    if after != NONE:
        account.orders[after].before = slot
    order.rests = True
    order.joined = market.last_join
    order.ahead = available_at(&market.venue, place, order.row, order.rank)


cdef inline void unlink(Account* account, int32_t slot) noexcept nogil:
    cdef Order* order = &account.orders[slot]
    if not order.rests:
        return
    order.rests = False
    if order.before == NONE:
        account.places[order.market].first[order.row] = order.after
    else:
        account.orders[order.before].after = order.after
    if order.after != NONE:
        account.orders[order.after].before = order.before


cdef inline void fill(
    Pass* run, Account* account, int32_t slot, int64_t qty, int32_t price, bint is_taker, int64_t now_ns
) noexcept nogil:
    cdef Order* order = &account.orders[slot]
    cdef Answer answer = answer_of(run, order, slot, FILLED, NO_REASON, now_ns)
    answer.price, answer.qty, answer.is_taker = price, qty, is_taker
    answer.fee = charge(account, order, run.markets[order.market].venue.grid.limit, price, qty, is_taker)
    order.cum += qty
    if order.cum == order.qty:
        unlink(account, slot)
        order.is_open = False
    send(run, account, answer)


cdef inline void end(Pass* run, Account* account, int32_t slot, int reason, int64_t now_ns) noexcept nogil:
    unlink(account, slot)
    account.orders[slot].is_open = False
    reply(run, account, slot, CANCELED, reason, now_ns)


cdef inline int64_t charge(
    Account* account, Order* order, int64_t limit, int64_t price, int64_t qty, bint is_taker
) noexcept nogil:
    """Return what a fill costs: the fee rounded up, and what the account's decimals make of it over the order."""
    cdef int64_t factor = account.fees.taker if is_taker else account.fees.maker
    cdef int64_t precision = account.fees.precision, scale = account.fees.scale, fee, rounding, paid
    cdef wide exact = <wide>factor * qty * price * (limit - price)
    fee = <int64_t>((exact + scale - 1) / scale)
    if precision <= 1:
        return fee
    rounding = ((-price * qty if order.row == BIDS else price * qty) - fee) % precision
    if rounding < 0:
        rounding += precision
    order.fee_rest += rounding
    fee += rounding
    paid = min(order.fee_rest, fee) / precision * precision
    order.fee_rest -= paid
    return fee - paid


cdef inline Answer answer_of(
    Pass* run, Order* order, int32_t slot, int kind, int reason, int64_t now_ns
) noexcept nogil:
    cdef Answer answer
    answer.acted_ns, answer.slot, answer.number, answer.kind, answer.reason = now_ns, slot, order.number, kind, reason
    answer.price, answer.qty, answer.ahead, answer.fee = order.price, order.qty, order.ahead, 0
    answer.is_taker, answer.is_gap = False, run.is_gap
    return answer


cdef inline void reply(Pass* run, Account* account, int32_t slot, int kind, int reason, int64_t now_ns) noexcept nogil:
    send(run, account, answer_of(run, &account.orders[slot], slot, kind, reason, now_ns))


cdef inline void send(Pass* run, Account* account, Answer answer) noexcept nogil:
    account.last_heard_ns = max(answer.acted_ns + way_ns(account, ANSWER), account.last_heard_ns)
    answer.heard_ns = account.last_heard_ns
    if push_answer(run, account, answer):
        account.orders[answer.slot].on_way += 1
