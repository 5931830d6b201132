"""Settlements: what a market turned out to be worth reaches position, journal, limits and the day."""

from typing import Any

import pytest

from engine.errors import JournalError, OrderError
from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind
from engine.trading.markets import Stop
from engine.trading.settlements import REVIEW_NS
from engine.venue import EventKind, MarketState
from tests.support.desks import Scene
from tests.support.order_reports import ack, fill

LOT = 100


def holding(qty: int = 5 * LOT, **limits: Any) -> Scene:
    """A desk that bought so much at 0.45."""
    scene = Scene(**limits)
    order = scene.buy(qty=qty)
    scene.loop.on_report(ack(order))
    scene.loop.on_report(fill(order, qty, "E1", 4_500, fee=0))
    scene.taken()
    return scene


def determined(scene: Scene, price: int, state: int = MarketState.DETERMINED) -> None:
    scene.frame(EventKind.STATE, instrument=scene.rain, state=state, price=price, text="determined")


def test_fill_that_comes_after_the_settlement_is_paid_though_nobody_says_it_again() -> None:
    scene = Scene()
    order = scene.buy(qty=LOT)
    scene.loop.on_report(ack(order))
    determined(scene, 10_000)
    determined(scene, 10_000, MarketState.SETTLED)
    scene.loop.on_report(fill(order, LOT, "E1", 4_500, fee=0))
    for _ in range(3):
        scene.now_ns += REVIEW_NS
        scene.loop.settlements.review(scene.now_ns)
    assert (scene.portfolio[scene.rain].net, scene.portfolio.pnl) == (0, LOT * 5_500)
    assert scene.names().count("portfolio.settle") == 2  # of nothing, and of what came


@pytest.mark.parametrize(("price", "pnl"), [(10_000, 5_500), (0, -4_500), (3_700, -800)], ids=["yes", "no", "scalar"])
def test_m4_settlement_pays_is_journalled_frees_the_limits_and_reaches_the_day(price: int, pnl: int) -> None:
    scene = holding(max_position=5 * LOT)
    assert scene.buy() is None  # the limit is used up
    scene.taken()
    paid = scene.loop.settlements.pay(scene.rain, price, "me")
    position = scene.portfolio[scene.rain]
    assert (position.net, position.is_settled, scene.portfolio.pnl, scene.portfolio.day_pnl) == (
        0, True, 5 * LOT * pnl, 5 * LOT * pnl,
    )  # fmt: skip
    assert scene.risk.exposure.gross_position == 0
    steps = [step for step in scene.taken() if step[0] in ("journal.append_settle", "portfolio.settle")]
    assert steps == [
        ("journal.append_settle", "RAIN", price, 0, 10**18 + scene.now_ns),
        ("portfolio.settle", "RAIN", price, 0),
    ]
    assert scene.loop.markets.causes(scene.rain) == Stop.CLOSED
    assert paid == f"settled at {price / 10_000:.4f}, 5.00 held pay {5 * price / 10_000:.6f}, by me"
    assert scene.loop.notices.count(NoticeKind.MARKET_SETTLED) == 1


def test_m4_venue_that_decides_and_then_settles_pays_once() -> None:
    scene = holding()
    determined(scene, 10_000)
    determined(scene, 10_000, MarketState.SETTLED)
    assert scene.names().count("portfolio.settle") == 1
    assert scene.portfolio.pnl == 5 * LOT * 5_500


def test_settlement_of_a_market_that_is_not_held_is_kept_for_what_comes_late() -> None:
    scene = Scene()
    order = scene.buy(qty=LOT)
    scene.loop.on_report(ack(order))
    determined(scene, 10_000)
    scene.loop.on_report(fill(order, LOT, "E1", 4_500, fee=0))
    assert scene.portfolio[scene.rain].mark == 10_000
    determined(scene, 10_000, MarketState.SETTLED)  # said again: now it pays
    assert (scene.portfolio[scene.rain].net, scene.portfolio.pnl) == (0, LOT * 5_500)


def test_venue_that_settles_at_two_prices_is_told_and_not_paid_again() -> None:
    scene = holding()
    determined(scene, 10_000)
    determined(scene, 0, MarketState.SETTLED)
    assert scene.portfolio.pnl == 5 * LOT * 5_500
    assert scene.loop.notices.count(NoticeKind.SETTLEMENT_WRONG) == 1


@pytest.mark.parametrize("price", [-1, 10_001, 50_000])
def test_price_that_no_contract_pays_is_refused(price: int) -> None:
    scene = holding()
    with pytest.raises(OrderError, match=r"RAIN cannot settle at .*: a contract pays 0 to 1\.0000"):
        scene.loop.settlements.pay(scene.rain, price, "me")
    scene.loop.settlements.hear(scene.rain, price)
    assert scene.portfolio[scene.rain].net == 5 * LOT
    assert scene.loop.markets.causes(scene.rain) == Stop.CLOSED
    assert scene.loop.notices.count(NoticeKind.SETTLEMENT_WRONG) == 1


def test_settlement_that_uses_up_the_loss_of_the_day_halts() -> None:
    scene = holding(max_daily_loss=4 * LOT * 4_500)
    scene.loop.settlements.pay(scene.rain, 0, "me")
    assert scene.halts == ["lost 2.250000 today, allowed 1.800000"]


def test_settlement_that_the_journal_cannot_take_halts_and_is_paid() -> None:
    scene = holding()

    def full(instrument: Instrument, price: int, fee: int, now_ns: int) -> None:
        raise JournalError("no space left")

    scene.loop.settlements._journal = type("Full", (), {"append_settle": staticmethod(full)})()
    scene.loop.settlements.pay(scene.rain, 10_000, "me")
    assert scene.halts == ["journal: no space left"]
    assert scene.portfolio[scene.rain].net == 0


def test_m4_second_settlement_at_another_price_that_would_pay_nothing_is_refused() -> None:
    scene = holding()
    scene.loop.settlements.pay(scene.rain, 3_700, "me")
    with pytest.raises(OrderError, match=r"RAIN has settled at 0\.3700: nothing of it is held that could be paid"):
        scene.loop.settlements.pay(scene.rain, 10_000, "me")
    assert (scene.portfolio[scene.rain].mark, scene.portfolio.pnl) == (3_700, -5 * LOT * 800)


def test_m5_settled_market_that_the_venue_calls_open_stays_closed_and_is_told() -> None:
    scene = holding()
    determined(scene, 10_000)
    scene.frame(EventKind.STATE, instrument=scene.rain, state=MarketState.ACTIVE)
    assert scene.loop.markets.causes(scene.rain) == Stop.CLOSED
    assert scene.loop.notices.count(NoticeKind.SETTLEMENT_WRONG) == 1
    assert scene.buy() is None


def test_m4_market_that_an_earlier_run_paid_out_is_closed_at_the_start() -> None:
    scene = Scene()
    scene.portfolio.settle(scene.rain, 3_700)
    scene.loop.settlements.close_settled()
    assert [(each.instrument.symbol, each.text) for each in scene.loop.markets.all()] == [
        ("RAIN", "settled at 0.3700"),
    ]  # fmt: skip
