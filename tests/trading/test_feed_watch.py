"""Books that cannot be believed: late, missing, crossed, or of a market that the venue refuses."""

from typing import Any, Self

import pytest

from engine import fix
from engine.book import BID
from engine.instrument import Instrument
from engine.orders.order import restore_fields
from engine.risk import RiskReject
from engine.runtime.notices import NoticeKind
from engine.trading.controls.desk_state import DeskState
from engine.trading.feed_line import CALM_NS, PATIENCE_NS
from engine.trading.feed_watch import FeedLimits
from engine.trading.markets import Stop
from engine.trading.supervisor import TICK_NS
from engine.venue import EventKind
from tests.trading.test_supervisor import Stage

S = 1_000_000_000
LIMITS = FeedLimits()
OFFSET = 10**18  # of the venue's clock, which nobody knows


class Watched(Stage):
    """A desk whose feed has a clock of its own and delivers `delay_ns` late."""

    delay_ns = 30_000_000

    def level(self, size: int = 1, instrument: Instrument | None = None) -> None:
        """A change far from the best prices, so that books stay as they are."""
        self.frame(
            EventKind.DELTA,
            instrument=instrument or self.rain,
            side=BID,
            price=100,
            size=size,
            venue_time_ns=OFFSET + self.now_ns - self.delay_ns,
        )

    def run(self, seconds: float, speaks: bool = True) -> list[bytes]:
        """Let time pass, a frame with each tick; return what was sent."""
        sent = []
        for _ in range(int(seconds * S / TICK_NS)):
            if speaks:
                self.level()
            sent += self.tick(TICK_NS)
        return sent

    def begin(self) -> Self:
        self.trade()
        self.run(1)
        self.taken()
        return self

    def causes(self) -> list[Stop]:
        return [self.loop.markets.causes(each) for each in self.instruments]

    def told(self, kind: NoticeKind) -> str:
        return next((each.text for each in self.loop.notices.all() if each.kind is kind), "")

    def on_market(self) -> list[Any]:
        return [step[1:] for step in self.taken() if step[0] == "strategy.on_market"]


def watched(**limits: Any) -> Watched:
    return Watched(**limits).begin()


# Late


def test_m2_late_frame_stops_every_market_before_the_strategy_sees_it() -> None:
    stage = watched()
    stage.delay_ns += 12 * S
    stage.frame(
        EventKind.DELTA, instrument=stage.rain, side=BID, price=4_500, size=5,
        venue_time_ns=OFFSET + stage.now_ns - stage.delay_ns,
    )  # fmt: skip
    names = [step[0] for step in stage.taken()]
    assert names.index("strategy.on_market") < names.index("strategy.on_book")
    assert stage.causes() == [Stop.LATE, Stop.LATE]
    assert stage.buy() is None
    assert stage.loop.counters.denials_by_code == {RiskReject.MARKET_STOPPED: 1}
    assert stage.told(NoticeKind.FEED_LATE) == "market data run 12 s late, allowed 2 s"
    assert stage.loop.watch.lag_ns == 12 * S


def test_m2_quotes_are_pulled_and_the_desk_waits_until_the_data_are_in_time_for_a_while() -> None:
    stage = watched()
    order = stage.resting()
    stage.delay_ns += 12 * S
    stage.level()
    assert stage.run(1) == [f"F {order.pending_cl_ord_id} {order.cl_ord_id}".encode()]
    assert stage.state is DeskState.WAITING
    assert "12 s late" in stage.supervisor.reason
    stage.delay_ns -= 12 * S
    stage.run((CALM_NS - 2 * TICK_NS) / S)
    assert stage.causes() == [Stop.LATE, Stop.LATE]
    stage.run(0.3)
    assert stage.causes() == [0, 0]
    assert stage.state is DeskState.TRADING
    assert stage.told(NoticeKind.FEED_IN_TIME)


def test_m2_constant_offset_between_the_clocks_is_no_lag() -> None:
    stage = watched()
    assert stage.run(5) == []
    assert (stage.loop.watch.lag_ns, stage.causes()) == (0, [0, 0])


def test_m2_lag_below_its_limit_stops_nothing() -> None:
    stage = watched()
    stage.delay_ns += LIMITS.max_lag_ns
    stage.run(1)
    assert (stage.loop.watch.lag_ns, stage.causes()) == (LIMITS.max_lag_ns, [0, 0])


def test_m2_lag_that_only_grows_makes_the_feed_connect_anew_and_ever_more_patiently() -> None:
    stage = watched()
    at: list[float] = []
    began = stage.now_ns
    stage.reconnects.clear()
    for _ in range(int(75 * S / TICK_NS)):
        stage.delay_ns += TICK_NS
        stage.run(TICK_NS / S)
        if stage.reconnects:
            at.append(round((stage.now_ns - began) / S))
            assert "late and do not catch up" in stage.reconnects.pop()
    patience = PATIENCE_NS // S
    assert at == [2 + patience, 2 + 3 * patience, 2 + 7 * patience]


