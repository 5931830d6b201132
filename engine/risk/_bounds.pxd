from libc.stdint cimport int64_t

from engine.portfolio._portfolio cimport Portfolio
from engine.risk._activity cimport Activity
from engine.risk._markets cimport RiskMarkets
from engine.runtime._rate cimport TokenBucket


cdef class RiskBounds(RiskMarkets):
    cdef readonly object state
    cdef readonly str reason  # of it
    cdef readonly Activity activity
    cdef Portfolio _portfolio
    cdef int _state
    cdef bint _allow_crossed, _has_collar, _is_high_held
    cdef int64_t _max_order_qty, _max_order_notional, _max_order_cost, _collar_opposite, _collar_own
    cdef int64_t _max_position, _max_event_position, _max_gross_position, _max_open_orders, _max_open_cost
    cdef int64_t _max_market_loss, _max_event_loss, _max_daily_loss, _max_drawdown, _max_book_age_ns
    cdef int64_t _high, _high_day_ns, _floor  # the day's best profit, which day that is, and where a loss halts
    cdef int64_t _largest_qty, _largest_notional, _largest_cost  # of the orders since somebody looked
    cdef int64_t _new_tokens, _amend_tokens, _cancel_tokens, _reserve
    cdef TokenBucket _bucket

    cdef int take_limits(self, limits) except -1
    cdef int turn(self, state, str reason) except -1
    cdef bint has_lost(self) except -1
    cdef int loss_code(self) except -1
    cdef int raise_high(self, int64_t pnl) except -1
