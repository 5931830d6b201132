# The records of the View that compiled code writes, as `layout` describes them.
from libc.stdint cimport int32_t, int64_t

from engine.orders.order cimport Order
from engine.runtime._latency cimport BUCKETS
from engine.trading.counters cimport Counters

cdef enum:
    NAME_BYTES = 40

cdef struct HeadRecord:
    char[8] magic
    int64_t layout_version, layout_hash, file_bytes, sequence, view, written_ns, written_utc_ns
    int64_t took_ns, longest_ns, failures, pid, pid_start, start_ns, start_utc_ns, ended_utc_ns
    int64_t price_decimals, size_decimals, max_book_age_ns, last_frame_ns, cash, cost, fees, value, pnl, day_pnl, day_start_utc_ns
    int64_t open_orders, open_cost, gross_position, live_orders, unknown_orders, unknown_since_ns, tokens

cdef struct PlaceRecord:
    char[16] name
    int64_t offset, record_bytes, capacity, used

cdef struct CounterRecord:
    int64_t frames, book_updates, bad_frames, unknown_frames, stale_updates, gaps, trades
    int64_t orders, acks, fills, cancels, replaces, rejects, cancel_rejects, risk_denials
    int64_t reports, duplicates, unknown_reports

cdef struct LimitRecord:
    char[32] name
    char[8] unit
    int64_t limit, used, market

cdef struct LatencyRecord:
    char[32] name
    int64_t count, total_ns, max_ns
    int64_t[BUCKETS] counts

cdef struct OrderRecord:
    char[NAME_BYTES] cl_ord_id
    char[NAME_BYTES] order_id
    int32_t market, side, ord_status, pending
    int64_t price, order_qty, cum_qty, leaves_qty, pending_price, pending_qty, sent_ns, unknown_since_ns

cdef struct MarketRecord:
    int32_t book_state, flags
    int64_t updated_ns, bid, bid_size, ask, ask_size, own_bid, own_ask
    int64_t net, cash, cost, fees, mark, pnl, day_pnl, worst, loss_if_no, loss_if_yes

cdef int put_book(book, MarketRecord* record) except -1
cdef int put_counters(Counters counters, CounterRecord* to) except -1
cdef int put_order(Order order, OrderRecord* record) except -1
cdef Py_ssize_t largest(const int64_t[::1] values, Py_ssize_t count) noexcept
cdef Py_ssize_t first(const int64_t[::1] values, Py_ssize_t count, int64_t value) noexcept