def test_m2_lag_that_shrinks_is_left_alone() -> None:
    stage = watched()
    stage.delay_ns += 60 * S
    for _ in range(int(50 * S / TICK_NS)):
        stage.delay_ns -= TICK_NS
        stage.run(TICK_NS / S)
    assert stage.reconnects == []


def test_m2_late_feed_that_falls_silent_is_connected_anew() -> None:
    stage = watched()
    stage.delay_ns += 12 * S
    stage.level()
    stage.run(PATIENCE_NS / S + 1, speaks=False)
    assert len(stage.reconnects) == 1


def test_frame_without_a_time_or_with_an_impossible_one_is_judged_by_nothing() -> None:
    stage = watched()
    for venue_time_ns in (0, 10**30, -(10**30)):
        stage.frame(EventKind.DELTA, instrument=stage.rain, side=BID, price=100, size=1, venue_time_ns=venue_time_ns)
    stage.tick()
    assert (stage.loop.watch.lag_ns, stage.causes()) == (0, [0, 0])


# Old


def test_m3_a_market_that_does_not_move_is_as_young_as_its_feed() -> None:
    stage = watched(max_book_age_ns=10 * S)
    stage.run(11)  # RAIN moves, SNOW does not
    assert stage.desk.buy(stage.snow, 4_500, 10) is not None
    stage.now_ns += 11 * S
    assert stage.desk.buy(stage.snow, 4_400, 10) is None
    assert stage.loop.counters.denials_by_code == {RiskReject.BOOK_OLD: 1}
    stage.loop.on_read_end()  # a ping
    assert stage.desk.buy(stage.snow, 4_400, 10) is not None


# Missing


