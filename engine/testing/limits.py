"""Limits that let everything pass, for a test that says what is to be limited."""

from engine.risk.limits import Limits
from engine.units import NO_LIMIT

UNLIMITED = Limits(
    max_order_qty=NO_LIMIT,
    max_order_notional=NO_LIMIT,
    max_order_cost=NO_LIMIT,
    collar_opposite=NO_LIMIT,
    collar_own=NO_LIMIT,
    max_position=NO_LIMIT,
    max_event_position=NO_LIMIT,
    max_gross_position=NO_LIMIT,
    max_open_orders=NO_LIMIT,
    max_open_cost=NO_LIMIT,
    max_market_loss=NO_LIMIT,
    max_event_loss=NO_LIMIT,
    max_daily_loss=NO_LIMIT,
    max_drawdown=NO_LIMIT,
    day_start_ns=0,
    day_zone="UTC",
    max_book_age_ns=NO_LIMIT,
    allow_crossed_book=False,
    restricted=(),
    rate=None,
    duplicates=None,
    executions=None,
    rejects=None,
    ratios=None,
)
