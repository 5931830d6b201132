"""Throttles, ratios and the day's high across kill -9: what stopped stays stopped until a person has looked."""

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from engine import fix
from engine.instrument import Instrument
from engine.risk import NO_LIMIT, RatioLimit, RepeatLimit, RiskReject
from engine.runtime.notices import NoticeKind
from engine.trading.controls.desk_state import DeskState
from engine.trading.controls.memory import FILE
from engine.trading.markets import Stop
from tests.support.engine.in_process import Rig, Start

CENT, LOT, DOLLAR, SECOND = 100, 100, 1_000_000, 10**9
HOUR = 3600 * SECOND
KEPT = ("journal", "engine")  # beside the session's store, which knows of the logout that the venue has heard


def killed(r: Rig) -> Rig:
    """End an engine and start it on what kill -9 would have left of it now."""
    for name in KEPT:
        shutil.copytree(r.directory / name, r.directory / f"{name}.kept", ignore=shutil.ignore_patterns("*.sock"))
    r.close()
    for name in KEPT:
        shutil.rmtree(r.directory / name)
        (r.directory / f"{name}.kept").rename(r.directory / name)
    again = Rig(r.venue, r.engine.config, r.account)
    again._other, again._names = r._other, r._names  # who goes on as if nothing had been
    again.start()
    return again


def fill_one(r: Rig, instrument: Instrument) -> None:
    """Buy one lot at .40 of OTHER."""
    order = r.rest(fix.BUY, 40 * CENT, LOT, instrument)
    r.other.order(f"{r.account}-{order.cl_ord_id}", "2", "1", "0.40", symbol=instrument.symbol)
    r.until_status(order, fix.Status.FILLED)


def refuse_one(r: Rig, instrument: Instrument) -> None:
    """Have the venue refuse an order."""
    r.venue("reject_order", account=r.account)
    order = r.desk.buy(instrument, 30 * CENT, LOT)
    assert order is not None
    r.until_status(order, fix.Status.REJECTED)


def cancel_one(r: Rig, instrument: Instrument) -> None:
    """Rest an order beside one that stays, and take it back."""
    if not r.counters.orders:
        r.rest(fix.BUY, 20 * CENT, LOT, instrument)
    order = r.rest(fix.BUY, 30 * CENT, LOT, instrument)
    r.desk.cancel(order)
    r.until_status(order, fix.Status.CANCELED)


def test_markets_that_throttles_stopped_stay_so_through_kill_9_and_the_other_trades(rig: Start) -> None:
    r = rig(
        {
            "executions": RepeatLimit(per_market=2, overall=NO_LIMIT, window_ns=HOUR),
            "rejects": RepeatLimit(per_market=2, overall=NO_LIMIT, window_ns=HOUR),
        }
    )
    for _ in range(2):
        fill_one(r, r.rain)
        refuse_one(r, r.snow)
    resting = r.rest(fix.BUY, 20 * CENT, LOT)
    fill_one(r, r.rain)
    r.until_status(resting, fix.Status.CANCELED)
    assert (r.trading.markets.causes(r.rain), r.trading.markets.causes(r.snow)) == (Stop.HALTED, Stop(0))
    r = killed(r)
    try:
        r.until_trading()
        assert r.desk.buy(r.rain, CENT, LOT) is None
        r.rest(fix.BUY, CENT, LOT, r.snow)
        for _ in range(3):
            refuse_one(r, r.snow)
        assert r.desk.buy(r.snow, CENT, LOT) is None
        assert r.counters.denials_by_code[RiskReject.MARKET_STOPPED] == 2
        texts = [hold.reason for hold in r.engine.risk_desk.holds.all()]
        assert texts == ["more than 2 fills in 3600 s", "more than 2 refused requests in 3600 s"]
        r = killed(r)
        r.until_trading()
        assert r.desk.buy(r.rain, CENT, LOT) is None and r.desk.buy(r.snow, CENT, LOT) is None
        r.ask("resume")
        for market in (r.rain, r.snow):
            r.rest(fix.BUY, CENT, LOT, market)
        r = killed(r)  # what was lifted stays lifted
        r.until_trading()
        assert not r.trading.markets.causes(r.rain) and not r.trading.markets.causes(r.snow)
    finally:
        r.close()


RATIOS: dict[str, Any] = {
    "max_orders_per_fill": NO_LIMIT,
    "max_cancel_percent": NO_LIMIT,
    "min_orders": 4,
    "window_ns": HOUR,
}


