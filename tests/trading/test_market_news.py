"""What becomes of a market while the engine runs: its states, its end, its price grid, and refusals in a row."""

from pathlib import Path
from typing import Any

import pytest

from engine.book import BID
from engine.fix import Exec, Status
from engine.instrument import PriceBand, price_grid
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.risk import RiskReject
from engine.runtime.halt_word import FREE, HALT
from engine.runtime.notices import NoticeKind
from engine.strategies.quoter import QuoterParameters, TwoSidedQuoter
from engine.trading.controls.desk_state import DeskState
from engine.trading.markets import Stop
from engine.venue import EventKind, MarketState
from tests.support.desks import Scene
from tests.support.order_reports import ack, cancel_reject, fill, replaced, report
from tests.trading.test_halt_word import Kept
from tests.trading.test_supervisor import trading

TENTHS = price_grid((PriceBand(0, 10_000, 10),), 10_000)
FIVES = price_grid((PriceBand(0, 10_000, 500),), 10_000)


class Closing(Scene):
    closed_texts = frozenset(("TRADING_PAUSED",))


def rejected(order: Order, reason: int, text: str) -> ExecutionReport:
    return report(order.cl_ord_id, Exec.REJECTED, Status.REJECTED, reason=reason, text=text)


def state(scene: Scene, state: int, text: str = "", **more: Any) -> None:
    scene.frame(EventKind.STATE, instrument=scene.rain, state=state, text=text, **{"price": -1, **more})


# States


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (MarketState.PAUSED, Stop.PAUSED),
        (MarketState.CLOSED, Stop.CLOSED),
        (MarketState.DETERMINED, Stop.CLOSED),
        (MarketState.SETTLED, Stop.CLOSED),
    ],
)
def test_m5_market_that_takes_no_orders_gets_none_until_it_is_active(said: int, cause: Stop) -> None:
    scene = Scene()
    state(scene, said, "the venue's word")
    assert scene.loop.markets.causes(scene.rain) == cause
    assert scene.loop.markets.all()[0].text == "the venue's word"
    assert scene.buy() is None
    assert scene.desk.buy(scene.snow, 4_500, 10) is not None
    state(scene, MarketState.ACTIVE)
    assert scene.buy() is not None


def test_m5_orders_of_a_closed_market_are_cancelled_and_those_of_a_paused_one_rest() -> None:
    stage = trading()
    order = stage.resting()
    state(stage, MarketState.PAUSED)
    assert stage.tick() == []
    state(stage, MarketState.CLOSED)
    assert stage.tick() == [f"F {order.pending_cl_ord_id} {order.cl_ord_id}".encode()]
    assert stage.state is DeskState.TRADING


def test_m5_closed_market_keeps_its_mark_until_it_opens() -> None:
    scene = Scene()
    scene.loop.on_report(fill(scene.buy(), 10, "E1", 4_500))
    state(scene, MarketState.CLOSED)
    scene.frame(EventKind.SNAPSHOT, instrument=scene.rain, bids=[], asks=[(100, 5)])  # what a closing leaves
    position = scene.portfolio[scene.rain]
    assert position.mark == 4_500
    state(scene, MarketState.ACTIVE)
    scene.frame(EventKind.SNAPSHOT, instrument=scene.rain, bids=[(4_000, 5)], asks=[])
    assert position.mark == 4_000


@pytest.mark.parametrize(("said", "price", "net"), [
    (MarketState.DETERMINED, 10_000, 0),
    (MarketState.SETTLED, 0, 0),
    (MarketState.DETERMINED, -1, 10),
    (MarketState.CLOSED, 10_000, 10),
])  # fmt: skip
def test_m4_market_pays_once_its_price_is_known(said: int, price: int, net: int) -> None:
    scene = Scene()
    scene.loop.on_report(fill(scene.buy(), 10, "E1", 4_500))
    state(scene, said, price=price)
    assert scene.portfolio[scene.rain].net == net


