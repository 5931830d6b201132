"""A FIX session that is lost, silent or slow, end to end: what is unanswered is unknown, counts at its worst, and is
asked for after the next Logon; no order leaves meanwhile, and none a second time.
"""

import pytest

from engine import fix
from engine.orders.order import Order
from engine.risk import RiskReject
from engine.trading.controls import live_orders
from engine.trading.controls.desk_state import DeskState
from tests.support.engine.in_process import CANCEL, MASS_CANCEL, NEW, REPLACE, STATUS, Rig, Start

CENT = 100
LOT = 100
# The fault that loses a request with its connection, and the one that loses only its answer.
HOW = {"silent_fix": {}, "delay_fix": {"delay_ms": 300}}
lost = pytest.mark.parametrize("lose", HOW)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a question about an order wait for its answer as long as a machine that stands still may take.

    By itself the engine cancels what is still in doubt a second after it asked, which is right and not what is tested.
    """
    monkeypatch.setattr(live_orders, "RETRY_NS", 60 * 10**9)


def drop(rig: Rig) -> None:
    """Cut the connection, and wait until the engine knows."""
    rig.venue("drop_fix", account=rig.account)
    rig.until(lambda: rig.supervisor.state is DeskState.WAITING, "the loss to be noticed")
    rig.venue("clear")


def asked(rig: Rig) -> list[str]:
    """Return what was sent after the mass cancel of the start, questions aside: an answer may come unasked first."""
    found = [kind for kind in rig.types_sent() if kind != STATUS]
    assert found[0] == MASS_CANCEL
    return found[1:]


def resting(rig: Rig, price: int = 40 * CENT) -> Order:
    return rig.rest(fix.BUY, price, 5 * LOT)


def test_lost_session_stops_orders_and_resumes_with_those_that_rest(rig: Start) -> None:
    r = rig()
    order = resting(r)
    drop(r)
    assert r.desk.buy(r.rain, 41 * CENT, LOT) is None
    assert not r.desk.replace(order, 41 * CENT, 5 * LOT)
    assert r.counters.denials_by_code == {RiskReject.HALTED: 2}
    assert order.ord_status == fix.Status.NEW
    r.until_trading()
    assert asked(r) == [NEW]
    r.assert_agrees()


def test_fills_and_cancels_of_the_lost_time_are_told_after_logon(rig: Start) -> None:
    r = rig()
    filled, cancelled = resting(r, 42 * CENT), r.rest(fix.BUY, 30 * CENT, LOT, r.snow)
    r.venue("drop_fix", account=r.account)
    r.other_enters("2", "2", "0.42")
    r.venue("cancel_orders", account=r.account, symbol="SNOW")
    r.until(lambda: filled.cum_qty == 2 * LOT, "the fill")
    r.until_status(cancelled, fix.Status.CANCELED)
    r.until_trading()
    assert asked(r) == [NEW, NEW]
    r.assert_agrees()


def test_session_that_the_venue_logs_out_sends_nothing_more_and_resumes(rig: Start) -> None:
    r = rig()
    order = resting(r)
    r.venue("silent_fix")  # the venue does not close the connection
    r.venue("logout_fix", account=r.account)
    begun = r.loop.time()
    r.until(lambda: r.supervisor.state is DeskState.WAITING, "the Logout")
    assert r.loop.time() - begun < 5, "the engine went on until the connection was gone"
    assert r.desk.buy(r.rain, 41 * CENT, LOT) is None
    assert order.ord_status == fix.Status.NEW
    r.venue("clear")
    r.until_trading()
    assert asked(r) == [NEW]
    r.assert_agrees()


def until_known(rig: Rig, order: Order) -> None:
    """Trade again, and wait for what the venue says of the order that its market waits for."""
    rig.until_trading()
    rig.until(lambda: order.ord_status != fix.Status.UNKNOWN, "the venue's answer")


@lost
def test_unanswered_order_is_unknown_and_counts_until_the_venue_says(rig: Start, lose: str) -> None:
    r = rig()
    r.venue(lose, **HOW[lose])
    order = r.desk.buy(r.rain, 41 * CENT, 5 * LOT)
    assert order is not None
    r.turn(0.05)
    drop(r)
    assert order.ord_status == fix.Status.UNKNOWN
    exposure = r.trading.risk.exposure
    assert (exposure.open_orders, exposure.worst_position(r.rain)) == (1, 5 * LOT)
    assert r.strategy.seen[-1] == ("on_order", fix.Status.UNKNOWN)
    assert r.reports.lines[-1] == f"ClOrdID(11) {order.cl_ord_id}: outcome unknown until reconciled"
    until_known(r, order)
    assert order.ord_status == (fix.Status.NEW if lose == "delay_fix" else fix.Status.REJECTED)
    assert asked(r) == [NEW]
    assert (lose == "delay_fix") or STATUS in r.types_sent()
    assert exposure.open_orders == (lose == "delay_fix")
    r.assert_agrees()


@lost
def test_unanswered_cancel_is_unknown_until_the_venue_says(rig: Start, lose: str) -> None:
    r = rig()
    order = resting(r)
    r.venue(lose, **HOW[lose])
    assert r.desk.cancel(order)
    r.turn(0.05)
    drop(r)
    assert order.ord_status == fix.Status.UNKNOWN
    assert r.trading.risk.exposure.open_orders == 1
    until_known(r, order)
    assert order.ord_status in (fix.Status.NEW, fix.Status.CANCELED)
    assert asked(r) == [NEW, CANCEL]
    r.assert_agrees()


@lost
@pytest.mark.usefixtures("patient")
def test_unanswered_replace_counts_at_its_worst_until_the_venue_says(rig: Start, lose: str) -> None:
    r = rig()
    order = resting(r)
    r.venue(lose, **HOW[lose])
    assert r.desk.replace(order, 41 * CENT, 9 * LOT)
    r.turn(0.05)
    drop(r)
    assert order.ord_status == fix.Status.UNKNOWN
    assert r.trading.risk.exposure.worst_position(r.rain) == 9 * LOT
    until_known(r, order)
    replaced = (41 * CENT, 9 * LOT) if lose == "delay_fix" else (40 * CENT, 5 * LOT)
    assert (order.ord_status, order.price, order.leaves_qty) == (fix.Status.NEW, *replaced)
    assert asked(r) == [NEW, REPLACE]
    r.assert_agrees()


def test_order_that_fills_while_it_is_unknown_counts_once(rig: Start) -> None:
    r = rig()
    r.venue("delay_fix", **HOW["delay_fix"])
    order = r.desk.buy(r.rain, 41 * CENT, 5 * LOT)
    assert order is not None
    r.turn(0.05)
    r.venue("drop_fix", account=r.account)
    r.other.order(f"{r.account}-hit", "2", "2", "0.41")
    r.until(lambda: order.ord_status == fix.Status.UNKNOWN, "the loss to be noticed")
    r.venue("clear")
    r.until_trading()
    r.until_status(order, fix.Status.PARTIALLY_FILLED)
    assert order.cum_qty == 2 * LOT
    r.assert_agrees()


def test_slow_reports_change_nothing_but_the_time(rig: Start) -> None:
    r = rig()
    order = resting(r)
    r.venue("delay_fix", delay_ms=100)
    r.other.order(f"{r.account}-hit", "2", "2", "0.40")
    r.until(lambda: [order[4] for order in r.venue_orders()] == [2 * LOT], "the venue's fill")
    assert order.cum_qty == 0
    assert r.desk.cancel(order)
    assert not r.desk.cancel(order)
    r.turn(0.02)
    r.venue("clear")
    r.until_status(order, fix.Status.CANCELED)
    assert order.cum_qty == 2 * LOT
    assert asked(r) == [NEW, CANCEL]
    r.assert_agrees()


@pytest.mark.usefixtures("patient")
def test_silent_session_is_given_up_and_trading_resumes_when_it_is_back(rig: Start) -> None:
    r = rig(HeartBtInt=1)
    order = resting(r)
    r.venue("silent_fix")
    doubtful = r.desk.buy(r.rain, 41 * CENT, LOT)
    assert doubtful is not None
    r.until(lambda: r.supervisor.state is DeskState.WAITING, "the silence to be noticed")
    assert (order.ord_status, doubtful.ord_status) == (fix.Status.NEW, fix.Status.UNKNOWN)
    assert r.desk.buy(r.rain, 42 * CENT, LOT) is None
    r.venue("clear")
    r.until_trading()
    assert asked(r) == [NEW, NEW]
    r.assert_agrees()


def test_cancel_refused_for_an_unknown_order_is_reconciled_while_trading(rig: Start) -> None:
    """The venue forgets an order that it still has: whatever it says next, we ask."""
    r = rig()
    order = resting(r)
    r.venue("late_cancel", delay_ms=500, account=r.account)
    assert r.desk.cancel(order)
    r.hear(f"35=9|37=x|11={order.pending_cl_ord_id}|41={order.cl_ord_id}|39=8|434=1|102=1|58=UNKNOWN_ORDER|")
    assert order.ord_status == fix.Status.UNKNOWN
    r.until_status(order, fix.Status.NEW)
    assert asked(r) == [NEW, CANCEL]
    assert r.types_sent()[-1] == STATUS
    r.until_status(order, fix.Status.CANCELED)  # the venue comes to our cancel at last
    assert r.supervisor.state is DeskState.TRADING
    r.assert_agrees()
