"""The harness shows what is wrong with an engine: stalls, wrong answers, missing answers."""

import os
import re
from statistics import median
from typing import Any

import pytest

from bench import child
from bench.child import BenchError
from bench.plan import ORDER, TICK, Pace, Plan, Samples
from bench.report import host
from bench.rig import Rig
from engine import fix
from engine.book import Book
from engine.codec import Fields
from tests.support.engine.stalls import stall

NS_PER_MS = 1_000_000
OPEN = "open_loop@1000"
STALL_NS = 150 * NS_PER_MS  # far above what a shared machine does by itself
PERIOD_S = 0.5
CLOSED_AND_OPEN = (Pace("", 200, NS_PER_MS), Pace(OPEN, 1000, NS_PER_MS, True))


def stall_long(rig: Rig) -> None:
    stall(rig, STALL_NS, PERIOD_S)


def change_last_price(rig: Rig) -> None:
    """Let the venue's reports name another LastPx(31)."""
    handle = rig.session.on_message

    def tampered(fields: Fields) -> None:
        handle(Fields(re.sub(rb"\x0131=[^\x01]*", b"\x0131=0.01", fields.raw)))

    rig.session.on_message = tampered


def lose_reports(rig: Rig) -> None:
    rig.session.on_message = lambda fields: None


def buy_at_another_price(rig: Rig) -> None:
    def buy(book: Book) -> None:
        rig.strategy.context.buy(book.instrument, book.best_ask - 100, 100, fix.Tif.IOC)

    rig.trading._on_book = buy


def never_buy(rig: Rig) -> None:
    rig.trading._on_book = lambda book: None


def measure(prepare: Any, subject: str = ORDER, paces: tuple[Pace, ...] = CLOSED_AND_OPEN, **more: Any) -> Any:
    plan = Plan(subject, "quickfix", "event", paces, warm_up=50, floor_count=0, prepare=prepare, **more)
    return child.run(plan).samples


def percentile(samples: Samples, part: float) -> int:
    ordered = sorted(samples.values_ns)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


@pytest.mark.alone
@pytest.mark.parametrize("subject", [ORDER, TICK])
def test_stall_shows_in_the_open_loop_and_not_in_the_closed(subject: str) -> None:
    samples = measure(stall_long, subject)
    assert percentile(samples[OPEN], 0.999) >= STALL_NS * 3 // 4
    assert percentile(samples[OPEN], 0.9) >= STALL_NS // 4  # every event of a stall counts, not one
    assert median(samples[""].values_ns) < STALL_NS // 10


@pytest.mark.alone
def test_engine_without_a_stall_shows_none() -> None:
    samples = measure(None)
    assert percentile(samples[OPEN], 0.9) < STALL_NS // 4
    assert len(samples[OPEN].values_ns) == samples[OPEN].sent == 1000


def test_report_with_a_wrong_price_fails_the_run() -> None:
    with pytest.raises(BenchError, match="no answer to the oldest order"):
        measure(change_last_price, paces=(Pace("", 10, 0),))


def test_report_that_is_never_handled_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BenchError, match="0 of 50 orders were answered"):
        measure(lose_reports, paces=(Pace("", 10, 0),), patience_s=0.5)


def test_order_at_a_wrong_price_fails_the_run() -> None:
    with pytest.raises(BenchError, match="frame 0: the reply is not the one expected"):
        measure(buy_at_another_price, TICK, (Pace("", 10, 0),))


def test_order_that_never_comes_fails_the_run() -> None:
    with pytest.raises(BenchError, match="frame 0: no reply in time"):
        measure(never_buy, TICK, (Pace("", 10, 0),))


def test_rate_that_cannot_be_held_is_given_up() -> None:
    paces = (Pace("open_loop@200000", 40_000, 5_000, True), Pace("open_loop@500000", 40_000, 2_000, True))
    samples = measure(None, ORDER, paces)
    assert set(samples) == {"open_loop@200000"}  # a faster one is not tried
    assert not samples["open_loop@200000"].is_held


def test_pinning_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, cores: set[int]) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    with pytest.raises(host.PinError, match="cannot pin to core 1: .*; --no-pin measures unpinned"):
        host.pin(1)


def test_pinning_that_has_no_effect_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_setaffinity", lambda pid, cores: None)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    with pytest.raises(host.PinError, match="asked for core 1, got \\[0, 1\\]"):
        host.pin(1)


def test_single_core_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0})
    with pytest.raises(host.PinError, match="two cores are needed"):
        host.venue_and_engine_cores()


def test_process_on_a_core_that_does_not_exist_measures_nothing() -> None:
    with pytest.raises(BenchError, match="cannot pin to core 4095"):
        child.run(Plan(ORDER, "quickfix", engine_core=4095))
