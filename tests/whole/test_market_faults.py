"""Market data that cannot be believed, and markets that end, by the whole engine against the simulated venue."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine import fix
from engine.instrument import Instrument, PriceBand
from engine.net.feed import Feed
from engine.risk import RiskReject
from engine.trading.controls.desk_state import DeskState
from engine.trading.markets import Stop
from tests.support.engine.config import engine_config
from tests.support.engine.in_process import Rig, Start
from tests.support.sim.process import SimProcess

CENT = 100
LOT = 100
MS = 1_000_000


def test_m2_feed_that_runs_late_has_its_quotes_pulled_and_no_order_leaves(rig: Start) -> None:
    r = rig(feed={"max_lag_ns": 300 * MS, "heartbeat_timeout_ns": 10**10})
    order = r.rest(fix.BUY, 40 * CENT, LOT)
    for price in ("0.60", "0.61", "0.62"):
        r.other_enters("2", "1", price)
        r.turn(0.1)
    r.venue("delay_feed", delay_ms=1_200)
    r.other_enters("2", "1", "0.63")
    r.until(lambda: r.trading.markets.causes(r.snow) == Stop.LATE, "the verdict")
    r.until_status(order, fix.Status.CANCELED)
    assert r.trading.watch.lag_ns > 1_000 * MS
    assert any(line.startswith("feed_late: market data run 1.") for line in r.reports.lines)
    assert r.desk.buy(r.snow, 41 * CENT, LOT) is None
    assert r.supervisor.state is DeskState.WAITING
    r.venue("clear")
    for number in range(12):
        r.other_enters("2", "1", f"0.{70 + number}")
        r.turn(0.1)
    r.until_trading()
    r.assert_agrees()


def test_m3_quiet_market_beside_a_busy_one_can_be_traded(rig: Start) -> None:
    r = rig(limits={"max_book_age_ns": 400 * MS})
    r.turn(0.8)  # nothing but pings
    assert r.rest(fix.BUY, 40 * CENT, LOT, r.snow)
    r.assert_agrees()


def quote_for_ever(r: Rig) -> None:
    """Send an order in each market every 20 ms, whatever the answers say."""

    def quote(key: object) -> None:
        for instrument in r.trading.instruments:
            r.desk.buy(instrument, 40 * CENT, LOT, fix.Tif.IOC)
        r.desk.timer(20 * MS)

    r.strategy.react["on_timer"] = quote
    quote(None)
    r.until(lambda: r.counters.cancels > 4, "quotes")


@pytest.mark.parametrize("events_ms", [0, 1_000])
def test_m5_market_that_closes_while_quoted_costs_one_reject_and_no_more(rig: Start, events_ms: int) -> None:
    r = rig(feed={"heartbeat_timeout_ns": 10**10})
    quote_for_ever(r)
    if events_ms:  # the reject is the first to say it
        r.venue("delay_feed", delay_ms=events_ms)
    r.venue("close_market", symbol="RAIN")
    r.until(lambda: r.trading.markets.causes(r.rain), "the stop")
    if events_ms:
        assert r.trading.markets.causes(r.rain) == Stop.INACTIVE
        assert "market_stopped: RAIN: the venue takes no orders: MARKET_INACTIVE" in r.reports.lines
    r.until(lambda: r.trading.markets.causes(r.rain) & Stop.CLOSED, "the event")
    cancels = r.counters.cancels
    r.turn(1)
    assert r.counters.rejects <= 1
    assert r.counters.cancels > cancels + 10  # the other market goes on
    assert r.supervisor.state is DeskState.TRADING
    r.strategy.react.clear()
    r.venue("clear")
    r.assert_agrees()


def test_m5_market_that_is_paused_takes_orders_again_when_the_venue_says_so(rig: Start) -> None:
    r = rig()
    order = r.rest(fix.BUY, 40 * CENT, LOT)
    r.venue("pause_market", symbol="RAIN")
    r.until(lambda: r.trading.markets.causes(r.rain) == Stop.PAUSED, "the pause")
    assert r.desk.buy(r.rain, 41 * CENT, LOT) is None
    assert order.ord_status == fix.Status.NEW
    r.venue("open_market", symbol="RAIN")
    r.until(lambda: not r.trading.markets.causes(r.rain), "the opening")
    assert r.rest(fix.BUY, 41 * CENT, LOT)


@pytest.fixture
def muted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Rig], None]:
    """Let no request for market data leave a rig from now on."""

    def mute(rig: Rig) -> None:
        (feed,) = rig.engine.feeds
        assert isinstance(feed, Feed)
        for sender in (rig.engine.feed, feed._connection):
            monkeypatch.setattr(sender, "send", lambda frames: True)

    return mute


def test_m8_gap_whose_snapshots_never_come_pulls_every_quote(rig: Start, muted: Callable[[Rig], None]) -> None:
    r = rig(feed={"max_gap_ns": 500 * MS})
    orders = [r.rest(fix.BUY, 40 * CENT, LOT), r.rest(fix.BUY, 30 * CENT, LOT, r.snow)]  # one stream carries both
    r.until(r.has_venue_books, "the venue's books")
    muted(r)
    r.venue("skip_seq", symbol="RAIN")
    for price in ("0.55", "0.54"):
        r.other_enters("2", "1", price)
    for order in orders:
        r.until_status(order, fix.Status.CANCELED)
    r.until(lambda: r.supervisor.state is DeskState.WAITING, "the pause")
    assert r.supervisor.reason == "none of 2 markets can be seen: RAIN: no book for 0.5 s"
    assert r.engine.status()["missing_books"] == ["RAIN", "SNOW"]


def test_m8_book_that_never_comes_pulls_the_quotes_of_its_market_alone(
    rig: Start, muted: Callable[[Rig], None]
) -> None:
    r = rig(feed={"max_gap_ns": 500 * MS})
    order, elsewhere = r.rest(fix.BUY, 40 * CENT, LOT), r.rest(fix.BUY, 30 * CENT, LOT, r.snow)
    r.until(r.has_venue_books, "the venue's books")
    muted(r)
    r.venue("unknown_level", symbol="RAIN")
    r.until_status(order, fix.Status.CANCELED)
    assert elsewhere.ord_status == fix.Status.NEW
    assert r.supervisor.state is DeskState.TRADING
    assert r.engine.status()["missing_books"] == ["RAIN"]
    assert r.desk.buy(r.rain, 41 * CENT, LOT) is None
    assert r.counters.denials_by_code == {RiskReject.MARKET_STOPPED: 1}
    assert r.rest(fix.BUY, 31 * CENT, LOT, r.snow)


def test_m1_ticker_that_the_venue_does_not_know_keeps_no_other_from_trading(
    faulty_venue: tuple[SimProcess, Iterator[str]], tmp_path: Path
) -> None:
    venue, accounts = faulty_venue
    account = next(accounts)
    config = engine_config(venue, tmp_path, account, session="native")
    nowhere = Instrument("NOWHERE", 2, [PriceBand(0, 10_000, 100)])
    r = Rig(venue, replace(config, instruments=(*config.instruments, nowhere)), account)
    try:
        r.start()
        r.until_trading()
        r.until(lambda: r.trading.markets.causes(nowhere) & Stop.REFUSED, "the refusal")
        stopped = str(r.engine.status()["stopped_markets"])
        assert stopped.startswith("['NOWHERE: ")
        assert "unknown market NOWHERE" in stopped
        assert r.engine.status()["missing_books"] == ["NOWHERE"]
        assert any("unknown market NOWHERE" in line for line in r.reports.lines)
        assert r.rest(fix.BUY, 40 * CENT, LOT)
        assert r.rest(fix.BUY, 40 * CENT, LOT, r.snow)
    finally:
        r.close()
        venue.reset()
