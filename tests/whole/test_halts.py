"""The kill switch of a whole engine: who pulls it, that every order is cancelled and confirmed, and the way back."""

import os
import signal
import traceback

import pytest

from engine import fix
from engine.orders.order import Order
from engine.risk import RiskReject
from engine.runtime.person import this_process
from engine.trading.controls.desk_state import DeskState
from tests.support.engine.in_process import CANCEL, MASS_CANCEL, NEW, STATUS, Rig, Start

CENT = 100
LOT = 100


def two_orders(rig: Rig) -> list[Order]:
    return [rig.rest(fix.BUY, 40 * CENT, 5 * LOT), rig.rest(fix.SELL, 70 * CENT, LOT, rig.snow)]


def assert_halted(rig: Rig, reason: str) -> None:
    """Every order is cancelled and confirmed, none leaves, and the engine goes on living and says why it halted."""
    rig.until(lambda: rig.reports.has("HALT confirmed"), "the confirmation")
    assert rig.supervisor.state is DeskState.HALTED
    assert rig.engine.status()["reason"] == reason
    assert rig.our_orders() == rig.venue_orders() == set()
    sent = list(rig.sent)
    assert rig.desk.buy(rig.rain, 41 * CENT, LOT) is None
    assert rig.counters.denials_by_code[RiskReject.HALTED]
    rig.other_enters("2", "1", "0.62")  # the engine still hears
    rig.assert_agrees()
    assert rig.sent == sent


def test_exception_in_a_hook_halts_and_the_engine_lives_on(rig: Start, caplog: pytest.LogCaptureFixture) -> None:
    r = rig()
    two_orders(r)
    r.strategy.react["on_book"] = lambda book: 1 // 0
    r.other_enters("2", "7", "0.60")
    r.until(lambda: r.supervisor.state is DeskState.HALTED, "the halt")
    reason = r.supervisor.reason
    assert reason.startswith("strategy hook on_book raised ZeroDivisionError: ")
    assert "/engine/config.py:" in reason  # the strategy's own line; where it led stands in the log's traceback
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.exc_info is not None
    assert any(frame.filename == __file__ for frame in traceback.extract_tb(record.exc_info[2]))
    assert ("on_halt", reason) in r.strategy.seen
    assert r.types_sent() == [MASS_CANCEL, NEW, NEW, CANCEL, CANCEL]
    assert_halted(r, reason)


@pytest.mark.parametrize("hook", ["on_order", "on_fill", "on_reject", "on_timer"])
def test_exception_in_any_hook_halts(rig: Start, hook: str) -> None:
    r = rig()
    two_orders(r)
    r.strategy.react[hook] = lambda *_: 1 // 0
    if hook == "on_reject":
        assert r.desk.buy(r.rain, 41 * CENT, 101 * LOT) is None
    elif hook == "on_timer":
        r.desk.timer(1_000_000)
    else:
        r.other.order(f"{r.account}-hit", "2", "2", "0.40")
        r.desk.buy(r.snow, 30 * CENT, LOT)
    r.until(lambda: r.supervisor.state is DeskState.HALTED, "the halt")
    r.strategy.react.clear()
    assert r.supervisor.reason.startswith(f"strategy hook {hook} raised ZeroDivisionError: ")
    assert_halted(r, r.supervisor.reason)


def test_exception_while_halting_is_reported(rig: Start) -> None:
    r = rig()
    two_orders(r)
    r.strategy.react["on_halt"] = lambda reason: 1 // 0
    r.supervisor.halt("by test")
    assert any("hook on_halt raised ZeroDivisionError" in line for line in r.reports.lines)
    assert_halted(r, "by test")


def test_halt_by_the_control_socket_cancels_and_resume_trades_again(rig: Start) -> None:
    r = rig()
    two_orders(r)
    assert r.ask("halt", "lunch")["state"] == "halted"
    assert_halted(r, f"lunch (by {this_process()})")
    assert r.ask("resume")["state"] in ("waiting", "trading")
    r.until_trading()
    assert r.rest(fix.BUY, 41 * CENT, LOT)
    r.assert_agrees()


