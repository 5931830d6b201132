"""Holds that meet: a person's and the engine's, a market's and its event's, a flatten's and a halt's."""

from pathlib import Path

import pytest
from msgspec import structs

from engine.orders.options import OrderOptions
from engine.risk import NO_LIMIT, RepeatLimit, RiskReject
from engine.runtime.notices import NoticeKind
from engine.trading.controls.flatten import PATIENCE_NS, TOO_SMALL, Flatten
from engine.trading.controls.live_orders import RETRY_NS, LiveOrders
from engine.trading.markets import Stop
from tests.support.order_reports import fill
from tests.trading.controls.test_risk_desk import ME, SECOND, Controlled, Flattening

ONE_FILL = RepeatLimit(per_market=1, overall=NO_LIMIT, window_ns=SECOND)


def outcome(desk: Controlled) -> str:
    (leg,) = desk.controls.flatten.legs
    return desk.controls.flatten.outcome(leg)


@pytest.mark.parametrize("is_person_first", [True, False])
def test_resume_leaves_what_a_person_halted_where_a_throttle_stopped_it_too(
    is_person_first: bool, tmp_path: Path
) -> None:
    desk = Controlled(tmp_path, executions=ONE_FILL)
    orders = [desk.resting(price=price) for price in (4_500, 4_400)]
    if is_person_first:
        desk.controls.hold("market", "RAIN", ME, "odd")
    for order in orders:  # had left before, and fill all the same
        desk.loop.on_report(fill(order, order.leaves_qty, f"F{order.price}", order.price))
    if not is_person_first:
        desk.controls.hold("market", "RAIN", ME, "odd")
    assert any("more than 1 fills in 1 s" in line for line in desk.reports)
    for each in (desk, Controlled(tmp_path, executions=ONE_FILL)):
        each.supervisor.resume("looked at it")
        (hold,) = each.controls.holds.all()
        assert (hold.by, hold.is_ours) == (ME, False)
        assert each.denial() is RiskReject.MARKET_STOPPED


@pytest.mark.parametrize("scope", ["market", "all"])
def test_throttle_of_fills_does_not_stop_a_flatten(scope: str) -> None:
    desk = Flattening(max_order_qty=10, executions=RepeatLimit(per_market=4, overall=NO_LIMIT, window_ns=60 * SECOND))
    desk.controls.close_out(scope, "RAIN" if scope == "market" else "", ME, "enough")
    for _ in range(3):
        desk.trade_slice(desk.slice(), 10)
    desk.pass_time()
    assert "RAIN: flat" in outcome(desk)
    assert any("more than 4 fills" in line for line in desk.reports)


@pytest.mark.parametrize("scope", ["market", "all"])
def test_flatten_ends_where_its_hold_does_and_leaves_the_strategy_alone(scope: str) -> None:
    desk = Flattening(max_order_qty=10)
    desk.controls.close_out(scope, "RAIN" if scope == "market" else "", ME, "enough")
    desk.trade_slice(desk.slice(), 10)
    if scope == "market":
        desk.controls.lift("market", "RAIN", ME, "on we go")
    else:
        desk.supervisor.resume("on we go")
    assert desk.buy(4_400) is not None
    desk.taken()
    assert desk.pass_time() == []  # neither a slice nor a cancel of what the strategy has sent
    assert outcome(desk) == "RAIN: resumed meanwhile, 0.20 held, 0.30 before"


@pytest.mark.parametrize(("scope", "name"), [("market", "RAIN"), ("event", "RAIN")])
def test_halt_by_name_ends_a_flatten_and_takes_its_slice_back(scope: str, name: str) -> None:
    desk = Flattening(max_order_qty=10)
    desk.controls.close_out("all", "", ME, "enough")
    order = desk.slice()
    desk.controls.hold(scope, name, ME, "wait")
    assert desk.pass_time() == [f"F {order.pending_cl_ord_id} {order.cl_ord_id}".encode()]
    assert "halted meanwhile" in outcome(desk)


