"""What the venue says of the account is taken over by rule; what no rule explains is told and stops its market."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.fix import Status
from engine.journal.told import ReconcileStep
from engine.orders.report import ExecutionReport
from engine.trading.markets import Stop
from engine.trading.reconcile.reconcile import Reconcile
from engine.trading.reconcile.rules import Rule
from engine.trading.reconcile.unanswered import PATIENCE
from engine.venue.account import VenueFill, VenueOrder, VenuePosition
from tests.support.desks import Scene
from tests.support.order_reports import cancel_reject
from tests.support.venue_account import AccountVenue

OVER = (Status.FILLED, Status.CANCELED, Status.REJECTED)


class Account:
    """A desk, its venue, and the comparison of both."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.venue = AccountVenue()
        self.notes: list[str] = []
        self.steps: list[tuple[str, ...]] = []
        self.reconcile = Reconcile(self.scene.loop, self.notes.append, record=lambda append: append(self, 7))  # type: ignore[arg-type]

    def append_state(self, kind: int, numbers: tuple[int, ...], text: str, now_ns: int = 0) -> None:
        """Stand in for the journal."""
        step = msgspec.json.decode(text, type=ReconcileStep)
        self.steps.append(tuple(filter(None, (step.step, step.symbol, step.rule, step.decided, step.result))))

    def rules(self, **changed: Any) -> list[Rule]:
        account = self.venue.account()._replace(**changed)
        return [finding.rule for finding in self.reconcile.compare(account).findings]

    def stops(self) -> list[str]:
        return [each.instrument.symbol for each in self.scene.loop.markets.all() if each.cause == Stop.ACCOUNT]

    def lose(self) -> None:
        """Lose the connection: whatever is unanswered is unknown."""
        for order in self.scene.orders.on_disconnect():
            self.scene.risk.update(order)


@pytest.fixture
def account() -> Account:
    return Account()


def test_account_that_agrees_changes_nothing(account: Account) -> None:
    order = account.scene.buy()
    account.scene.loop.apply(account.venue.accept(order))
    account.scene.loop.apply(account.venue.fill(order, 4, 4_500))
    assert account.rules() == []
    assert account.notes == ["account compared: 1 orders, 2 markets, 0 differences, 0 markets stopped"]


def test_each_step_of_a_comparison_is_recorded_with_what_was_decided(account: Account) -> None:
    order = account.scene.buy()
    account.scene.loop.apply(account.venue.accept(order))
    account.venue.fill(order, 4, 4_500)
    account.rules()
    position = VenuePosition(symbol=order.instrument.symbol, net=99, fees=0)
    for _ in range(2):
        account.rules(positions=[position])
    symbol = order.instrument.symbol
    assert account.steps == [
        ("begin",), ("difference", symbol, "fill missed", "correct"), ("end", "clean"),
        ("begin",), ("difference", symbol, "position differs", "stop"), ("end", "differs"),
        ("begin",), ("end", "differs"),
    ]  # fmt: skip


def test_missed_fills_are_booked_once_and_journalled(account: Account) -> None:
    order = account.scene.buy()
    account.scene.loop.apply(account.venue.accept(order))
    account.venue.fill(order, 4, 4_500)
    account.venue.fill(order, 4, 4_500)
    account.scene.taken()
    assert account.rules() == [Rule.FILL_MISSED, Rule.FILL_MISSED]
    names = account.scene.names()
    assert names.count("journal.append_report") == names.count("strategy.on_fill") == 2
    assert (order.cum_qty, account.scene.portfolio[account.scene.rain].net) == (8, 8)
    assert account.rules() == []


def test_late_report_of_a_fill_that_was_booked_is_the_same_fill(account: Account) -> None:
    order = account.scene.buy()
    account.scene.loop.apply(account.venue.accept(order))
    late = account.venue.fill(order, 4, 4_500)
    account.venue.fill(order, 2, 4_400)
    account.rules()
    account.scene.loop.apply(late)
    assert (order.cum_qty, order.ord_status) == (6, Status.PARTIALLY_FILLED)
    account.scene.loop.apply(account.venue.fill(order, 4, 4_500))
    assert (order.cum_qty, order.ord_status) == (10, Status.FILLED)


def test_order_that_never_arrived_is_over(account: Account) -> None:
    order = account.scene.buy()
    account.lose()
    assert account.rules() == [Rule.ORDER_NEVER_ARRIVED]
    assert (order.ord_status, account.scene.orders.live_count) == (Status.REJECTED, 0)


def test_order_on_its_way_over_a_connection_that_stands_is_waited_for(account: Account) -> None:
    order = account.scene.buy()
    assert account.rules() == [] and order.ord_status == Status.PENDING_NEW
    account.scene.loop.apply(account.venue.accept(order))
    assert order.ord_status == Status.NEW and account.stops() == []