def test_reduce_only_lets_through_what_reduces(rig: Start) -> None:
    r = rig()
    order = r.rest(fix.BUY, 40 * CENT, 5 * LOT)
    r.other.order(f"{r.account}-hit", "2", "2", "0.40")
    r.until(lambda: order.cum_qty == 2 * LOT, "the fill")
    answer = r.ask("reduce-only")
    assert (answer["state"], answer["risk"]) == ("trading", "reduce_only")
    assert r.desk.buy(r.rain, 41 * CENT, LOT) is None
    assert r.counters.denials_by_code == {RiskReject.REDUCE_ONLY: 1}
    assert r.rest(fix.SELL, 70 * CENT, 2 * LOT)
    assert r.desk.sell(r.rain, 71 * CENT, LOT) is None  # would make the position short
    assert r.ask("resume")["risk"] == "active"
    assert r.rest(fix.BUY, 41 * CENT, LOT)
    r.assert_agrees()


def test_reduce_only_after_a_halt_allows_reducing_and_nothing_else(rig: Start) -> None:
    r = rig()
    order = r.rest(fix.BUY, 40 * CENT, 5 * LOT)
    r.other.order(f"{r.account}-hit", "2", "2", "0.40")
    r.until(lambda: order.cum_qty == 2 * LOT, "the fill")
    r.ask("halt")
    r.ask("reduce-only")
    r.until_trading()
    assert r.desk.buy(r.rain, 41 * CENT, LOT) is None
    assert r.rest(fix.SELL, 70 * CENT, 2 * LOT)
    r.assert_agrees()


def test_unknown_action_is_answered_and_not_acted_on(rig: Start) -> None:
    r = rig()
    assert "unknown action 'explode'" in r.ask("explode")["error"]
    assert r.supervisor.state is DeskState.TRADING


def test_report_about_a_strange_order_stops_its_market(rig: Start) -> None:
    r = rig()
    rain, snow = two_orders(r)
    r.hear("35=8|11=stranger|37=x|17=e|150=F|39=2|55=RAIN|54=1|38=1|14=1|151=0|31=0.5|32=1|6=0.5|")
    r.until(lambda: rain.is_done, "the resting order of its market to be cancelled")
    assert r.trading.is_trading
    assert not snow.is_done
    (doubt,) = r.trading.doubts.all()
    assert doubt.instrument is r.rain
    assert "ClOrdID(11) unknown: 'stranger'" in doubt.text


def test_report_about_a_strange_order_of_a_strange_market_halts(rig: Start) -> None:
    r = rig()
    two_orders(r)
    r.hear("35=8|11=stranger|37=x|17=e|150=F|39=2|55=HAIL|54=1|38=1|14=1|151=0|31=0.5|32=1|6=0.5|")
    assert r.counters.unknown_reports == 1
    assert_halted(r, r.supervisor.reason)
    assert "ClOrdID(11) unknown: 'stranger'" in r.supervisor.reason


def test_halt_with_an_order_that_never_arrived_is_confirmed(rig: Start) -> None:
    r = rig()
    r.venue("silent_fix")
    order = r.desk.buy(r.rain, 41 * CENT, LOT)
    assert order is not None
    r.turn(0.02)
    r.venue("drop_fix", account=r.account)
    r.until(lambda: order.ord_status == fix.Status.UNKNOWN, "the loss to be noticed")
    r.supervisor.halt("by test")
    r.venue("clear")
    assert_halted(r, "by test")
    assert STATUS in r.types_sent()
    assert order.ord_status == fix.Status.REJECTED


def test_session_lost_while_halted_does_not_end_the_halt(rig: Start) -> None:
    r = rig()
    order = two_orders(r)[0]
    r.venue("silent_fix")
    r.supervisor.halt("by test")
    r.turn(0.02)
    r.venue("drop_fix", account=r.account)
    r.until(lambda: order.ord_status == fix.Status.UNKNOWN, "the loss to be noticed")
    r.venue("clear")
    assert_halted(r, "by test")