def test_m8_gap_without_suspects_is_counted() -> None:
    scene = Scene()
    scene.frame(EventKind.GAP, gap=True, notices=((NoticeKind.FRAMES_LOST, "stream 2 (trade)"),))
    assert scene.loop.counters.gaps == 1
    assert scene.loop.notices.count(NoticeKind.FRAMES_LOST) == 1


def test_m10_unreadable_frame_is_told_with_its_error() -> None:
    scene = Scene()
    scene.loop.on_frame(b"{", True)
    assert [(each.kind, each.text) for each in scene.loop.notices.all()] == [
        (NoticeKind.FRAME_UNREADABLE, "market data unreadable")
    ]


def test_m9_update_that_contradicts_its_book_is_told() -> None:
    scene = Scene()
    scene.delta(4_500, -101)
    assert [(each.kind, each.text) for each in scene.loop.notices.all()] == [(NoticeKind.BOOK_CONTRADICTED, "RAIN")]


# The grid


@pytest.mark.parametrize(("grid", "price", "taken"), [(TENTHS, 4_510, True), (FIVES, 4_600, False)])
def test_m6_grid_book_and_risk_follow_a_new_grid(grid: Any, price: int, taken: bool) -> None:
    scene = Scene()
    book = scene.books[0]
    assert scene.rain.is_valid_price(price) is not taken
    state(scene, MarketState.UNCHANGED, grid=grid)
    assert scene.rain.grid is grid
    assert book.is_stale
    assert scene.buy(price) is None  # the book is gone
    scene.frame(EventKind.SNAPSHOT, instrument=scene.rain, bids=[(4_500, 7)], asks=[(5_000, 7)])
    assert book.depth(BID, 5) == [(4_500, 7)]
    assert (scene.buy(price) is not None) is taken
    denied = scene.loop.counters.denials_by_code
    assert denied.get(RiskReject.PRICE_GRID, 0) == (not taken) + (not taken)
    scene.delta(5_500 if grid is FIVES else 4_490, 3)
    assert not book.is_stale
    book._check()


def test_m6_same_grid_again_changes_nothing() -> None:
    scene = Scene()
    halves = PriceBand(0, 5_000, 100), PriceBand(5_000, 10_000, 100)
    state(scene, MarketState.UNCHANGED, grid=price_grid(halves, 10_000))
    assert not scene.books[0].is_stale


@pytest.mark.parametrize("grid", [TENTHS, FIVES])
def test_m6_quotes_follow_the_grid(grid: Any) -> None:
    stage = trading(TwoSidedQuoter(QuoterParameters(qty=10, max_position=100)))
    ours = []
    stage.refresh(stage.books[0])
    for order in stage.orders.live():
        stage.loop.on_report(ack(order))
        ours.append(order)
    state(stage, MarketState.UNCHANGED, grid=grid)
    stage.frame(EventKind.SNAPSHOT, instrument=stage.rain, bids=[(4_500, 5)], asks=[(5_000, 5)])
    assert stage.halts == []
    prices = sorted(order.pending_price or order.price for order in ours)
    assert all(price in grid for price in prices), prices


def test_m6_quote_above_the_last_price_of_the_new_grid_follows_too() -> None:
    stage = trading(TwoSidedQuoter(QuoterParameters(qty=10, max_position=100)))
    stage.frame(EventKind.SNAPSHOT, instrument=stage.rain, bids=[(9_600, 5)], asks=[(9_800, 5)])
    for order in stage.orders.live():
        stage.loop.on_report(ack(order))
    state(stage, MarketState.UNCHANGED, grid=FIVES)
    stage.frame(EventKind.SNAPSHOT, instrument=stage.rain, bids=[(8_500, 5)], asks=[(9_000, 5)])
    assert stage.state is DeskState.TRADING
    buy, sale = stage.orders.live()
    assert buy.pending_price == 8_000
    stage.loop.on_report(replaced(buy))
    stage.frame(EventKind.SNAPSHOT, instrument=stage.rain, bids=[(8_500, 6)], asks=[(9_000, 5)])
    assert sale.pending_price == 9_500  # it would have met the buy before


# Refusals