def test_flatten_of_a_market_whose_event_is_halted_closes_it() -> None:
    desk = Flattening()
    desk.controls.hold("event", "RAIN", ME, "odd")
    desk.controls.close_out("market", "RAIN", ME, "enough")
    desk.trade_slice(desk.slice(), 30)
    desk.pass_time()
    assert "RAIN: flat" in outcome(desk)
    assert desk.controls.lift("market", "RAIN", ME, "done") == []  # its event is halted still
    assert desk.controls.lift("event", "RAIN", ME, "fine") == [desk.rain]


def test_nothing_rests_where_a_flatten_ran_out_of_time() -> None:
    desk = Flattening()
    resting = desk.resting(price=4_400)
    desk.log_out("cut")
    desk.controls.close_out("market", "RAIN", ME, "enough")
    desk.pass_time(PATIENCE_NS)
    assert "out of time, 0.30 held" in outcome(desk)
    assert desk.loop.markets.causes(desk.rain) == Stop.HALTED
    desk.log_on()
    sent = desk.pass_time() + desk.pass_time(RETRY_NS)
    assert any(body.endswith(f" {resting.cl_ord_id}".encode()) and body.startswith(b"F ") for body in sent)


@pytest.mark.parametrize(
    ("limits", "sizes"),
    [
        ({"max_order_cost": 10 * 5_500}, [10, 10, 10]),
        ({"max_order_notional": 13 * 4_500 + 1}, [13, 13, 4]),
        ({"max_order_cost": 14 * 5_500, "max_order_notional": 12 * 4_500}, [12, 12, 6]),
    ],
)
def test_slice_is_no_larger_than_what_one_order_may_cost(limits: dict[str, int], sizes: list[int]) -> None:
    desk = Flattening()
    desk.loop.risk.change_limits(structs.replace(desk.loop.risk.limits, **limits))
    desk.controls.close_out("market", "RAIN", ME, "enough")
    for size in sizes:
        order = desk.slice()
        assert order.leaves_qty == size
        desk.trade_slice(order, size)
    desk.pass_time()
    assert "RAIN: flat" in outcome(desk)


def test_flatten_says_where_one_order_may_cost_less_than_one_lot() -> None:
    desk = Flattening()
    desk.loop.risk.change_limits(structs.replace(desk.loop.risk.limits, max_order_cost=5_499))
    desk.controls.close_out("market", "RAIN", ME, "enough")
    assert desk.pass_time() == []
    assert outcome(desk) == f"RAIN: at work, 0.30 held, 0.30 before: {TOO_SMALL}"


@pytest.mark.parametrize("offers", [True, False])
def test_venue_is_told_that_a_slice_only_reduces_where_it_can_be(offers: bool) -> None:
    desk = Flattening()
    live = LiveOrders(desk.loop, desk.loop.wall.now_ns, desk.reports.append)
    asked = []

    def judge(*order: object) -> str:
        asked.append(order)
        return "" if offers else "it has none"

    flatten = Flatten(desk.loop, live, desk.reports.append, judge, lambda instrument: None)
    wanted = OrderOptions(reduce_only=True, tag="flatten")
    assert asked == [(wanted, "3", False, "2")]
    assert flatten._options == (wanted if offers else OrderOptions(tag="flatten"))


def test_limit_that_the_file_ended_does_not_come_back_with_the_file(tmp_path: Path) -> None:
    Controlled(tmp_path, max_order_qty=100).change("max_order_qty", 50)
    assert len(Controlled(tmp_path, max_order_qty=200).told(NoticeKind.LIMIT_CHANGED)) == 1
    desk = Controlled(tmp_path, max_order_qty=100)
    assert desk.told(NoticeKind.LIMIT_CHANGED) == []
    assert desk.loop.risk.limits.max_order_qty == 100