@pytest.mark.parametrize(
    ("limits", "act", "times", "words"),
    [
        (
            {"executions": RepeatLimit(per_market=NO_LIMIT, overall=2, window_ns=HOUR)},
            fill_one,
            3,
            "more than 2 fills in 3600 s",
        ),
        (
            {"rejects": RepeatLimit(per_market=NO_LIMIT, overall=2, window_ns=HOUR)},
            refuse_one,
            3,
            "more than 2 refused requests in 3600 s",
        ),
        (
            {"ratios": RatioLimit(**RATIOS | {"max_orders_per_fill": 3, "min_orders": 3})},
            refuse_one,
            4,
            "4 orders and replaces for 0 fills in 3600 s, allowed 3 a fill",
        ),
        (
            {"ratios": RatioLimit(**RATIOS | {"max_cancel_percent": 78})},
            cancel_one,
            4,
            "4 cancels for 5 orders and replaces in 3600 s, allowed 78 %",
        ),
    ],
    ids=["fills", "refusals", "orders to fills", "cancels to orders"],
)
def test_throttle_over_all_halts_through_kill_9_until_a_person_resumes(
    rig: Start, limits: dict[str, Any], act: Callable[[Rig, Instrument], None], times: int, words: str
) -> None:
    r = rig(limits)
    for place in range(times):
        assert r.supervisor.state is DeskState.TRADING
        act(r, (r.rain, r.snow)[place % 2])
        if place == times - 2:
            r.until(lambda: told(r), "a warning before it is too late")
    r.until(lambda: r.supervisor.state is DeskState.HALTED, "the halt")
    assert r.supervisor.reason == words
    assert len(told(r)) == 1
    r = killed(r)
    try:
        assert r.supervisor.state is DeskState.HALTED  # before anything was heard of the venue
        assert words in r.supervisor.reason
        r.until(lambda: r.engine.status()["logged_on"], "the session")
        assert r.desk.buy(r.rain, CENT, LOT) is None
        r.ask("resume")
        r.until_trading()
        r.rest(fix.BUY, CENT, LOT)
    finally:
        r.close()


def told(r: Rig) -> list[str]:
    """Return which limits were warned of."""
    return [notice.text for notice in r.trading.notices.all() if notice.kind is NoticeKind.LIMIT_NEAR]


def marked(r: Rig, price: str, instead_of: str = "") -> str:
    """Let the best bid of RAIN be so much; return its ClOrdID."""
    name = r.other_enters("1", "1", price)
    if instead_of:
        r.other.cancel(f"{name}-out", instead_of)
    r.until(lambda: r.trading.book(r.rain).best_bid == round(float(price) * 100) * CENT, f"a bid at {price}")
    return name


def test_drawdown_counts_from_the_high_of_the_day_through_kill_9(rig: Start) -> None:
    r = rig({"max_drawdown": DOLLAR})
    best = marked(r, "0.39")
    order = r.rest(fix.BUY, 40 * CENT, 5 * LOT)
    r.other.order(f"{r.account}-hit", "2", "5", "0.40")
    r.until_status(order, fix.Status.FILLED)
    best = marked(r, "0.60", instead_of=best)
    memory = r.directory / "engine" / FILE
    r.until(lambda: json.loads(memory.read_text())["high"] == DOLLAR, "the high on disk")
    best = marked(r, "0.45", instead_of=best)
    r.until(lambda: r.engine.portfolio.day_pnl == DOLLAR // 4, "the lower mark")
    assert r.supervisor.state is DeskState.TRADING
    r = killed(r)
    try:
        r.until_trading()
        assert r.trading.risk.day_high[0] == DOLLAR
        best = marked(r, "0.38", instead_of=best)
        r.until(lambda: r.supervisor.state is DeskState.HALTED, "the halt")
        assert r.supervisor.reason == "lost 1.100000 from the day's high of 1.000000, allowed 1.000000"
        r = killed(r)
        assert r.supervisor.state is DeskState.HALTED
        r.until(lambda: r.engine.status()["day_pnl"] == "-0.100000", "the marks")
        r.ask("resume")
        r.until_trading()
        r.turn(1.5)  # until the high that counts anew is on disk
        r = killed(r)
        r.until_trading()
        assert r.trading.risk.day_high[0] == -DOLLAR // 10
        marked(r, "0.30", instead_of=best)
        assert r.supervisor.state is DeskState.TRADING  # 0.40 below the new high
    finally:
        r.close()