@pytest.mark.parametrize(("reason", "text"), [(2, ""), (99, "TRADING_PAUSED")])
def test_m5_refusal_that_says_the_market_is_closed_stops_it_until_the_venue_opens_it(reason: int, text: str) -> None:
    scene = Closing()
    scene.loop.on_report(rejected(scene.buy(), reason, text))
    assert scene.loop.markets.causes(scene.rain) == Stop.INACTIVE
    assert scene.loop.markets.all()[0].text == f"the venue takes no orders: {text or 'reason 2'}"
    assert scene.buy() is None
    state(scene, MarketState.ACTIVE)
    assert scene.buy() is not None


def test_m5_refusals_in_a_row_stop_the_market_until_a_person_resumes() -> None:
    stage = trading(max_rejects_in_a_row=3)
    for _ in range(2):
        stage.loop.on_report(rejected(stage.buy(), 99, "INTERNAL_ERROR"))
    stage.loop.on_report(ack(stage.buy()))  # one in between that is taken
    for _ in range(3):
        assert stage.loop.markets.causes(stage.rain) == 0
        stage.loop.on_report(rejected(stage.buy(), 99, "INTERNAL_ERROR"))
    assert stage.loop.markets.causes(stage.rain) == Stop.REJECTS
    assert stage.loop.markets.all()[0].text == "3 requests refused in a row, the last: INTERNAL_ERROR"
    assert stage.buy() is None
    assert stage.desk.buy(stage.snow, 4_500, 10) is not None
    state(stage, MarketState.ACTIVE)
    assert stage.buy() is None
    stage.supervisor.resume("looked at it")
    stage.loop.on_report(rejected(stage.buy(), 99, "INTERNAL_ERROR"))
    assert stage.buy() is not None


def test_m5_refused_replaces_count_and_cancels_that_come_too_late_do_not() -> None:
    stage = trading(max_rejects_in_a_row=3)
    orders = [stage.resting(price=4_400 - 100 * number) for number in range(4)]
    order = stage.resting(price=3_000)
    for number, late in enumerate(orders):
        stage.desk.cancel(late)
        stage.loop.on_report(fill(late, 10, f"E{number}", late.price))
        stage.loop.on_report(cancel_reject(late, Status.FILLED, reason=0))
    assert stage.loop.counters.cancel_rejects == 4
    assert stage.loop.markets.causes(stage.rain) == 0
    for _ in range(3):
        assert stage.desk.replace(order, 3_100, 10)
        stage.loop.on_report(cancel_reject(order, Status.NEW, reason=99))
    assert stage.loop.markets.causes(stage.rain) == Stop.REJECTS


def test_m5_answers_to_cancels_of_an_order_in_doubt_do_not_count() -> None:
    """They are asked for every second until the venue's account is compared, which may take long."""
    stage = trading(max_rejects_in_a_row=3)
    order = stage.resting()
    stage.orders.on_disconnect()
    stage.loop.suspect(order, "the connection was lost")
    for _ in range(5):
        stage.desk.cancel(order)
        stage.loop.on_report(cancel_reject(order, Status.REJECTED, reason=1))
        assert order.ord_status == Status.UNKNOWN
    assert not stage.loop.markets.has(stage.rain, Stop.REJECTS)


def test_m5_code_two_of_a_refused_change_does_not_mean_that_the_market_is_closed() -> None:
    stage = trading()
    order = stage.resting()
    stage.desk.replace(order, 4_400, 10)
    stage.loop.on_report(cancel_reject(order, Status.NEW, reason=2))  # CxlRejReason(102), not OrdRejReason(103)
    assert stage.loop.markets.causes(stage.rain) == 0


def test_m5_person_who_resumes_from_another_process_opens_the_market_as_well(tmp_path: Path) -> None:
    stage = Kept(tmp_path).trade()
    stage.loop.markets.stop(stage.rain, Stop.REJECTS, "10 requests refused in a row")
    stage.loop.markets.stop(stage.snow, Stop.CLOSED, "closed")
    stage.say(HALT, "look")
    stage.tick()
    stage.say(FREE, "fine")
    stage.tick()
    assert [stage.loop.markets.causes(each) for each in stage.instruments] == [0, Stop.CLOSED]
