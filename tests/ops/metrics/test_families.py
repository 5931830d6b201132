"""The metrics of a View as Prometheus reads them: every name and value, units in the names, bounded in number."""

import math
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine import fix
from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.ops.metrics.families import BUCKETS_NS, FRAMES, MOST_MARKETS, ORDER_EVENTS
from engine.ops.view import layout
from engine.ops.view.counted import COUNTER_ROWS
from engine.ops.view.reader import View
from engine.risk import RiskReject, TradingState
from engine.runtime.notices import NoticeKind
from engine.trading.controls.desk_state import DeskState
from engine.trading.markets import Stop
from tests.support.desks import CENTS, Scene
from tests.support.order_reports import ack, fill
from tests.support.views import Shown, desk, families, samples, scraped


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Shown(tmp_path)


def test_m15_every_state_has_its_series_and_one_of_them_holds(shown: Shown) -> None:
    shown.supervisor.state = DeskState.HALTED
    shown.trading.risk.set_state(TradingState.HALT, "by hand")
    found = shown.families()
    assert samples(found["fixlane_trading_state"]) == {(state.value,): state is DeskState.HALTED for state in DeskState}
    assert samples(found["fixlane_risk_state"]) == {("active",): 0, ("reduce_only",): 0, ("halt",): 1}
    assert samples(found["fixlane_session_state"]) == {
        ("FIX.4.4:US->VENUE", "down"): 0,
        ("FIX.4.4:US->VENUE", "logged_on"): 1,
    }
    assert samples(found["fixlane_books"]) == {("missing",): 0, ("fresh",): 2, ("stale",): 0, ("crossed",): 0}
    assert set(samples(found["fixlane_orders_open"])) == {(s,) for s in (*layout.ORDER_STATES.values(), "other")}


def test_states_are_those_of_the_parts_that_have_them() -> None:
    assert [state.value for state in DeskState] == list(layout.TRADING_STATES)
    assert [state.name.lower() for state in TradingState] == list(layout.RISK_STATES)


def test_m15_position_that_is_held_has_its_profit_in_dollars(shown: Shown) -> None:
    scene = shown.scene
    scene.portfolio.mark_book(scene.books[0])
    order = scene.buy()
    scene.loop.on_report(ack(order))
    scene.loop.on_report(fill(order, 10, "E1", 4_400))
    found = shown.families()
    assert samples(found["fixlane_position_contracts"]) == {("RAIN",): 0.1}
    assert samples(found["fixlane_market_pnl_dollars"]) == {("RAIN",): 0.000993}
    assert samples(found["fixlane_market_pnl_day_dollars"]) == {("RAIN",): 0.000993}
    assert samples(found["fixlane_pnl_dollars"]) == samples(found["fixlane_pnl_day_dollars"]) == {(): 0.000993}
    assert samples(found["fixlane_realised_dollars"]) == {(): 0}
    assert samples(found["fixlane_unrealised_dollars"]) == {(): 0.001}
    assert samples(found["fixlane_cash_dollars"]) == {(): -0.044}
    assert samples(found["fixlane_fees_dollars"]) == {(): 0.000007}


def test_m15_five_thousand_markets_give_a_bounded_number_of_series(tmp_path: Path) -> None:
    loop = desk([Instrument(f"M{index}", index, CENTS) for index in range(5_000)])
    for index, instrument in enumerate(loop.instruments):
        loop.portfolio.fill(instrument, fix.BUY, 1 + index, 1_000, 100)
    shown = Shown(tmp_path, SimpleNamespace(loop=loop, now_ns=5))  # type: ignore[arg-type]
    for _ in range(5):
        shown.look()
    text = scraped(shown.reader.read)
    assert sum(not line.startswith("#") for line in text.splitlines()) < 2_500
    found = shown.families()
    pnl = samples(found["fixlane_market_pnl_dollars"])
    assert len(pnl) == MOST_MARKETS + 1
    assert ("M4999",) in pnl and ("M4799",) not in pnl  # the largest positions
    assert sum(pnl.values()) == pytest.approx(samples(found["fixlane_pnl_dollars"])[()])
    assert len(samples(found["fixlane_position_contracts"])) == MOST_MARKETS


