"""When differences are looked for, at start, after a reconnect, by the timer and on demand; and what is adopted."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from engine import fix
from engine.trading.reconcile.rules import Rule
from tests.support.engine.kalshi_life import PATIENCE_S, KalshiLife
from tests.whole.differences.rows import missed_fill, stranger_order

pytestmark = pytest.mark.timeout(300)
SECOND_NS = 1_000_000_000
Begin = Callable[..., KalshiLife]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Begin a life with these rules; an order of a stranger rests there before it, where that is asked for."""
    lives: list[KalshiLife] = []

    def begun(session: str = "native", **rules: Any) -> KalshiLife:
        lives.append(KalshiLife(tmp_path, session, **rules))
        return lives[-1].start().trading()

    yield begun
    for each in lives:
        each.close()


def rules_found(life: KalshiLife, capsys: Any) -> list[tuple[str, str]]:
    return [(each["rule"], each["decided"]) for each in life.steps(capsys) if each["step"] == "difference"]


@pytest.mark.parametrize("session", ["native", "quickfix"])
def test_start_finds_what_came_while_nobody_looked(begin: Begin, session: str, capsys: Any) -> None:
    life = begin(session)
    order = life.rest(3_500, 300)
    life.venue.ask("silent_fix")
    life.sell_into(3_500, 100)
    life.stop()
    life.venue.ask("clear", kind="silent_fix")
    life.start().trading()
    assert life.engine.portfolio[life.market].net == 100
    assert (str(Rule.FILL_MISSED), "correct") in rules_found(life, capsys)
    found = life.trading_loop.orders.find(order.cl_ord_id, "", "")
    assert found is not None and found.is_done  # the venue cancels with the connection
    life.assert_agrees()


@pytest.mark.parametrize("session", ["native", "quickfix"])
def test_reconnect_finds_what_came_meanwhile(begin: Begin, session: str, capsys: Any) -> None:
    life = begin(session)
    before = life.watch.comparisons
    undo, lost = stranger_order(life), life.losses()
    life.venue.ask("drop_fix")
    life.until(lambda: life.losses() > lost and life.watch.comparisons > before, "compared after the logon")
    assert rules_found(life, capsys) == [(Rule.STRANGER_ORDER, "stop")]
    assert life.stopped_by(life.market)
    undo()
    life.clean()
    life.assert_agrees()


def test_timer_finds_it_and_opens_the_market_again(begin: Begin, capsys: Any) -> None:
    life = begin(every_ns=SECOND_NS)
    undo = stranger_order(life)
    life.until(lambda: life.stopped_by(life.market), "stopped by the timer")
    undo()
    life.until(life.markets_open, "open by the timer")
    assert rules_found(life, capsys) == [(Rule.STRANGER_ORDER, "stop")]
    life.assert_agrees()


def test_dry_run_says_what_would_be_done_and_does_nothing(begin: Begin, capsys: Any) -> None:
    life = begin()
    undo, before = missed_fill(life), len(life.steps(capsys))
    good, text = life.reconcile(dry_run=True)
    assert not good and "fill missed" in text and "would correct" in text and "nothing was changed" in text
    assert (life.engine.counters.fills, len(life.steps(capsys))) == (0, before)
    good, text = life.reconcile(symbol="another")
    assert good and "fill missed" not in text
    assert life.engine.portfolio[life.market].net == 200  # the whole account is compared, one market is said
    undo()
    life.clean()
    life.assert_agrees()
    assert life.engine.counters.fills == 1  # the session's late report of it is the same fill


def test_second_sources_say_how_far_they_run_behind_the_session(tmp_path: Path) -> None:
    life = KalshiLife(tmp_path, "native")
    life.config = structs.replace(life.config, feed=structs.replace(life.config.feed, channels=("fill",)))
    try:
        life.start().trading().filled()
        life.clean()
        told = "1 told by the feed too, ", "1 told by REST too, "
        life.until(lambda: all(each in life.page() for each in told), "told by both")
        assert life.metric("fixlane_account_fills", "feed") == life.metric("fixlane_account_fills", "rest") == 1
        assert 0 < life.metric("fixlane_account_fill_lag_seconds", "rest") < PATIENCE_S
        assert -PATIENCE_S < life.metric("fixlane_account_fill_lag_seconds", "feed") < PATIENCE_S
        life.assert_agrees()
    finally:
        life.close()


def test_command_asks_the_running_engine(begin: Begin) -> None:
    life = begin()
    undo = stranger_order(life)
    words = ["reconcile", "--state-dir", str(life.config.engine.state_dir), "--symbol", life.market.symbol]
    asked = subprocess.Popen(
        [sys.executable, "-m", "engine", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    life.until(lambda: asked.poll() is not None, "answered")
    out, err = asked.communicate()
    assert (asked.returncode, err) == (1, "")
    assert f"{life.market.symbol}: stranger's order" in out and "1 differences" in out
    undo()
    life.clean()


@pytest.mark.parametrize("session", ["native", "quickfix"])
def test_stranger_s_order_is_adopted_with_its_fills(begin: Begin, session: str, capsys: Any) -> None:
    life = begin(session, stranger_order="adopt")
    stranger_order(life)
    life.clean()
    (adopted,) = life.trading_loop.orders.live()
    assert (adopted.price, adopted.leaves_qty) == (2_000, 100)
    assert rules_found(life, capsys)[0] == (Rule.STRANGER_ORDER, "adopt")
    life.sell_into(2_000, 40)
    life.clean()  # the venue tells its fills to the session that it came over, which is none of ours
    assert life.engine.portfolio[life.market].net == 40
    life.assert_agrees()


def test_stranger_s_order_is_cancelled(begin: Begin, capsys: Any) -> None:
    life = begin(stranger_order="cancel")
    stranger_order(life)
    life.reconcile()
    life.clean()
    life.until(lambda: not life.trading_loop.orders.live(), "cancelled")
    assert rules_found(life, capsys)[0] == (Rule.STRANGER_ORDER, "cancel")
    life.assert_agrees()


@pytest.mark.parametrize("deed", ["stop", "tell", "halt"])
def test_stranger_s_fill_is_dealt_with_and_its_position_adopted(begin: Begin, deed: str, capsys: Any) -> None:
    life = begin(stranger_fill=deed, position="adopt", balance="tell")
    life.rest(1_000, 100)
    life.beside(fix.BUY, 3_000, 100)
    life.sell_into(3_000, 100)
    life.reconcile()
    assert (Rule.STRANGER_FILL, deed) in rules_found(life, capsys)
    assert (Rule.POSITION_DIFFERS, "adopt") in rules_found(life, capsys)
    assert life.engine.portfolio[life.market].net == 100
    assert (life.supervisor.state.value == "halted") is (deed == "halt")
    assert bool(life.stopped_by(life.market)) is (deed != "tell")
    life.supervisor.resume("looked at")
    life.until(lambda: life.supervisor.state.value == "trading" and life.markets_open(), "trading")
    venue = life.venue.ask("account", account="desk")
    assert venue["positions"] == {life.market.symbol: 100}
