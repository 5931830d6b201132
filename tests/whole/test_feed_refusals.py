"""A venue that refuses, ends markets, or marks its trades, against the whole engine."""

import time

from engine import fix
from tests.support.engine.in_process import Start

CENT = 100
LOT = 100


def test_m7_subscription_that_timed_out_is_made_again_and_its_trades_come(rig: Start) -> None:
    r = rig()
    r.venue("refuse_command", count=1)
    r.venue("drop_feed")
    r.until(lambda: r.engine.feeds[0].totals.losses, "the loss")
    r.until_trading()
    assert r.engine.feeds[0].dialect.counts.refused == 1
    trades = r.counters.trades
    order = r.rest(fix.BUY, 40 * CENT, LOT)
    r.other_enters("2", "1", "0.40")
    r.until_status(order, fix.Status.FILLED)
    r.until(lambda: r.counters.trades > trades, "the trade")
    assert any("command timeout" in line for line in r.reports.lines)
    r.assert_agrees()


def test_m17_handshake_refused_for_a_while_is_not_tried_before(rig: Start) -> None:
    r = rig()
    r.venue("refuse_feed", delay_ms=1000)
    started = time.monotonic()
    r.venue("drop_feed")
    r.until(lambda: r.engine.feeds[0].totals.losses == 2, "the refusal")
    assert r.engine.feeds[0].last_loss.endswith("next attempt in 1 s")
    r.until_trading()
    assert 1 <= time.monotonic() - started < 4
    assert r.engine.feeds[0].totals.losses == 2
    r.assert_agrees()


def test_m1_refused_market_leaves_the_other_one_trading(rig: Start) -> None:
    r = rig()
    r.venue("refuse_market", symbol="SNOW")
    r.venue("drop_feed")
    r.until(lambda: r.engine.feeds[0].totals.losses, "the loss")
    r.until(lambda: r.engine.feeds[0].dialect.counts.refused == 2, "the refusals")  # of both, then of the one at fault
    r.until_trading()
    assert r.rest(fix.BUY, 40 * CENT, LOT)
    assert r.desk.buy(r.snow, 40 * CENT, LOT) is None
    assert any("unknown market SNOW" in line for line in r.reports.lines)
    r.venue("clear")
    r.venue("drop_feed")
    r.until(lambda: r.engine.feeds[0].totals.losses == 2, "the loss")
    r.until_trading()
    r.until(lambda: not r.trading.books[r.snow.index].is_stale, "the other market")
