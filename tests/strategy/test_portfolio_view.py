"""What a strategy reads of its portfolio and of its limits, against the parts that count them."""

from typing import Any

import pytest

from engine import fix
from engine.errors import OrderError
from engine.instrument import Instrument
from engine.strategy import NO_LIMIT, LimitsLeft, PortfolioView
from tests.support.desks import CENTS, Scene


def holding(**limits: Any) -> tuple[Scene, PortfolioView]:
    """20 RAIN bought at 0.45 and 10 of it sold at 0.50, 5 SNOW sold at 0.60; a fee of 7 each time."""
    scene = Scene(**limits)
    scene.portfolio.fill(scene.rain, fix.BUY, 20, 4_500, 7)
    scene.portfolio.fill(scene.rain, fix.SELL, 10, 5_000, 7)
    scene.portfolio.fill(scene.snow, fix.SELL, 5, 6_000, 7)
    for instrument in scene.instruments:
        scene.risk.refresh(instrument)
    return scene, scene.desk.portfolio


def test_portfolio_says_what_is_held_and_made() -> None:
    scene, portfolio = holding()
    assert (portfolio.cash, portfolio.cost, portfolio.fees) == (-10_000, 15_000, 21)
    assert portfolio.realised == 5_000
    assert portfolio.value == 10 * 5_000 - 5 * 6_000  # at the last fills
    assert portfolio.unrealised == portfolio.value - portfolio.cost
    assert portfolio.pnl == portfolio.day_pnl == portfolio.realised + portfolio.unrealised - portfolio.fees
    assert [(each.instrument.symbol, each.net) for each in portfolio] == [("RAIN", 10), ("SNOW", -5)]
    assert portfolio.position(scene.rain) is scene.desk.position(scene.rain)


def test_portfolio_moves_with_the_book() -> None:
    scene, portfolio = holding()
    scene.delta(4_500, 1)
    assert portfolio.market(scene.rain).value == 10 * 4_500
    assert portfolio.market(scene.rain).unrealised == 0


def test_market_event_and_all_add_up() -> None:
    scene, portfolio = holding()
    rain, snow = portfolio.market(scene.rain), portfolio.market(scene.snow)
    for name in ("cash", "cost", "value", "fees", "realised", "unrealised", "pnl", "day_pnl"):
        assert getattr(rain, name) + getattr(snow, name) == getattr(portfolio, name), name
    assert portfolio.event("RAIN") == rain
    assert rain.worst_position == 10
    assert rain.worst_pnl == scene.risk.exposure.market_loss(scene.rain) == -40_000 - 14


def test_series_and_category_add_up_their_events() -> None:
    scene, portfolio = holding()
    for instrument in scene.instruments:
        instrument.series, instrument.category = "WX", "Climate"
    both = portfolio.series("WX")
    assert both == portfolio.category("Climate")
    assert both.worst_position == portfolio.gross_position == 15
    assert both.cash == portfolio.cash
    for name in ("", "nothing"):
        with pytest.raises(KeyError):
            portfolio.series(name)


def test_open_orders_are_seen() -> None:
    scene, portfolio = holding()
    scene.buy(4_500, 10)
    assert (portfolio.open_orders, portfolio.open_cost, portfolio.gross_position) == (1, 45_000, 25)


def test_limits_left_shrink_with_what_is_held_and_open() -> None:
    limits = {
        "max_order_qty": 50, "max_position": 100, "max_event_position": 20, "max_open_orders": 1,
        "max_open_cost": 50_000, "max_daily_loss": 1_000, "max_market_loss": 100_000,
    }  # fmt: skip
    scene, portfolio = holding(**limits)
    scene.buy(4_500, 10)
    assert portfolio.left(scene.rain) == LimitsLeft(
        order_qty=50,
        position=80,
        event_position=0,
        gross_position=NO_LIMIT,
        open_orders=0,
        open_cost=5_000,
        market_loss=100_000 - 40_014 - 45_000,
        event_loss=NO_LIMIT,
        daily_loss=1_000,  # what was gained does not raise it
        drawdown=NO_LIMIT,
    )


def test_loss_takes_from_the_limits_of_the_day() -> None:
    scene, portfolio = holding(max_daily_loss=10_000, max_drawdown=20_000)
    scene.portfolio.fill(scene.rain, fix.BUY, 10, 5_500, 0)
    scene.portfolio.fill(scene.rain, fix.SELL, 10, 4_500, 0)
    left = portfolio.left(scene.rain)
    assert left.daily_loss == 10_000 + portfolio.day_pnl < 10_000
    assert left.drawdown == 20_000 - (scene.risk.day_high[0] - portfolio.day_pnl)


def test_stranger_is_an_error() -> None:
    _, portfolio = holding()
    with pytest.raises(OrderError):
        portfolio.market(Instrument("HAIL", 0, CENTS))