def test_m8_orders_of_a_market_without_a_book_are_cancelled_after_the_bound_and_the_strategy_hears() -> None:
    stage = watched()
    rain, snow = stage.resting(), stage.desk.buy(stage.snow, 4_400, 10)
    assert snow is not None
    restore_fields(snow, ord_status=fix.Status.NEW)
    stage.taken()
    stage.books[0].mark_stale()
    stage.level(instrument=stage.snow)
    for _ in range(LIMITS.max_gap_ns // TICK_NS):
        stage.level(instrument=stage.snow)
        assert stage.tick() == []
    stage.now_ns += TICK_NS
    stage.supervisor.tick()
    steps = stage.taken()
    assert [step[1:] for step in steps if step[0] == "strategy.on_market"] == [("RAIN", "RAIN: no book for 5 s")]
    assert [step[1] for step in steps if step[0] == "send"] == [f"F {rain.pending_cl_ord_id} {rain.cl_ord_id}".encode()]
    assert stage.state is DeskState.TRADING
    assert stage.desk.buy(stage.snow, 4_500, 10) is not None
    assert stage.loop.watch.missing() == ["RAIN"]
    stage.refresh(stage.books[0])
    assert stage.on_market() == [("RAIN", "")]
    assert stage.buy() is not None


def test_m8_whole_feed_lost_cancels_every_order_after_the_bound_and_says_why() -> None:
    stage = watched()
    order = stage.resting()
    stage.supervisor.on_feed_lost("market data of ws://venue: silent for 25 s")
    assert stage.run(4.9, speaks=False) == []
    assert (stage.state, stage.supervisor.reason) == (
        DeskState.WAITING, "market data of ws://venue: silent for 25 s",
    )  # fmt: skip
    assert stage.run(0.3, speaks=False) == [f"F {order.pending_cl_ord_id} {order.cl_ord_id}".encode()]
    assert stage.loop.markets.all()[0].text == "no book for 5 s: market data of ws://venue: silent for 25 s"
    stage.supervisor.on_feed()
    stage.tick()
    assert stage.supervisor.reason == "no fresh book for 2 of 2 markets: RAIN, SNOW"
    for book in stage.books:
        assert stage.state is DeskState.WAITING
        stage.refresh(book)
        stage.tick()
    assert (stage.state, stage.causes()) == (DeskState.TRADING, [0, 0])


def test_m1_market_without_a_book_is_set_aside_at_the_start_and_the_others_trade() -> None:
    stage = Watched()
    stage.books[1].mark_stale()
    stage.log_on()
    stage.run(LIMITS.max_gap_ns / S)
    assert (stage.state, stage.supervisor.reason) == (
        DeskState.WAITING, "no fresh book for 1 of 2 markets: SNOW",
    )  # fmt: skip
    stage.now_ns += TICK_NS
    stage.taken()
    stage.supervisor.tick()
    assert stage.state is DeskState.TRADING
    hooks = [step for step in stage.taken() if step[0].startswith("strategy.")]
    assert hooks == [("strategy.on_start",), ("strategy.on_market", "SNOW", "SNOW: no book for 5 s")]
    assert stage.buy() is not None


def test_m1_refused_market_stops_alone_is_told_in_the_venues_words_and_waited_for_no_longer() -> None:
    stage = Watched()
    stage.books[1].mark_stale()
    stage.log_on()
    stage.frame(EventKind.REFUSED, text="subscribe: error 11 (invalid parameter): SNOW", refused=(stage.snow,))
    stage.tick()
    assert stage.state is DeskState.TRADING
    assert stage.causes() == [0, Stop.REFUSED]
    assert stage.told(NoticeKind.MARKET_STOPPED) == "SNOW: subscribe: error 11 (invalid parameter): SNOW"
    stage.run(6)
    assert stage.causes() == [0, Stop.REFUSED]
    stage.refresh(stage.books[1])  # the venue knows it after all
    assert stage.causes() == [0, 0]


def test_m1_no_market_at_all_is_no_trading_and_the_reason_says_why() -> None:
    stage = Watched()
    for book in stage.books:
        book.mark_stale()
    stage.log_on()
    stage.loop.markets.stop(stage.snow, Stop.PAUSED, "paused")  # which is not what is in the way
    stage.frame(EventKind.REFUSED, text="error 11", refused=stage.instruments)
    stage.tick()
    assert (stage.state, stage.supervisor.reason) == (
        DeskState.WAITING, "none of 2 markets can be seen: RAIN: error 11",
    )  # fmt: skip


# Crossed


@pytest.mark.parametrize("ask", [4_600, 4_500])
def test_m9_book_that_stays_crossed_or_locked_is_lost_data(ask: int) -> None:
    stage = watched()
    stage.books[0].snapshot([(4_600, 5)], [(ask, 5)])
    stage.run(0.95)
    assert not stage.books[0].is_stale
    stage.taken()
    stage.run(0.1)
    assert stage.books[0].is_stale
    assert stage.told(NoticeKind.BOOK_CROSSED) == f"RAIN: crossed for 1 s: bid 0.4600, ask {ask / 10_000:.4f}"
    stage.now_ns += 1
    assert stage.loop.notices.count(NoticeKind.BOOK_CROSSED) == 1


def test_m9_crossed_book_is_asked_for_anew_once() -> None:
    stage = watched()
    stage.books[0].snapshot([(4_600, 5)], [(4_500, 5)])
    steps = []
    for _ in range(30):
        stage.now_ns += TICK_NS
        stage.supervisor.tick()
        steps += stage.taken()
    assert [step for step in steps if step[0] == "command"] == [("command", b"resync RAIN")]


def test_m9_book_that_is_crossed_for_a_moment_now_and_then_is_believed() -> None:
    stage = watched()
    for _ in range(40):
        stage.books[0].snapshot([(4_600, 5)], [(4_500, 5)])
        stage.tick()
        stage.books[0].snapshot([(4_500, 5)], [(4_600, 5)])
        stage.tick()
    assert stage.loop.notices.count(NoticeKind.BOOK_CROSSED) == 0


def test_m9_market_that_is_paused_may_cross() -> None:
    stage = watched()
    stage.loop.markets.stop(stage.rain, Stop.PAUSED, "paused")
    stage.books[0].snapshot([(4_600, 5)], [(4_500, 5)])
    stage.run(3)
    assert not stage.books[0].is_stale


@pytest.mark.parametrize("delay", [-3600 * S, 3600 * S], ids=["first message from the future", "clock set back"])
def test_m2_clock_that_was_wrong_is_learned_anew_when_a_person_resumes(delay: int) -> None:
    stage = Watched()
    stage.trade()
    stage.delay_ns = min(delay, 0)
    stage.run(0.1)
    stage.delay_ns = max(delay, 0)
    stage.run(60)
    assert stage.causes() == [Stop.LATE] * 2  # no delay becomes an offset by lasting
    stage.supervisor.resume("the venue set its clock")
    stage.run(2)
    assert (stage.causes(), stage.loop.watch.lag_ns) == ([Stop(0)] * 2, 0)
    stage.delay_ns += 3 * S
    stage.run(0.1)
    assert stage.causes() == [Stop.LATE] * 2


def test_m2_resume_learns_nothing_anew_while_the_data_are_in_time() -> None:
    stage = Watched().begin()
    stage.supervisor.resume("go on")
    stage.delay_ns += 3 * S
    stage.level()
    assert stage.causes() == [Stop.LATE] * 2


@pytest.mark.parametrize("venue_time_ns", [1, -5, 1_800_000_000_000_000, 10**17, 10**30])
def test_m2_time_in_another_unit_is_told_and_makes_nothing_late(venue_time_ns: int) -> None:
    stage = Watched().begin()
    stage.frame(EventKind.DELTA, instrument=stage.rain, side=BID, price=100, size=1, venue_time_ns=venue_time_ns)
    assert stage.causes() == [Stop(0)] * 2
    assert stage.told(NoticeKind.FRAME_UNREADABLE) == (
        f"sent at {venue_time_ns} ns since 1970, which is no time of these days"
    )  # fmt: skip
