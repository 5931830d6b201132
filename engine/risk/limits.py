"""The limits of pre-trade risk: every one has to be given, and NO_LIMIT is an answer.

Units   as the annotation says; text of the configuration is converted by `tables`, exactly.
Errors  ConfigError for limits that contradict each other.
"""

from engine.errors import ConfigError
from engine.portfolio.day import DayRule
from engine.risk._duplicates import DuplicateWindow
from engine.runtime._rate import TokenBucket
from engine.units import (
    Count,
    CountLimit,
    Duration,
    DurationLimit,
    MoneyLimit,
    PriceLimit,
    Section,
    SizeLimit,
    TimeOfDay,
)


class RateLimit(Section, frozen=True, kw_only=True):
    """One token bucket for all requests, as the venue counts them.

    New orders and amends leave `cancel_reserve` tokens untouched, so that the venue has room for our cancels.
    """

    per_second: Count
    burst: Count
    new: Count
    amend: Count
    cancel: Count
    cancel_reserve: Count

    def __post_init__(self) -> None:
        TokenBucket(self.per_second, self.burst)  # raises for what makes no bucket
        if self.burst < self.cancel_reserve + max(self.new, self.amend):
            raise ConfigError("burst has no room for cancel_reserve and one request: nothing would ever pass")


class DuplicateLimit(Section, frozen=True, kw_only=True):
    """At most `max_orders` of the same market, side, price and quantity inside `window_ns`."""

    max_orders: Count
    window_ns: Duration

    def __post_init__(self) -> None:
        DuplicateWindow(self.max_orders, self.window_ns)  # raises for what makes no window


class Limits(Section, frozen=True, kw_only=True):
    """What an order, and all of them together, may do.

    Worst-case cost: buying `qty` at `price` costs qty * price, selling it costs qty * (payout - price).
    """

    max_order_qty: SizeLimit
    max_order_notional: MoneyLimit
    max_order_cost: MoneyLimit
    collar_opposite: PriceLimit  # how far a price may reach beyond the best price of the other side
    collar_own: PriceLimit  # how far a price may reach beyond the best price of its own side
    max_position: SizeLimit  # filled and open at worst, long or short, in one market
    max_event_position: SizeLimit  # the same, summed over the markets of one event
    max_gross_position: SizeLimit  # the same, summed over all markets
    max_open_orders: CountLimit
    max_open_cost: MoneyLimit
    max_daily_loss: MoneyLimit  # realised and unrealised, after fees, since the day began
    day_start_ns: TimeOfDay  # when a day begins,
    day_zone: str  # by the clocks of this time zone
    max_rejects_in_a_row: CountLimit = 10  # of the venue, in one market
    max_book_age_ns: DurationLimit
    allow_crossed_book: bool
    restricted: tuple[str, ...]  # symbols that may be watched, never traded
    rate: RateLimit | None
    duplicates: DuplicateLimit | None

    def __post_init__(self) -> None:
        self.day()  # raises for what is no day
        if not self.max_book_age_ns:
            raise ConfigError('max_book_age must be positive, or "none": every order would be denied')

    def day(self) -> DayRule:
        """Return when the day of `max_daily_loss` begins."""
        return DayRule(self.day_start_ns, self.day_zone)
