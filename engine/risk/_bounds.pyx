# cython: nonecheck=True
"""The limits of risk as numbers that the checks compare with, the state of the kill switch, and the day's high.

Units   price, size and money as in `instrument`; times in ns.
Errors  ConfigError for limits that cannot be changed while the engine runs.
Cost    `has_lost` 2 ns.
Thread  the loop thread only.
"""

from libc.stdint cimport int64_t

from engine.portfolio._portfolio cimport Portfolio
from engine.risk._activity cimport Activity
from engine.risk._duplicates cimport DuplicateWindow
from engine.risk._markets cimport RiskMarkets
from engine.runtime._rate cimport TokenBucket

from engine import units
from engine._decimal import format_decimal
from engine.errors import ConfigError
from engine.risk.codes import RiskReject, TradingState

cdef int64_t NO_LIMIT = units.NO_LIMIT
cdef int ACTIVE = TradingState.ACTIVE
FIXED = ("day_start_ns", "day_zone", "restricted", "exclusive_events", "rate", "duplicates")


cdef class RiskBounds(RiskMarkets):
    """The limits, what is left of them by the day's losses, and the kill switch."""

    def __cinit__(self, limits, instruments, Portfolio portfolio not None, fee_bounds=()):
        self._portfolio = portfolio
        self.activity = Activity(limits.ratios)
        if limits.duplicates is not None:
            self._duplicates = DuplicateWindow(limits.duplicates.max_orders, limits.duplicates.window_ns)
        if limits.rate is not None:
            self._bucket = TokenBucket(limits.rate.per_second, limits.rate.burst)
            self._new_tokens = limits.rate.new
            self._amend_tokens = limits.rate.amend
            self._cancel_tokens = limits.rate.cancel
            self._reserve = limits.rate.cancel_reserve
        self.take_limits(limits)
        self.turn(TradingState.ACTIVE, "")

    cdef int take_limits(self, limits) except -1:
        self.limits = limits
        self._max_order_qty = limits.max_order_qty
        self._max_order_notional = limits.max_order_notional
        self._max_order_cost = limits.max_order_cost
        self._collar_opposite = limits.collar_opposite
        self._collar_own = limits.collar_own
        self._has_collar = min(limits.collar_opposite, limits.collar_own) < NO_LIMIT
        self._max_position = limits.max_position
        self._max_event_position = limits.max_event_position
        self._max_gross_position = limits.max_gross_position
        self._max_open_orders = limits.max_open_orders
        self._max_open_cost = limits.max_open_cost
        self._max_market_loss = limits.max_market_loss
        self._max_event_loss = limits.max_event_loss
        self._max_daily_loss = limits.max_daily_loss
        self._max_drawdown = limits.max_drawdown
        self._max_book_age_ns = limits.max_book_age_ns
        self._allow_crossed = limits.allow_crossed_book
        self.raise_high(self._high)
        return 0

    def change_limits(self, limits):
        """Judge by these limits from now on; ConfigError where one differs that holds from start to end."""
        for name in FIXED:
            if getattr(limits, name) != getattr(self.limits, name):
                raise ConfigError(f"{name.removesuffix('_ns')} cannot change while the engine runs")
        self.take_limits(limits)

    # The kill switch

    def set_state(self, state, str reason):
        """Turn the kill switch; `reason` is for people.

        Whoever lets trading go on accepts what was lost from the day's high: a drawdown counts from there.
        """
        if state == ACTIVE and self._state != ACTIVE and self.has_lost() and self.loss_code() == RiskReject.DRAWDOWN:
            self.raise_high(self._portfolio.profit_of_day())
        self.turn(state, reason)

    cdef int turn(self, state, str reason) except -1:
        self.state = TradingState(state)
        self.reason = reason
        self._state = self.state
        return 0

    # The day's losses

    cdef bint has_lost(self) except -1:
        """Answer whether the day has lost more than it may, by itself or from its high."""
        cdef int64_t pnl = self._portfolio.profit_of_day()
        if self._portfolio.day_start_ns != self._high_day_ns:
            self._high_day_ns = self._portfolio.day_start_ns
            self.raise_high(max(0, pnl))
        elif pnl > self._high and not self._is_high_held:
            self.raise_high(pnl)
        return pnl < self._floor

    cdef int raise_high(self, int64_t pnl) except -1:
        self._high = pnl
        self._floor = max(-self._max_daily_loss, pnl - self._max_drawdown)
        return 0

    cdef int loss_code(self) except -1:
        if self._portfolio.profit_of_day() < -self._max_daily_loss:
            return RiskReject.DAILY_LOSS
        return RiskReject.DRAWDOWN

    @property
    def day_high(self):
        """The best profit of the day so far, 0 at least unless a person accepted a drawdown, and when that day began."""
        self.has_lost()
        return self._high, self._high_day_ns

    def restore_high(self, int64_t high, int64_t day_start_ns):
        """Go on from what `day_high` returned in an earlier run, if it is the same day still.

        It does not rise before `trust_marks`: what is held is worth its last fill until a book was seen.
        """
        self.has_lost()
        if day_start_ns == self._high_day_ns:
            self.raise_high(high)
            self._is_high_held = True

    def trust_marks(self):
        """Let the day's high rise again: the books of what is held were seen."""
        self._is_high_held = False

    def explain(self, code):
        """Return what a RiskReject code means now, with the amounts that led to it where a loss of the day did."""
        is_loss = code in (RiskReject.DAILY_LOSS, RiskReject.DRAWDOWN)
        return self.loss_in_words(code) if is_loss else RiskReject(code).text

    def loss_in_words(self, code=None):
        """Return what the day lost and what it may lose, by the limit that it passed."""
        pnl = self._portfolio.day_pnl
        if (self.loss_code() if code is None else code) == RiskReject.DAILY_LOSS:
            lost, most, since = -pnl, self._max_daily_loss, "today"
        else:
            lost, most, since = self._high - pnl, self._max_drawdown, f"from the day's high of {self._shown(self._high)}"
        return f"lost {self._shown(lost)} {since}, allowed {self._shown(most)}"

    def _shown(self, money):
        return format_decimal(money, sum(self._portfolio.decimals))

    def take_largest(self):
        """Return the largest quantity, notional and cost of an order that its limits let pass since the last look."""
        largest = self._largest_qty, self._largest_notional, self._largest_cost
        self._largest_qty = self._largest_notional = self._largest_cost = 0
        return largest

    # The rate

    @property
    def rate(self):
        """The tokens that requests spend; whoever else spends those of the account takes them from here too."""
        return self._bucket

    def leave_room(self, int64_t burst):
        """Keep no more back for cancels than leaves a bucket of `burst` tokens room for one request."""
        rate = self.limits.rate
        self._reserve = max(0, min(rate.cancel_reserve, burst - max(self._new_tokens, self._amend_tokens)))
