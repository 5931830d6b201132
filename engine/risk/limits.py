"""The limits of pre-trade risk: every one has to be given, and NO_LIMIT is an answer.

Units   as the annotation says; text of the configuration is converted by `tables`, exactly.
Errors  ConfigError for limits that contradict each other.
"""

from typing import Any

from msgspec import structs

from engine.errors import ConfigError
from engine.portfolio.day import DayRule
from engine.risk._activity import MOST_EVENTS, EventWindow
from engine.risk._duplicates import DuplicateWindow
from engine.runtime._rate import TokenBucket
from engine.units import (
    NO_LIMIT,
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

AS_FILED = -1  # of a ceiling: the limit itself


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


class RepeatLimit(Section, frozen=True, kw_only=True):
    """So many of one kind of event inside `window_ns`; beyond it a person has to look before trading goes on.

    `per_market` stops its market, `overall` halts.
    """

    per_market: CountLimit
    overall: CountLimit
    window_ns: Duration

    def __post_init__(self) -> None:
        for most in (self.per_market, self.overall):
            EventWindow(MOST_EVENTS if most == NO_LIMIT else most, self.window_ns)  # raises for what makes no window


class RatioLimit(Section, frozen=True, kw_only=True):
    """What may be asked for the fills that come of it, once there were `min_orders` inside `window_ns`."""

    max_orders_per_fill: CountLimit  # new orders and replaces; without any fill as with one
    max_cancel_percent: CountLimit  # cancels for a hundred new orders and replaces
    min_orders: Count
    min_orders_per_market: CountLimit = NO_LIMIT  # of a market that is judged, and stopped, by itself
    window_ns: Duration

    def __post_init__(self) -> None:
        if not (self.min_orders and self.min_orders_per_market and self.window_ns):
            raise ConfigError("min_orders and window must be positive: without them the first order would halt")

    def fault(self, orders: int, cancels: int, fills: int) -> str:
        """Return which of the ratios the requests of a window pass, in words; an empty text for none."""
        span = f"in {self.window_ns / 1e9:g} s"
        if self.max_orders_per_fill != NO_LIMIT and orders > self.max_orders_per_fill * max(1, fills):
            return f"{orders} orders and replaces for {fills} fills {span}, allowed {self.max_orders_per_fill} a fill"
        if self.max_cancel_percent != NO_LIMIT and 100 * cancels > self.max_cancel_percent * orders:
            return f"{cancels} cancels for {orders} orders and replaces {span}, allowed {self.max_cancel_percent} %"
        return ""


class Ceiling(Section, frozen=True, kw_only=True):
    """How far a person may raise a limit while the engine runs; where nothing is said not above the limit itself."""

    max_order_qty: SizeLimit = AS_FILED
    max_order_notional: MoneyLimit = AS_FILED
    max_order_cost: MoneyLimit = AS_FILED
    collar_opposite: PriceLimit = AS_FILED
    collar_own: PriceLimit = AS_FILED
    max_position: SizeLimit = AS_FILED
    max_event_position: SizeLimit = AS_FILED
    max_gross_position: SizeLimit = AS_FILED
    max_open_orders: CountLimit = AS_FILED
    max_open_cost: MoneyLimit = AS_FILED
    max_market_loss: MoneyLimit = AS_FILED
    max_event_loss: MoneyLimit = AS_FILED
    max_daily_loss: MoneyLimit = AS_FILED
    max_drawdown: MoneyLimit = AS_FILED
    max_book_age_ns: DurationLimit = AS_FILED

    def __post_init__(self) -> None:
        if self.max_book_age_ns == 0:
            raise ConfigError("max_book_age must be positive")


CHANGEABLE = Ceiling.__struct_fields__  # while the engine runs, by a person


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
    max_market_loss: MoneyLimit  # of one market, whatever it pays and whatever part of its open orders fills
    max_event_loss: MoneyLimit  # the same of one event, outcomes that exclude each other netted
    exclusive_events: tuple[str, ...] = ()  # events, and series of events, of whose markets one pays at most
    max_daily_loss: MoneyLimit  # realised and unrealised, after fees, since the day began
    max_drawdown: MoneyLimit  # the same since the day's high
    day_start_ns: TimeOfDay  # when a day begins,
    day_zone: str  # by the clocks of this time zone
    max_rejects_in_a_row: CountLimit = 10  # of the venue, in one market
    max_book_age_ns: DurationLimit
    allow_crossed_book: bool
    restricted: tuple[str, ...]  # symbols that may be watched, never traded
    rate: RateLimit | None
    duplicates: DuplicateLimit | None
    executions: RepeatLimit | None  # fills
    rejects: RepeatLimit | None  # requests that the venue refused
    ratios: RatioLimit | None
    ceiling: Ceiling = Ceiling()

    def __post_init__(self) -> None:
        self.day()  # raises for what is no day
        for name in CHANGEABLE:
            most = getattr(self.ceiling, name)
            if most != AS_FILED and most < getattr(self, name):
                raise ConfigError(f"ceiling.{name.removesuffix('_ns')} is below the limit itself")
        if not self.max_book_age_ns:
            raise ConfigError('max_book_age must be positive, or "none": every order would be denied')

    def most(self, name: str) -> int:
        """Return how far a person may raise the limit of this name while the engine runs."""
        ceiling: int = getattr(self.ceiling, name)
        filed: int = getattr(self, name)
        return filed if ceiling == AS_FILED else ceiling

    def day(self) -> DayRule:
        """Return when the day of `max_daily_loss` begins."""
        return DayRule(self.day_start_ns, self.day_zone)


class StrategyLimits(Section, frozen=True, kw_only=True):
    """Limits of one of several strategies, beside the account's: each counts its own orders and fills alone."""

    max_order_qty: SizeLimit = NO_LIMIT
    max_order_notional: MoneyLimit = NO_LIMIT
    max_order_cost: MoneyLimit = NO_LIMIT
    max_position: SizeLimit = NO_LIMIT
    max_event_position: SizeLimit = NO_LIMIT
    max_gross_position: SizeLimit = NO_LIMIT
    max_open_orders: CountLimit = NO_LIMIT
    max_open_cost: MoneyLimit = NO_LIMIT
    max_market_loss: MoneyLimit = NO_LIMIT
    max_event_loss: MoneyLimit = NO_LIMIT
    max_daily_loss: MoneyLimit = NO_LIMIT

    def within(self, account: Limits) -> Limits:
        """Return these as limits that judge by themselves: what `account` judges for all has no second judge."""
        own = {name: getattr(self, name) for name in self.__struct_fields__}
        free: dict[str, Any] = {name: NO_LIMIT for name in CHANGEABLE if name not in own}
        free |= {"restricted": (), "rate": None, "duplicates": None, "executions": None, "rejects": None}
        return structs.replace(account, **own, **free, ratios=None, allow_crossed_book=True, ceiling=Ceiling())