def test_market_that_is_listed_or_ordered_is_shown_and_no_other(shown: Shown) -> None:
    assert samples(shown.families()["fixlane_position_contracts"]) == {}
    assert samples(shown.families("SNOW")["fixlane_position_contracts"]) == {("SNOW",): 0}
    shown.scene.buy()
    assert samples(shown.families()["fixlane_position_contracts"]) == {("RAIN",): 0}


def test_books_are_as_old_as_they_are(shown: Shown) -> None:
    shown.scene.books[1].mark_stale()
    shown.scene.now_ns += 2_500_000_000
    found = shown.families("RAIN", "SNOW")
    assert samples(found["fixlane_book_age_seconds"]) == {("RAIN",): 2.5, ("SNOW",): 2.5}
    assert samples(found["fixlane_book_stale"]) == {("RAIN",): 0, ("SNOW",): 1}
    shown.scene.books[0].updated_ns = 0
    assert samples(shown.families("RAIN")["fixlane_book_age_seconds"]) == {("RAIN",): math.inf}


def test_m15_counts_of_market_data_are_told_by_what_became_of_each_frame(shown: Shown) -> None:
    counters = shown.trading.counters
    for number, name in enumerate(FRAMES.values(), 1):
        setattr(counters, name, number)
    counters.frames, counters.gaps = 20, 6
    found = shown.families()
    frames = samples(found["fixlane_feed_frames"])
    assert frames == {(kind,): number for number, kind in enumerate(FRAMES, 1)} | {("other",): 5}
    assert samples(found["fixlane_feed_gaps"]) == {(): 6}
    assert samples(found["fixlane_feed_reconnects"]) == {("wss://venue/ws",): 2}
    assert samples(found["fixlane_feed_losses"]) == {("wss://venue/ws",): 2}
    assert samples(found["fixlane_feed_connected"]) == {("wss://venue/ws",): 1}


def test_orders_and_reports_are_counted_by_what_became_of_them(shown: Shown) -> None:
    counters = shown.trading.counters
    for number, name in enumerate(ORDER_EVENTS.values(), 1):
        setattr(counters, name, number)
    counters.reports, counters.duplicates, counters.unknown_reports, counters.fills = 50, 4, 3, 9
    found = shown.families()
    assert samples(found["fixlane_orders"]) == {(event,): number for number, event in enumerate(ORDER_EVENTS, 1)}
    assert samples(found["fixlane_reports"]) == {("duplicate",): 4, ("unknown",): 3, ("other",): 43}
    assert samples(found["fixlane_fills"]) == {(): 9}


def test_no_counter_of_the_engine_is_left_out() -> None:
    shown = {*FRAMES.values(), *ORDER_EVENTS.values(), "frames", "gaps", "fills", "reports", "duplicates"}
    left = {name for name, _, _ in COUNTER_ROWS} - shown
    assert left == {"unknown_reports", "risk_denials"}  # by kind, and by code


def test_denials_have_a_series_for_every_code_and_refusals_for_reasons_of_a_closed_set(shown: Shown) -> None:
    counters = shown.trading.counters
    counters.denials_by_code, counters.risk_denials = {RiskReject.RATE: 3, 63: 2}, 5
    counters.rejects_by_reason, counters.rejects = {99: 2, 5_000: 1, -3: 4}, 7
    found = shown.families()
    denials = samples(found["fixlane_risk_denials"])
    assert len(denials) == len(RiskReject)  # without NONE, with "other"
    assert (denials["rate",], denials["other",], denials["book_stale",]) == (3, 2, 0)
    assert samples(found["fixlane_rejects"]) == {("99",): 2, ("other",): 5}