def test_late_answers_find_their_order_as_they_expect_it(account: Account) -> None:
    """A session that is seconds late says one after the other what the account has known for long."""
    order = account.scene.buy()
    late = [account.venue.accept(order)]
    assert account.rules() == []
    account.scene.loop.apply(late[0])
    account.scene.desk.replace(order, 4_400, 20)
    late = [account.venue.replace(order), account.venue.fill(order, 3, 4_400)]
    assert account.rules() == [] and account.stops() == []
    for report in late:
        account.scene.loop.apply(report)
    assert (order.ord_status, order.price, order.cum_qty) == (Status.PARTIALLY_FILLED, 4_400, 3)
    assert account.rules() == [] and account.scene.halts == [] and account.stops() == []


def test_answer_that_never_comes_is_not_waited_for_without_end(account: Account) -> None:
    order = account.scene.buy()
    account.venue.accept(order)
    assert [account.rules() for _ in range(PATIENCE)] == [[]] * (PATIENCE - 1) + [[Rule.ORDER_WORKS]]
    assert order.ord_status == Status.NEW


def test_order_whose_answer_was_lost_works(account: Account) -> None:
    order = account.scene.buy()
    account.venue.accept(order)
    account.lose()
    assert account.rules() == [Rule.ORDER_WORKS]
    assert (order.ord_status, order.order_id) == (Status.NEW, "V-T-1")


@pytest.mark.parametrize("is_done", [False, True])
def test_replace_whose_answer_was_lost_is_as_the_venue_has_it(account: Account, is_done: bool) -> None:
    order = account.scene.buy()
    account.scene.loop.apply(account.venue.accept(order))
    account.scene.desk.replace(order, 4_400, 20)
    if is_done:
        account.venue.replace(order)
    account.lose()
    assert account.rules() == [Rule.ORDER_WORKS]
    assert (order.ord_status, order.price, order.order_qty) == (
        (Status.NEW, 4_400, 20) if is_done else (Status.NEW, 4_500, 10)
    )


def test_order_that_ended_meanwhile_is_over_with_its_fills(account: Account) -> None:
    order = account.scene.buy()
    account.scene.loop.apply(account.venue.accept(order))
    account.venue.fill(order, 3, 4_500)
    account.venue.cancel(order)
    assert account.reconcile.doubtful_symbols(account.venue.account().resting) == ["RAIN"]
    assert account.rules() == [Rule.FILL_MISSED, Rule.ORDER_OVER]
    assert (order.ord_status, order.cum_qty, account.scene.orders.live_count) == (Status.CANCELED, 3, 0)


def test_order_that_the_venue_has_lost_is_in_doubt(account: Account) -> None:
    order = account.scene.buy()
    account.scene.loop.apply(account.venue.accept(order))
    account.venue.orders.clear()
    assert account.rules() == [Rule.ORDER_LOST]
    assert order.ord_status == Status.UNKNOWN and account.stops() == ["RAIN"]


def test_fills_that_do_not_make_the_sum_are_in_doubt(account: Account) -> None:
    order = account.scene.buy()
    account.scene.loop.apply(account.venue.accept(order))
    account.venue.fill(order, 3, 4_500)
    assert account.rules(fills=[], positions=[]) == [Rule.FILLS_DIFFER]
    assert order.ord_status == Status.UNKNOWN and account.stops() == ["RAIN"]
    assert account.rules() == [Rule.FILL_MISSED]
    assert (order.ord_status, account.stops()) == (Status.PARTIALLY_FILLED, [])


def test_stranger_is_told_and_stops_its_market_until_it_is_gone(account: Account) -> None:
    stranger = VenueOrder(
        order_id="X", cl_ord_id="", symbol="SNOW", side=1, price=100, order_qty=5, cum_qty=0, leaves_qty=5,
        status=Status.NEW,
    )  # fmt: skip
    assert account.rules(orders=[stranger], resting=[stranger]) == [Rule.STRANGER_ORDER]
    assert account.stops() == ["SNOW"]
    assert account.rules() == [] and account.stops() == []


def test_fill_of_a_stranger_and_its_position_are_told(account: Account) -> None:
    fill = VenueFill(
        trade_id="T", order_id="X", cl_ord_id="", symbol="SNOW", side=1, price=100, qty=5, fee=0, is_taker=True,
        time_ns=1,
    )  # fmt: skip
    held = VenuePosition(symbol="SNOW", net=5, fees=0)
    assert account.rules(fills=[fill], positions=[held]) == [Rule.STRANGER_FILL, Rule.POSITION_DIFFERS]
    assert account.stops() == ["SNOW"]
    assert account.scene.portfolio[account.scene.snow].net == 0


def test_person_trades_on_with_a_difference_until_it_is_another(account: Account) -> None:
    held = [VenuePosition(symbol="SNOW", net=5, fees=0)]
    assert account.rules(positions=held) == [Rule.POSITION_DIFFERS] and account.stops() == ["SNOW"]
    account.reconcile.bear()
    account.scene.loop.markets.lift_all(Stop.ACCOUNT)
    account.rules(positions=held)
    assert account.stops() == []
    account.rules(positions=[VenuePosition(symbol="SNOW", net=6, fees=0)])
    assert account.stops() == ["SNOW"]


