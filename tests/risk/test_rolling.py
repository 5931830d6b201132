"""Markets that risk learns of and forgets: limits hold for them from the first order on, and count nothing after."""

import pytest
from msgspec import structs

from engine import fix
from engine.errors import ConfigError, OrderError
from engine.instrument import Instrument, PriceBand
from engine.portfolio import Portfolio
from engine.risk import Risk, RiskReject
from engine.risk.fee_bound import FeeBound
from tests.support.risks import NO_LIMITS, NOW, Desk, FakeBook

CENTS = [PriceBand(0, 10_000, 100)]


def rolling(**limits: object) -> tuple[Desk, Instrument]:
    """A desk with one market more than at its start, in the event of the first two."""
    desk = Desk(**limits)
    late = Instrument("FOG", 3, CENTS, event="WEATHER")
    desk.portfolio.add([late])
    desk.risk.add([late], [FeeBound(per_lot=100)])
    return desk, late


def test_limits_of_an_event_count_a_market_that_came() -> None:
    desk, late = rolling(max_event_position=30)
    desk.open(fix.BUY, 4_500, 20)
    assert desk.new(fix.BUY, 4_500, 11, late) == RiskReject.MAX_EVENT_POSITION
    assert desk.new(fix.BUY, 4_500, 10, late) == RiskReject.NONE
    desk.open(fix.BUY, 4_500, 10, late)
    assert desk.risk.exposure.event_position("WEATHER") == 30
    assert desk.risk.exposure.open_cost == 20 * 4_500 + 10 * 4_600


def test_market_that_is_forgotten_counts_nothing_and_is_unknown() -> None:
    desk, late = rolling()
    order = desk.open(fix.SELL, 4_600, 10, late)
    with pytest.raises(OrderError, match="'FOG' has a position or live orders"):
        desk.risk.remove([late])
    desk.told(order, ord_status=fix.Status.CANCELED, leaves_qty=0)
    desk.risk.remove([late])
    desk.portfolio.remove([late])
    desk.risk.exposure._check()
    assert desk.new(fix.BUY, 4_500, 1, late) == RiskReject.UNKNOWN_MARKET
    with pytest.raises(OrderError, match="unknown to risk"):
        desk.risk.set_stops(late, 1)
    assert desk.risk.exposure.instruments == desk.instruments


def test_place_is_new_for_whoever_gets_it_next() -> None:
    desk, late = rolling()
    desk.risk.set_stops(late, 8)
    desk.risk.remove([late])
    desk.portfolio.remove([late])
    mist = Instrument("MIST", 3, CENTS, event="NEW")
    desk.portfolio.add([mist])
    desk.risk.add([mist])
    assert desk.new(fix.BUY, 4_500, 1, mist) == RiskReject.NONE
    desk.open(fix.BUY, 4_500, 7, mist)
    assert desk.risk.exposure.open_cost == 7 * 4_500  # without the fee of the market before
    assert desk.risk.exposure.event_position("NEW") == 7


def test_index_that_is_not_free_is_an_error() -> None:
    desk, _ = rolling()
    for index in (3, -1):
        with pytest.raises(ConfigError, match=f"MIST: index {index} is not free"):
            desk.risk.add([Instrument("MIST", index, CENTS)])


def test_risk_without_any_market_takes_them_later_with_their_restrictions() -> None:
    portfolio = Portfolio(())
    risk = Risk(structs.replace(NO_LIMITS, restricted=("FOG",)), (), portfolio)
    risk.heard_ns = NOW
    fog, hail = Instrument("FOG", 0, CENTS), Instrument("HAIL", 1, CENTS)
    portfolio.add([fog, hail])
    risk.add([fog, hail])
    book = FakeBook()
    assert risk.check_new(fog, fix.BUY, 4_500, 1, fix.Type.LIMIT, book, NOW) == RiskReject.RESTRICTED
    assert risk.check_new(hail, fix.BUY, 4_500, 1, fix.Type.LIMIT, book, NOW) == RiskReject.NONE
    portfolio.fill(fog, fix.BUY, 1, 4_500, 0)
    portfolio.start_day(1)
    portfolio.settle(fog, 0)
    assert risk.explain(RiskReject.DAILY_LOSS).startswith("lost 0.004500 today")
