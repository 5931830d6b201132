"""A day that has lost too much: it halts, only what closes passes, and no restart gives a new budget."""

import shutil

import pytest

from engine import fix
from engine.risk import RiskReject, TradingState
from engine.trading.controls.desk_state import DeskState
from tests.support.engine.in_process import Rig, Start

CENT = 100
LOT = 100
DOLLAR = 1_000_000


def lose(rig: Start) -> Rig:
    """Buy five at .40 whose bid falls to .04, where a dollar is allowed."""
    r = rig({"max_daily_loss": DOLLAR})
    best = r.other_enters("1", "1", "0.39")
    r.other_enters("1", "5", "0.04")
    order = r.rest(fix.BUY, 40 * CENT, 5 * LOT)
    r.other.order(f"{r.account}-hit", "2", "5", "0.40")
    r.until_status(order, fix.Status.FILLED)
    assert r.supervisor.state is DeskState.TRADING
    r.other.cancel(f"{r.account}-out", best)
    r.until(lambda: r.supervisor.state is DeskState.HALTED, "the halt")
    r.until(lambda: r.reports.has("HALT confirmed"), "the confirmation")
    return r


def started_again(r: Rig, is_killed: bool = False) -> Rig:
    """End an engine, orderly or as kill -9 would leave its journal, and start it again."""
    journal, kept = r.directory / "journal", r.directory / "kept"
    shutil.copytree(journal, kept)
    r.close()
    if is_killed:
        shutil.rmtree(journal)
        shutil.copytree(kept, journal)
    shutil.rmtree(kept)
    again = Rig(r.venue, r.engine.config, r.account)
    again.start()
    return again


@pytest.mark.parametrize("is_killed", [False, True], ids=["orderly", "killed"])
def test_restart_in_the_middle_of_a_losing_day_halts_at_the_same_sum(rig: Start, is_killed: bool) -> None:
    r = lose(rig)
    reason = "lost 1.800000 today, allowed 1.000000"
    assert (r.supervisor.reason, r.engine.portfolio.day_pnl) == (reason, -18 * DOLLAR // 10)
    again = started_again(r, is_killed)
    try:
        assert again.supervisor.state is DeskState.HALTED  # before anything was heard of the venue
        assert again.supervisor.reason.startswith("halted by the engine (uid ")
        assert again.supervisor.reason.endswith(f": {reason}; resume with `fixlane resume`")
        again.until(lambda: again.engine.status()["day_pnl"] == "-1.800000", "the marks")
        assert again.desk.buy(again.rain, CENT, LOT) is None
        assert again.counters.orders == 0
    finally:
        again.close()


@pytest.mark.parametrize("is_killed", [False, True], ids=["orderly", "killed"])
def test_o6_loss_that_was_closed_in_reduce_only_stays_used_up(rig: Start, is_killed: bool) -> None:
    r = lose(rig)
    r.ask("reduce-only")
    r.until_trading()
    assert r.desk.buy(r.rain, 3 * CENT, LOT) is None
    assert r.counters.denials_by_code[RiskReject.REDUCE_ONLY] == 1
    order = r.desk.sell(r.rain, 4 * CENT, 5 * LOT)
    assert order is not None
    r.until_status(order, fix.Status.FILLED)
    loss = -r.engine.portfolio.day_pnl
    assert (r.engine.portfolio[r.rain].net, loss) == (0, 1_800_000 + 13_440)  # taker's fee of five at .04
    assert r.trading.risk.state is TradingState.REDUCE_ONLY
    again = started_again(r, is_killed)
    try:
        assert again.engine.portfolio.day_pnl == -loss
        again.until_trading()
        assert again.trading.risk.state is TradingState.REDUCE_ONLY
        again.ask("resume")
        r.other_enters("1", "1", "0.39")  # a book that moves has the loss judged
        again.until(lambda: again.supervisor.state is DeskState.HALTED, "the halt")
        assert again.supervisor.reason == "lost 1.813440 today, allowed 1.000000"
        again.ask("resume")
        again.until(lambda: again.supervisor.state is not DeskState.HALTED, "the resumption")
        assert again.desk.buy(again.rain, CENT, LOT) is None
        assert again.counters.orders == 0
    finally:
        again.close()