def test_what_was_told_is_counted_by_kind(shown: Shown) -> None:
    shown.trading.markets.stop(shown.scene.rain, Stop.LATE, "9 s behind")
    found = shown.families()
    told = samples(found["fixlane_notices"])
    assert set(told) == {(kind.value,) for kind in NoticeKind} | {("other",)}
    assert told["market_stopped",] == 1
    assert samples(found["fixlane_markets_stopped"]) == {(): 1}


def test_order_in_doubt_has_an_age(shown: Shown) -> None:
    shown.scene.buy()
    shown.scene.orders.on_disconnect()
    shown.look()
    shown.scene.now_ns += 3_000_000_000
    found = shown.families()
    assert samples(found["fixlane_orders_unknown_age_seconds"]) == {(): 3}
    assert samples(found["fixlane_orders_open"])["unknown",] == 1


def test_limits_are_parts_of_what_is_allowed(tmp_path: Path) -> None:
    shown = Shown(tmp_path, Scene(max_open_orders=4, max_daily_loss=0))
    shown.scene.buy()
    ratios = samples(shown.families()["fixlane_limit_used_ratio"])
    assert (ratios["max_open_orders",], ratios["max_daily_loss",], ratios["max_position",]) == (0.25, 0, 0)
    shown.scene.portfolio.fill(shown.scene.rain, fix.BUY, 1, 4_500, 7)
    assert samples(shown.families()["fixlane_limit_used_ratio"])["max_daily_loss",] == 1


@pytest.mark.parametrize("name", ["tick_to_order", "order_to_ack"])
def test_latencies_are_histograms_in_seconds(shown: Shown, name: str) -> None:
    recorder = {"tick_to_order": shown.trading.tick_to_order, "order_to_ack": shown.trading.round_trip}[name]
    for duration_ns in (800, 15_000, 15_000, 3_000_000_000):
        recorder.record(duration_ns)
    shown.publisher.close()
    family = families(scraped(shown.reader.read))[f"fixlane_{name}_seconds"]
    assert family.type == "histogram"
    buckets = [(float(s.labels["le"]), s.value) for s in family.samples if s.name.endswith("_bucket")]
    assert [bound for bound, _ in buckets] == sorted(bound for bound, _ in buckets)
    assert (min(buckets)[0], sorted(buckets)[-2][0]) == (BUCKETS_NS[0] / 1e9, 10.0)
    counts = dict(buckets)
    assert (counts[1e-6], counts[1e-5], counts[2e-5], counts[2.0], counts[5.0], counts[math.inf]) == (1, 1, 3, 3, 4, 4)
    values = {s.name.rpartition("_")[2]: s.value for s in family.samples if not s.name.endswith("_bucket")}
    assert values == {"count": 4, "sum": pytest.approx(3.0000308)}


def test_m15_names_have_base_units_and_follow_the_conventions_of_prometheus(shown: Shown) -> None:
    shown.scene.buy()
    for family in shown.families().values():
        assert re.fullmatch("fixlane_[a-z]+(_[a-z]+)*", family.name)
        assert family.documentation
        if family.type == "counter":
            assert all(sample.name == family.name + "_total" for sample in family.samples)
        for sample in family.samples:
            assert not sample.name.endswith(("_ns", "_ms", "_us", "_cents"))
            assert not re.search("(pnl|cash|fees|cost|position)$", sample.name)


def test_engine_that_is_gone_is_down_and_its_last_values_stay(shown: Shown) -> None:
    assert samples(shown.families()["fixlane_engine_up"]) == {(): 1}
    shown.publisher.close()
    text = scraped(shown.reader.read)
    assert "fixlane_engine_up 0.0" in text
    assert "fixlane_cash_dollars 0.0" in text


def test_no_view_is_an_engine_that_is_down() -> None:
    def read() -> View:
        raise ConfigError("no view")

    lines = [line for line in scraped(read).splitlines() if not line.startswith("#")]
    assert lines == ["fixlane_engine_up 0.0"]