def test_daily_loss_halts(rig: Start) -> None:
    r = rig({"max_daily_loss": 1_000_000})  # a dollar
    best = r.other_enters("1", "1", "0.39")
    r.rest(fix.BUY, 4 * CENT, LOT)
    order = r.rest(fix.BUY, 40 * CENT, 5 * LOT)
    r.other.order(f"{r.account}-hit", "2", "5", "0.40")
    r.until_status(order, fix.Status.FILLED)
    assert r.supervisor.state is DeskState.TRADING
    r.other.cancel(f"{r.account}-out", best)
    r.until(lambda: r.supervisor.state is DeskState.HALTED, "the halt")
    assert_halted(r, "lost 1.800000 today, allowed 1.000000")


def test_denials_are_counted_by_code_and_nothing_is_sent(rig: Start) -> None:
    r = rig()
    two_orders(r)
    denied = [
        (r.desk.buy(r.rain, 41 * CENT, 101 * LOT), RiskReject.MAX_ORDER_QTY),
        (r.desk.buy(r.rain, 41 * CENT + 1, LOT), RiskReject.PRICE_GRID),
        (r.desk.buy(r.rain, 100 * CENT, LOT), RiskReject.PRICE_BAND),
        (r.desk.sell(r.rain, 40 * CENT, LOT), RiskReject.SELF_MATCH),
        (r.desk.buy(r.rain, 41 * CENT, LOT, ord_type="3"), RiskReject.ORD_TYPE),
    ]
    assert [order for order, _ in denied] == [None] * 5
    assert r.counters.denials_by_code == {code: 1 for _, code in denied}
    assert [hook for hook in r.strategy.seen if hook[0] == "on_reject"] == [
        ("on_reject", code, code.text) for _, code in denied
    ]
    assert r.types_sent() == [MASS_CANCEL, NEW, NEW]
    r.assert_agrees()


def test_stop_cancels_everything_logs_out_and_ends(rig: Start) -> None:
    r = rig()
    two_orders(r)
    r.engine.stop()
    r.until_ended()
    assert r.strategy.seen.count(("on_stop",)) == 1
    assert r.types_sent() == [MASS_CANCEL, NEW, NEW, CANCEL, CANCEL]
    assert r.our_orders() == r.venue_orders() == set()
    assert r.venue("status")["accounts"][r.account] is False


def test_stop_without_a_session_names_what_may_be_alive(rig: Start) -> None:
    r = rig()
    order = r.rest(fix.BUY, 40 * CENT, 5 * LOT)
    r.venue("drop_fix", account=r.account)
    r.until(lambda: r.supervisor.state is DeskState.WAITING, "the loss to be noticed")
    r.engine.stop()
    r.until_ended()
    assert f"1 orders may still be alive at the venue: ['{order.cl_ord_id}']" in r.reports.lines
    assert r.types_sent() == [MASS_CANCEL, NEW]


def test_stop_waits_for_the_answer_to_its_logout(rig: Start) -> None:
    r = rig()
    r.venue("silent_fix", duration_ms=300)
    r.engine.stop()
    r.until_ended()
    assert r.reports.lines[-1] == "session down: logged out as asked"


def test_signal_halts(rig: Start) -> None:
    r = rig()
    two_orders(r)
    r.loop.call_soon(os.kill, os.getpid(), signal.SIGUSR1)
    r.until(lambda: r.supervisor.state is DeskState.HALTED, "the halt")
    assert_halted(r, "by signal SIGUSR1")


def test_hangup_is_for_logs_and_ends_nothing(rig: Start) -> None:
    r = rig()
    orders = two_orders(r)
    r.loop.call_soon(os.kill, os.getpid(), signal.SIGHUP)
    r.until(lambda: any("SIGHUP: a log that was renamed" in line for line in r.reports.lines), "the word of the signal")
    assert r.supervisor.state is DeskState.TRADING
    assert [order.cl_ord_id for order in r.trading.orders.live()] == [order.cl_ord_id for order in orders]


def test_quit_ends_in_order(rig: Start) -> None:
    r = rig()
    two_orders(r)
    r.loop.call_soon(os.kill, os.getpid(), signal.SIGQUIT)
    r.until(lambda: r.supervisor.state is DeskState.STOPPED, "the end")
    assert r.trading.orders.live() == []
