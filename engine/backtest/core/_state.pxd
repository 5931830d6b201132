# cython: overflowcheck=False, cdivision=True
"""What a pass over rows holds, as C structures: accounts with their orders, and what is on its way.

An account is one parameter set. The fields of an order after `place` are the venue's until `local_price`, and the
desk's from there on; neither side reads the other's.

Units   prices, sizes and money as in the rows; times in ns since 1970.
Shapes  a place is what an account has in one market; orders that rest there are linked, best price first, then oldest.
"""
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint64_t

from engine.backtest.core._ladder cimport Grid, Ladder
from engine.backtest.core._queue cimport Queue

cdef extern from *:
    """
    typedef __int128 fixlane_wide;
    """
    ctypedef long long wide "fixlane_wide"

cdef enum:
    NONE = -1
    NEVER_NS = 0x7fffffffffffffff
    LATENCIES = 1024  # in a table

cdef enum:  # of a request
    NEW = 0
    CANCEL = 1
    REPLACE = 2
    ANSWER = 3  # no request: the way back

cdef enum:  # TimeInForce
    GTC = 0
    IOC = 1
    FOK = 2

cdef enum:  # of an answer
    ACCEPTED = 0
    REJECTED = 1
    FILLED = 2
    CANCELED = 3
    REPLACED = 4
    CANCEL_REJECTED = 5

cdef enum:  # why
    NO_REASON = 0
    ASKED = 1
    POST_ONLY_CROSS = 2
    IOC_REST = 3
    FOK_SHORT = 4
    SELF_TRADE = 5
    WRONG_PRICE = 6
    WRONG_QTY = 7
    NO_BOOK = 8
    TOO_LATE = 9
    BELOW_FILLED = 10
    RISK_QTY = 11
    RISK_PRICE = 12
    RISK_BOOK = 13
    RISK_COLLAR = 14
    RISK_ORDERS = 15
    RISK_POSITION = 16
    RISK_COST = 17
    NO_ORDER = 18
    PENDING = 19
    REASONS = 20

cdef struct Order:
    int64_t number
    int32_t market
    int32_t place  # of the next free order, where this one is free
    int8_t row
    int8_t tif
    bint is_post_only
    bint rests  # in the venue's book
    bint is_open  # at the venue
    int32_t price, rank
    int32_t joined  # the last order that the venue's book took before this one
    int32_t after, before
    int64_t qty, cum, ahead, fee_rest
    int32_t local_price, wanted_price
    int8_t change  # NONE, or the request that waits for its answer
    bint is_live, is_working  # not over; accepted
    int32_t on_way  # requests and answers about it
    int64_t local_qty, local_cum, wanted_qty

cdef struct Request:
    int64_t act_ns
    int32_t slot, price
    int64_t qty
    int8_t kind

cdef struct Answer:
    int64_t heard_ns, acted_ns, qty, fee, number, ahead
    int32_t slot, price
    int8_t kind, reason
    bint is_taker, is_gap

cdef struct Level:
    int64_t taken  # of what the rows show, by own orders
    int64_t used  # by trades whose decrease has not come
    int64_t credit  # of trades without a pair, for decreases to come
    int64_t credit_ns

cdef struct Place:
    int32_t first[2]
    int32_t marked  # levels that are not all 0
    int64_t paired  # what the paired trade used whose decrease comes next
    Level* levels[2]
    int64_t position, cost  # cost is money paid less money received, fees apart
    int64_t open_qty[2]
    int32_t mine[2]  # of the compiled quoter: its order on each side

cdef struct Way:
    int64_t fixed_ns
    int64_t* table

cdef struct Limits:
    int64_t qty, position, open_cost, collar
    int32_t open_orders

cdef struct Fees:
    int64_t taker, maker  # factors of qty * price * (dollar - price)
    int64_t scale, precision

cdef struct Quotes:
    int64_t size
    int32_t away  # steps of the grid behind the best price
    int8_t kind  # NO_QUOTES, or both sides

cdef struct Account:
    int32_t index
    Queue queue
    Limits limits
    Fees fees
    Quotes quotes
    Way ways[4]
    uint64_t seed
    int64_t think_ns, venue_delay_ns
    int64_t draws[4]
    int64_t last_arrival_ns, last_heard_ns, next_number
    Order* orders
    int32_t order_count, order_space, free_order
    Request* requests
    int64_t request_head, request_tail, request_space
    Answer* answers
    int64_t answer_head, answer_tail, answer_space
    Place* places
    int64_t cash, fees_paid, open_cost, volume, fills, sent, refused, answered
    int32_t open_orders
    int64_t refusals[REASONS]
    bint keeps_fills
    Answer* kept
    int64_t kept_count, kept_space

cdef struct Columns:
    Py_ssize_t count
    const int64_t* recv_ns
    const int64_t* venue_ns
    const int64_t* size
    const int32_t* market
    const int32_t* price
    const int32_t* join
    const int32_t* order
    const uint8_t* kind
    const uint8_t* flags
    const uint8_t* side

cdef struct Market:
    Ladder venue
    Ladder local
    int64_t* staged[2]  # sizes of a snapshot that is not whole yet
    bint is_staging
    bint is_marked  # moved since the last read ended
    int32_t last_join
    int32_t busy  # accounts that have something here

cdef struct Pass:
    Columns rows
    Grid* grids
    int32_t grid_count
    Market* markets
    int32_t market_count
    Account* accounts
    int32_t account_count
    uint8_t* busy  # by market, then account
    int32_t* moved
    int32_t moved_count
    bint is_read_over  # `moved` is to be told
    Py_ssize_t venue_at, feed_at
    int64_t venue_ns, last_venue_ns, request_ns, answer_ns, now_ns
    bint is_gap  # a snapshot after a loss is being applied
    bint has_failed  # no memory left
    Py_ssize_t wrong_row
    bint wakes_on_size
    bint tells_moves, tells_answers  # leave the loop for them
    Answer told
    int32_t told_account