def test_fees_that_differ_are_told_and_stop_nothing(account: Account) -> None:
    order = account.scene.buy()
    account.scene.loop.apply(account.venue.accept(order))
    account.scene.loop.apply(account.venue.fill(order, 4, 4_500, fee=3))
    held = VenuePosition(symbol="RAIN", net=4, fees=4)
    assert account.rules(positions=[held]) == [Rule.FEES_DIFFER] and account.stops() == []


def test_market_that_we_do_not_trade_is_no_business_of_ours(account: Account) -> None:
    assert account.rules(positions=[VenuePosition(symbol="ELSEWHERE", net=5, fees=0)]) == []


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_any_life_with_lost_reports_ends_as_the_venue_has_it(seed: int) -> None:
    """Whatever is lost on the way, one comparison makes both sides equal, a second finds nothing, and the reports that
    were lost change nothing when they come after all."""
    draw = random.Random(seed)
    account = Account()
    scene, venue = account.scene, account.venue
    lost: list[ExecutionReport] = []

    def tell(report: ExecutionReport) -> None:
        """Bring a report, or lose it; after the first one that is lost the connection is down."""
        if lost or draw.random() < 0.1:
            lost.append(report)
        else:
            scene.loop.apply(report)

    orders = [order for _ in range(3) if (order := scene.buy(4_500, draw.randint(5, 20)))]
    for _ in range(draw.randint(1, 25)):
        order = draw.choice(orders)
        known = venue.orders.get(order.cl_ord_id)
        if known is None:
            tell(venue.accept(order))
        elif known.leaves_qty and draw.random() < 0.7:
            tell(venue.fill(order, draw.randint(1, min(3, known.leaves_qty)), draw.choice((4_500, 4_400))))
        elif known.leaves_qty and draw.random() < 0.5:
            tell(venue.cancel(order))
    account.lose()
    reconciled = account.reconcile.compare(venue.account())
    assert reconciled.is_clean
    for order in orders:
        known = venue.orders.get(order.cl_ord_id)
        if known is None:
            assert order.ord_status == Status.REJECTED
        else:
            assert (order.ord_status, order.cum_qty) == (known.status, known.cum_qty)
    assert account.reconcile.compare(venue.account()).findings == ()
    assert scene.portfolio[scene.rain].net == sum(fill.qty for fill in venue.fills)
    before = [(order.ord_status, order.cum_qty) for order in orders]
    for report in lost:
        report.poss_dup = True
        scene.loop.apply(report)
    assert [(order.ord_status, order.cum_qty) for order in orders] == before
    assert scene.portfolio[scene.rain].net == sum(fill.qty for fill in venue.fills)
    assert scene.halts == []


def test_fills_before_the_time_that_was_asked_for_are_not_booked_twice(account: Account) -> None:
    """An old order traded 4 at 4500 before the window and 4 at 4500 within it: both counted here, one is listed."""
    order = account.scene.buy()
    account.scene.loop.apply(account.venue.accept(order))
    for price in (4_500, 4_400, 4_400):
        account.scene.loop.apply(account.venue.fill(order, 2, price))
    account.venue.fill(order, 2, 4_300)
    window = account.venue.fills[2:]
    assert account.rules(fills=window) == [Rule.FILL_MISSED]
    assert order.cum_qty == 8 and account.rules(fills=window) == []


def test_position_that_the_venue_has_decided_and_not_yet_paid_is_no_difference(account: Account) -> None:
    order = account.scene.buy()
    account.scene.loop.apply(account.venue.accept(order))
    account.scene.loop.apply(account.venue.fill(order, 10, 4_500))
    account.scene.loop.settlements.pay(account.scene.rain, 10_000, "the venue")
    assert account.venue.account().positions[0].net == 10
    assert account.rules() == [] and account.stops() == []


def test_difference_that_stays_is_told_once(account: Account) -> None:
    other = [VenuePosition(symbol="RAIN", net=5, fees=0)]
    for _ in range(3):
        assert account.rules(positions=other) == [Rule.POSITION_DIFFERS]
    assert account.stops() == ["RAIN"]
    assert len([note for note in account.notes if "position differs" in note]) == 1
    account.rules(positions=[])
    account.rules(positions=other)
    assert len([note for note in account.notes if "position differs" in note]) == 2


@pytest.mark.parametrize("is_asked_again", [False, True])
def test_order_that_never_arrived_is_over_though_its_cancel_was_refused(account: Account, is_asked_again: bool) -> None:
    """Its cancel was asked for before the venue's account could be read, and the venue does not know what to cancel."""
    order = account.scene.buy()
    account.lose()
    account.scene.desk.cancel(order)
    account.scene.loop.apply(cancel_reject(order, Status.REJECTED, reason=1))
    assert (order.ord_status, order.is_lost) == (Status.UNKNOWN, False)
    if is_asked_again:
        account.scene.desk.cancel(order)
    assert account.rules() == [Rule.ORDER_NEVER_ARRIVED]
    assert (order.ord_status, account.scene.orders.live_count) == (Status.REJECTED, 0)
    assert account.rules() == []
