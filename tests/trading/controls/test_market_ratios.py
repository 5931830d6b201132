"""Ratios of one market stop it alone; the largest order of a minute is shown and warned of."""

import pytest

from engine.instrument import Instrument
from engine.risk import NO_LIMIT, RatioLimit, RiskReject
from engine.runtime.notices import NoticeKind
from engine.trading.controls.limit_watch import EVERY_NS, LARGEST_NS
from engine.trading.supervisor import DeskState
from tests.support.order_reports import ack
from tests.trading.controls.test_risk_desk import SECOND, Controlled


def ratios(orders_per_fill: int = NO_LIMIT, cancel_percent: int = NO_LIMIT, window_ns: int = 16 * SECOND) -> RatioLimit:
    return RatioLimit(
        max_orders_per_fill=orders_per_fill,
        max_cancel_percent=cancel_percent,
        min_orders=1_000,
        min_orders_per_market=4,
        window_ns=window_ns,
    )


def rest(desk: Controlled, instrument: Instrument, is_canceled: bool = False) -> None:
    order = desk.desk.buy(instrument, 4_400, 10)
    assert order is not None
    desk.loop.on_report(ack(order))
    if is_canceled:
        desk.loop.cancel(order)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (ratios(orders_per_fill=3), "4 orders and replaces for 0 fills in 16 s, allowed 3 a fill"),
        (ratios(cancel_percent=49), "2 cancels for 4 orders and replaces in 16 s, allowed 49 %"),
    ],
)
def test_market_that_asks_too_much_stops_alone_until_a_person_resumes(limit: RatioLimit, words: str) -> None:
    desk = Controlled(ratios=limit)
    for count in range(4):
        rest(desk, desk.rain, is_canceled=count < 2)
        if count < 3:
            rest(desk, desk.snow)
        desk.pass_time(SECOND)
    desk.pass_time(SECOND)
    assert desk.denial() is RiskReject.MARKET_STOPPED
    assert words in desk.told(NoticeKind.MARKET_STOPPED)[0]
    assert desk.state is DeskState.TRADING
    assert desk.desk.buy(desk.snow, 4_400, 10) is not None
    desk.supervisor.resume("looked at it")
    desk.pass_time(2 * SECOND)
    assert desk.buy() is not None  # what was looked at does not count again


def test_orders_before_the_window_do_not_count_and_each_fill_allows_more() -> None:
    desk = Controlled(ratios=ratios(orders_per_fill=3))
    for _ in range(3):
        rest(desk, desk.rain)
    for _ in range(18):
        desk.pass_time(SECOND)
    desk.filled()
    for _ in range(2):
        rest(desk, desk.rain)
    assert [counts for _, *counts in desk.controls.ratios.busy(1)] == [[3, 0, 1]]
    desk.filled()
    for _ in range(2):
        rest(desk, desk.rain)
        desk.pass_time(SECOND)
    assert [counts for _, *counts in desk.controls.ratios.busy(1)] == [[6, 0, 2]]
    desk.pass_time(SECOND)
    assert not desk.loop.markets.causes(desk.rain)
    rest(desk, desk.rain)
    desk.pass_time(SECOND)
    assert desk.denial() is RiskReject.MARKET_STOPPED


def test_market_that_takes_the_place_of_another_begins_anew() -> None:
    desk = Controlled(ratios=ratios(orders_per_fill=3))
    for _ in range(3):
        rest(desk, desk.rain)
    desk.pass_time(SECOND)
    assert [counts for _, *counts in desk.controls.ratios.busy(1)] == [[3, 0, 0]]
    desk.controls.ratios.begin_anew(desk.rain)
    assert desk.controls.ratios.busy(1) == []
    rest(desk, desk.rain)
    assert [(each, *counts) for each, *counts in desk.controls.ratios.busy(1)] == [(desk.rain, 1, 0, 0)]


def test_large_order_is_warned_of_once_a_minute() -> None:
    desk = Controlled(max_order_qty=12)
    desk.filled(qty=9)
    desk.pass_time()
    assert desk.told(NoticeKind.LIMIT_NEAR) == []
    desk.filled(qty=10)
    desk.pass_time()
    assert desk.told(NoticeKind.LIMIT_NEAR) == ["max_order_qty 0.10 of 0.12, 83 %"]
    desk.filled(qty=12)
    desk.pass_time()
    rows = {row.name: row.used for row in desk.controls.watch.rows(desk.controls.repeats.now_ns)}
    assert (rows["max_order_qty"], rows["max_order_notional"]) == (12, 12 * 4_500)
    assert desk.told(NoticeKind.LIMIT_NEAR) == ["max_order_qty 0.10 of 0.12, 83 %"]
    desk.pass_time(LARGEST_NS)
    desk.pass_time(EVERY_NS)
    rows = {row.name: row.used for row in desk.controls.watch.rows(desk.controls.repeats.now_ns)}
    assert rows["max_order_qty"] == 0
