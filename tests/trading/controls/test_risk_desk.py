"""Holds, throttles, run-time limits, warnings and flatten over a whole desk; and what a second run knows of them."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from engine.book import NO_ASK
from engine.errors import ConfigError, EngineError
from engine.fix import BUY, SELL, Exec, Status
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.risk import NO_LIMIT, RatioLimit, RepeatLimit, RiskReject
from engine.risk.limits import Ceiling
from engine.runtime.notices import NoticeKind
from engine.trading.controls.desk_state import DeskState
from engine.trading.controls.flatten import PATIENCE_NS
from engine.trading.controls.limit_watch import EVERY_NS, Used
from engine.trading.controls.live_orders import RETRY_NS
from engine.trading.controls.memory import FILE, Hold, LimitChange, Remembered, RiskMemory
from engine.trading.controls.risk_desk import AGAIN, FORGOTTEN, HIGH_EVERY_NS, RiskDesk
from engine.trading.markets import Stop
from engine.venue import EventKind
from tests.support.order_reports import ack, canceled, fill, report
from tests.trading.test_supervisor import Stage

SECOND = 10**9
ME = "ann (uid 7, pid 9)"


class Controlled(Stage):
    """A desk under its supervisor whose controls remember in `path`, trading."""

    def __init__(self, path: Path | None = None, has_past: bool = False, **limits: Any) -> None:
        super().__init__(**limits)
        self.held = 0
        self.controls = RiskDesk(self.loop, self.supervisor, RiskMemory(path), has_past)
        self.trade()

    def pass_time(self, ns: int = EVERY_NS) -> list[bytes]:
        sent = self.tick(ns)
        self.controls.tick()
        return sent + self.bodies()

    def filled(self, side: int = BUY, qty: int = 10, price: int = 4_500, fee: int = 0) -> None:
        """Trade one order whole."""
        order = self.buy(price, qty) if side == BUY else self.sell(price, qty)
        assert order is not None
        self.held += 1
        self.loop.on_report(ack(order))
        self.loop.on_report(fill(order, qty, f"E{self.held}", price, fee=fee))

    def refuse_one(self) -> None:
        order = self.buy()
        self.loop.on_report(report(order.cl_ord_id, Exec.REJECTED, Status.REJECTED, reason=99, text="no"))

    def denial(self) -> RiskReject:
        """Return why an order is denied."""
        before = dict(self.loop.counters.denials_by_code)
        assert self.buy() is None
        (code,) = [code for code, count in self.loop.counters.denials_by_code.items() if count != before.get(code, 0)]
        return RiskReject(code)  # type: ignore[call-arg]

    def told(self, kind: NoticeKind) -> list[str]:
        return [notice.text for notice in self.loop.notices.all() if notice.kind is kind]

    def change(self, name: str, value: int, symbol: str = "", reason: str = "why") -> str:
        filed = self.controls.limits.filed(name)
        return self.controls.change(
            LimitChange(
                name=name,
                symbol=symbol,
                value=value,
                filed=filed,
                day_start_ns=self.portfolio.day_start_ns,
                by=ME,
                reason=reason,
                when_ns=self.controls.wall_ns,
            )
        )


# Holds


@pytest.mark.parametrize(("scope", "name"), [("market", "RAIN"), ("event", "RAIN")])
def test_hold_stops_what_it_names_cancels_there_and_lets_the_others_trade(scope: str, name: str) -> None:
    desk = Controlled()
    order = desk.resting()
    assert desk.controls.hold(scope, name, ME, "odd") == [desk.rain]
    assert desk.denial() is RiskReject.MARKET_STOPPED
    assert desk.desk.buy(desk.snow, 4_500, 10) is not None
    desk.taken()
    assert desk.pass_time() == [f"F {order.pending_cl_ord_id} {order.cl_ord_id}".encode()]
    assert desk.state is DeskState.TRADING
    assert f"HOLD {scope} {name}: " in "\n".join(desk.reports) and ME in "\n".join(desk.reports)
    assert desk.controls.lift(scope, name, ME, "fine") == [desk.rain]
    assert desk.buy() is not None


def test_hold_of_a_person_outlives_resume_and_one_of_the_engine_does_not() -> None:
    desk = Controlled()
    desk.controls.hold("market", "RAIN", ME, "odd")
    desk.controls.hold("market", "SNOW", "the engine", "again", is_ours=True)
    desk.supervisor.resume("all is well")
    assert desk.loop.markets.causes(desk.rain) == Stop.HALTED
    assert not desk.loop.markets.causes(desk.snow)


def test_market_under_two_holds_opens_with_the_last() -> None:
    desk = Controlled()
    desk.controls.hold("market", "RAIN", ME, "odd")
    desk.controls.hold("event", "RAIN", ME, "odder")
    assert desk.controls.lift("event", "RAIN", ME, "fine") == []
    assert desk.denial() is RiskReject.MARKET_STOPPED
    assert desk.controls.lift("market", "RAIN", ME, "fine") == [desk.rain]


@pytest.mark.parametrize("scope", ["market", "event"])
def test_hold_of_what_is_not_ours_and_lift_of_what_is_not_held_are_refused(scope: str) -> None:
    desk = Controlled()
    with pytest.raises(EngineError, match=f"unknown {scope} 'HAIL': this engine has RAIN, SNOW"):
        desk.controls.hold(scope, "HAIL", ME, "odd")
    with pytest.raises(EngineError, match="is not halted by name; there is nothing that is"):
        desk.controls.lift(scope, "RAIN", ME, "fine")


def test_next_run_knows_every_hold_and_holds_markets_that_are_still_to_come(tmp_path: Path) -> None:
    Controlled(tmp_path).controls.hold("event", "RAIN", ME, "odd")
    desk = Controlled(tmp_path)
    assert desk.loop.markets.causes(desk.rain) == Stop.HALTED
    (hold,) = desk.controls.holds.all()
    assert (hold.scope, hold.name, hold.by, hold.reason) == ("event", "RAIN", ME, "odd")
    later = Instrument("LATER", 2, None, event="RAIN")
    desk.portfolio.add([later])
    desk.risk.add([later])
    desk.loop.markets.add([later])
    assert desk.loop.markets.causes(later) == Stop.HALTED


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2}', '{"version": 1, "holds": 5}', "\xff"])
def test_memory_that_is_damaged_stops_the_start_and_says_which_file(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=rf"{FILE}: cannot be understood.*restore it, or remove it"):
        Controlled(tmp_path)


def test_memory_that_cannot_be_written_is_told_once_and_tried_again(tmp_path: Path) -> None:
    place = tmp_path / "state"
    place.mkdir()
    desk = Controlled(place)
    place.rename(tmp_path / "elsewhere")
    desk.controls.hold("market", "RAIN", ME, "odd")
    desk.pass_time(HIGH_EVERY_NS)
    assert len([line for line in desk.reports if "cannot be written" in line]) == 1
    place.mkdir()
    desk.pass_time(HIGH_EVERY_NS)
    assert [hold.name for hold in RiskMemory(place).load().holds] == ["RAIN"]


# Throttles


def test_repeated_fills_stop_their_market_until_a_person_resumes_also_after_a_restart(tmp_path: Path) -> None:
    limit = RepeatLimit(per_market=2, overall=NO_LIMIT, window_ns=SECOND)
    desk = Controlled(tmp_path, executions=limit)
    for _ in range(2):
        desk.filled()
    desk.now_ns += SECOND
    for _ in range(3):
        desk.filled()
    assert desk.denial() is RiskReject.MARKET_STOPPED
    assert "more than 2 fills in 1 s" in desk.told(NoticeKind.MARKET_STOPPED)[0]
    again = Controlled(tmp_path, executions=limit)
    assert again.denial() is RiskReject.MARKET_STOPPED
    again.supervisor.resume("looked at it")
    assert again.buy() is not None


def test_repeated_fills_in_all_halt() -> None:
    desk = Controlled(executions=RepeatLimit(per_market=NO_LIMIT, overall=2, window_ns=SECOND))
    for _ in range(3):
        assert desk.state is DeskState.TRADING
        desk.filled()
    assert desk.state is DeskState.HALTED
    assert "more than 2 fills in 1 s" in desk.supervisor.reason


def test_repeated_refusals_stop_their_market_or_all(tmp_path: Path) -> None:
    desk = Controlled(rejects=RepeatLimit(per_market=2, overall=NO_LIMIT, window_ns=SECOND))
    for _ in range(3):
        desk.refuse_one()
    assert desk.loop.markets.causes(desk.rain) == Stop.HALTED
    desk = Controlled(rejects=RepeatLimit(per_market=NO_LIMIT, overall=2, window_ns=SECOND))
    for _ in range(3):
        desk.refuse_one()
    assert desk.state is DeskState.HALTED


@pytest.mark.parametrize(
    ("orders_per_fill", "cancel_percent", "words"),
    [(3, NO_LIMIT, "4 orders and replaces for 0 fills in 10 s, allowed 3 a fill"), (NO_LIMIT, 49, "2 cancels for 4")],
)
def test_ratios_halt_once_there_were_enough_orders(orders_per_fill: int, cancel_percent: int, words: str) -> None:
    ratios = RatioLimit(
        max_orders_per_fill=orders_per_fill, max_cancel_percent=cancel_percent, min_orders=4, window_ns=10 * SECOND
    )
    desk = Controlled(ratios=ratios)
    for count in range(4):
        order = desk.resting()
        if count < 2:
            desk.loop.cancel(order)
        assert desk.state is DeskState.TRADING
        desk.pass_time()
    assert desk.state is DeskState.HALTED
    assert words in desk.supervisor.reason
    desk.supervisor.resume("looked at it")
    desk.pass_time()
    assert desk.state is DeskState.TRADING  # what was looked at does not count again


def test_limit_that_the_loss_of_the_day_has_passed_halts_at_once() -> None:
    desk = Controlled()
    order = desk.resting(price=4_400)
    desk.filled()
    desk.portfolio.mark(desk.rain, 4_400, 4_600)
    desk.change("max_daily_loss", 1_000)
    assert desk.state is DeskState.TRADING
    desk.change("max_daily_loss", 999)
    assert (desk.state, desk.supervisor.reason) == (DeskState.HALTED, "lost 0.001000 today, allowed 0.000999")
    assert order.pending_cl_ord_id


# The day's high


def test_high_of_the_day_is_known_to_the_next_run_of_the_same_day(tmp_path: Path) -> None:
    desk = Controlled(tmp_path, max_drawdown=3_000)
    desk.filled()
    desk.portfolio.mark(desk.rain, 4_700, 4_800)
    desk.pass_time(HIGH_EVERY_NS)
    assert RiskMemory(tmp_path).load().high == 2_000
    again = Controlled(tmp_path, max_drawdown=3_000)
    assert again.risk.day_high == (2_000, 0)
    again.portfolio.fill(again.rain, BUY, 10, 4_600, 0)
    again.delta(4_400, 201)
    assert again.state is DeskState.TRADING
    again.portfolio.mark(again.rain, 4_490, 4_600)
    assert not again.risk.is_within_loss()
    assert again.risk.reason == "lost 0.003100 from the day's high of 0.002000, allowed 0.003000"


def test_high_does_not_rise_before_the_books_of_what_is_held_were_seen(tmp_path: Path) -> None:
    desk = Controlled(tmp_path, max_drawdown=3_000)
    desk.filled()
    desk.portfolio.mark(desk.rain, 4_190, 4_600)
    assert not desk.risk.is_within_loss()
    desk.supervisor.resume("accepted")  # from -3 100 on
    desk.pass_time(HIGH_EVERY_NS)
    again = Stage(max_drawdown=3_000)
    again.portfolio.fill(again.rain, BUY, 10, 4_500, 0)  # worth its last fill until a book is seen
    controls = RiskDesk(again.loop, again.supervisor, RiskMemory(tmp_path))
    controls.tick()
    assert again.risk.day_high == (-3_100, 0)
    again.portfolio.mark(again.rain, 4_190, 4_600)
    assert again.risk.is_within_loss()
    again.trade()
    again.portfolio.mark(again.rain, 4_200, 4_600)
    controls.tick()
    assert again.risk.day_high == (-3_000, 0)


def test_high_of_another_day_is_forgotten(tmp_path: Path) -> None:
    desk = Controlled(tmp_path)
    desk.filled()
    desk.portfolio.mark(desk.rain, 4_700, 4_800)
    desk.controls.close()
    kept = RiskMemory(tmp_path).load()
    assert kept.high == 2_000
    other = Stage()
    other.portfolio.start_day(5)
    other.risk.restore_high(kept.high, kept.day_start_ns)
    assert other.risk.day_high == (0, 5)


# Limits at run time


def test_tighter_limit_counts_at_once_and_after_a_restart_until_it_is_reset(tmp_path: Path) -> None:
    desk = Controlled(tmp_path, max_order_qty=50)
    assert "max_order_qty is 0.09, not 0.50, by ann" in desk.change("max_order_qty", 9, reason="nervous")
    assert desk.denial() is RiskReject.MAX_ORDER_QTY
    assert "nervous" in "\n".join(desk.reports)
    again = Controlled(tmp_path, max_order_qty=50)
    assert again.denial() is RiskReject.MAX_ORDER_QTY
    again.portfolio.start_day(7)
    again.pass_time()
    assert again.denial() is RiskReject.MAX_ORDER_QTY  # tighter ones hold for more than a day
    again.controls.reset("max_order_qty", "", ME, "calm")
    assert again.buy() is not None
    assert Controlled(tmp_path, max_order_qty=50).buy() is not None


def test_wider_limit_needs_a_ceiling_and_ends_with_the_day(tmp_path: Path) -> None:
    limits: dict[str, Any] = {"max_order_qty": 5, "ceiling": Ceiling(max_order_qty=20)}
    desk = Controlled(tmp_path, **limits)
    with pytest.raises(EngineError, match=r"max_order_qty 0.21 is above its ceiling 0.20: only \[risk.ceiling\]"):
        desk.change("max_order_qty", 21)
    desk.change("max_order_qty", 20)
    assert desk.buy() is not None
    assert Controlled(tmp_path, **limits).buy() is not None
    desk.portfolio.start_day(7)
    desk.pass_time()
    assert desk.denial() is RiskReject.MAX_ORDER_QTY
    assert "its day is over" in desk.told(NoticeKind.LIMIT_CHANGED)[0]


def test_without_a_ceiling_the_file_is_the_ceiling() -> None:
    desk = Controlled(max_order_qty=5)
    with pytest.raises(EngineError, match="above its ceiling"):
        desk.change("max_order_qty", 6)
    with pytest.raises(EngineError, match="above its ceiling"):
        desk.change("max_order_qty", NO_LIMIT)


def test_change_ends_where_the_file_says_something_else_now(tmp_path: Path) -> None:
    Controlled(tmp_path, max_order_qty=50).change("max_order_qty", 9)
    desk = Controlled(tmp_path, max_order_qty=60)
    assert desk.buy() is not None
    assert "the configuration says something else" in desk.told(NoticeKind.LIMIT_CHANGED)[0]


def test_limit_of_one_market_leaves_the_others() -> None:
    desk = Controlled(max_position=50)
    desk.change("max_position", 9, symbol="RAIN")
    assert desk.denial() is RiskReject.MAX_POSITION
    assert desk.desk.buy(desk.snow, 4_500, 10) is not None
    desk.change("max_market_loss", 10, symbol="SNOW")
    assert desk.desk.buy(desk.snow, 4_500, 10) is None


def test_limit_of_one_market_that_would_change_nothing_is_refused() -> None:
    desk = Controlled(max_position=50)
    with pytest.raises(EngineError, match="would change nothing"):
        desk.change("max_position", 50, symbol="RAIN")
    desk.change("max_position", 40)
    with pytest.raises(EngineError, match="would change nothing"):
        desk.change("max_position", 45, symbol="RAIN")


@pytest.mark.parametrize(
    ("name", "value", "symbol", "words"),
    [
        ("max_rejects_in_a_row", 1, "", "no limit that can be set"),
        ("max_order_qty", 1, "RAIN", "has no value of its own for one market"),
        ("max_position", 1, "HAIL", "unknown market 'HAIL'"),
        ("max_book_age_ns", 0, "", "must be positive"),
    ],
)
def test_change_that_cannot_be_is_refused(name: str, value: int, symbol: str, words: str) -> None:
    desk = Controlled()
    change = LimitChange(
        name=name, symbol=symbol, value=value, filed=NO_LIMIT, day_start_ns=0, by=ME, reason="", when_ns=0
    )
    with pytest.raises(EngineError, match=words):
        desk.controls.change(change)
    assert desk.controls.limits.all() == []


# Warnings


@pytest.mark.parametrize(
    ("used", "limit", "is_near", "is_far"),
    [
        (79, 100, False, False),
        (80, 100, True, False),
        (75, 100, False, False),
        (74, 100, False, True),
        (0, 0, False, True),
        (1, 0, True, False),
        (10**18, NO_LIMIT, False, True),
    ],
)
def test_four_fifths_are_near_and_less_than_three_quarters_far(
    used: int, limit: int, is_near: bool, is_far: bool
) -> None:
    row = Used("any", used, limit)
    assert (row.is_near, row.is_far) == (is_near, is_far)


def test_warning_comes_once_a_crossing() -> None:
    desk = Controlled(max_position=100)
    near = NoticeKind.LIMIT_NEAR
    order = desk.buy(qty=80)
    for _ in range(3):
        desk.pass_time()
    assert desk.told(near) == ["max_position 0.80 of 1.00, 80 % in RAIN"]
    assert desk.loop.notices.count(near) == 1
    desk.loop.on_report(ack(order))
    desk.loop.cancel(order)
    desk.loop.on_report(canceled(order))
    desk.pass_time()
    desk.buy(qty=90)
    desk.pass_time()
    assert desk.loop.notices.count(near) == 2


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        ({"max_open_orders": 1}, "max_open_orders"),
        ({"max_open_cost": 45_000}, "max_open_cost"),
        ({"max_event_position": 10}, "max_event_position"),
        ({"max_gross_position": 10}, "max_gross_position"),
        ({"max_market_loss": 45_000}, "max_market_loss"),
        ({"max_event_loss": 45_000}, "max_event_loss"),
    ],
)
def test_every_limit_of_a_sum_warns(limits: dict[str, Any], name: str) -> None:
    desk = Controlled(**limits)
    assert desk.buy() is not None
    desk.pass_time()
    assert [text.partition(" ")[0] for text in desk.told(NoticeKind.LIMIT_NEAR)] == [name]


def test_losses_throttles_and_own_limits_warn() -> None:
    limit = RepeatLimit(per_market=1, overall=100, window_ns=SECOND)
    desk = Controlled(executions=limit, max_daily_loss=100, max_drawdown=10**9)
    desk.change("max_position", 10, symbol="RAIN")
    desk.filled(fee=90)
    desk.pass_time()
    lines = [line for line in desk.controls.watch.rows(desk.now_ns) if line.is_near]
    assert [row.name for row in lines] == ["max_daily_loss", "max_position of its own", "executions.per_market"]
    assert desk.loop.notices.count(NoticeKind.LIMIT_NEAR) == 3


# Flatten


class Flattening(Controlled):
    """A desk that holds 30 lots of RAIN, bought or sold."""

    def __init__(self, side: int = BUY, **limits: Any) -> None:
        super().__init__(**limits)
        for _ in range(3):
            self.filled(side, 10, 4_500 if side == BUY else 4_600)
        self.taken()

    def slice(self) -> Order:
        """Let time pass until the next slice is out."""
        self.pass_time()
        order: Order
        (order,) = self.orders.live()
        return order

    def trade_slice(self, order: Order, qty: int) -> None:
        self.held += 1
        self.loop.on_report(ack(order))
        self.loop.on_report(fill(order, qty, f"E{self.held}", order.price))
        if not order.is_done:
            self.loop.on_report(canceled(order))


@pytest.mark.parametrize("side", [BUY, SELL])
def test_flatten_closes_in_slices_that_only_reduce_and_stays_held(side: int) -> None:
    desk = Flattening(side, max_order_qty=20)
    (line,) = desk.controls.close_out("market", "RAIN", ME, "enough")
    price = "0.4500" if side == BUY else "0.4600"
    assert line.startswith(f"RAIN: {'sell' if side == BUY else 'buy'} 0.30, at any price; now 1.00 at {price} stand")
    sizes = []
    while desk.controls.flatten.is_active:
        order = desk.slice()
        assert (order.side, order.time_in_force, order.tag) == (BUY + SELL - side, "3", "flatten")
        assert desk.buy() is None and desk.sell() is None  # nobody else gets in between
        sizes.append(order.leaves_qty)
        desk.trade_slice(order, order.leaves_qty)
        desk.pass_time()
    assert sizes == [20, 10]
    assert desk.portfolio[desk.rain].net == 0
    assert "FLATTEN: RAIN: flat, 0.00 held" in "\n".join(desk.reports)
    assert desk.denial() is RiskReject.MARKET_STOPPED
    desk.controls.lift("market", "RAIN", ME, "on we go")
    assert desk.buy() is not None


def test_plan_of_a_flatten_does_nothing() -> None:
    desk = Flattening(collar_opposite=300)
    assert desk.controls.flatten.plan(desk.controls.holds.find("all", "")) == [
        "RAIN: sell 0.30, no worse than 0.4200; now 1.00 at 0.4500 stand there"
    ]
    assert desk.pass_time() == []
    assert desk.buy() is not None


def test_flatten_cancels_what_rests_before_it_trades() -> None:
    desk = Flattening()
    resting = desk.resting(price=4_400)
    desk.controls.close_out("all", "", ME, "enough")
    assert desk.pass_time() == [f"F {resting.pending_cl_ord_id} {resting.cl_ord_id}".encode()]
    assert desk.pass_time() == []  # until the venue has answered
    desk.loop.on_report(canceled(resting))
    assert desk.slice().side == SELL


def test_flatten_of_a_market_without_position_cancels_there() -> None:
    desk = Controlled()
    resting = desk.resting()
    assert desk.controls.close_out("market", "RAIN", ME, "x") == ["RAIN: nothing is held; its orders are cancelled"]
    desk.pass_time()
    desk.loop.on_report(canceled(resting))
    desk.pass_time()
    assert not desk.controls.flatten.is_active


def test_flatten_takes_no_more_than_the_best_price_shows_and_none_beyond_the_collar() -> None:
    desk = Flattening(collar_opposite=100)
    desk.delta(4_500, -96)
    desk.controls.close_out("market", "RAIN", ME, "enough")
    order = desk.slice()
    assert (order.price, order.leaves_qty) == (4_500, 4)
    desk.trade_slice(order, 4)
    desk.delta(4_500, -4)
    order = desk.slice()
    assert (order.price, order.leaves_qty) == (4_400, 26)
    desk.trade_slice(order, 6)
    desk.refresh(desk.books[0])
    desk.frame(EventKind.SNAPSHOT, instrument=desk.rain, bids=[(4_300, 500)], asks=[(4_600, 5)])
    assert desk.pass_time() == []
    assert desk.controls.flatten.legs[0].obstacle == "0.4300 is beyond the collar"
    desk.pass_time(PATIENCE_NS)
    assert not desk.controls.flatten.is_active
    assert "out of time, 0.20 held, 0.30 before: 0.4300 is beyond the collar" in "\n".join(desk.reports)


def test_flatten_waits_for_a_book_that_is_believed_and_somebody_there() -> None:
    desk = Flattening(SELL)
    desk.books[0].mark_stale()
    assert "when there is a price" in desk.controls.close_out("market", "RAIN", ME, "enough")[0]
    assert desk.pass_time() == []
    desk.frame(EventKind.SNAPSHOT, instrument=desk.rain, bids=[(4_300, 500)], asks=[])
    assert desk.books[0].best_ask == NO_ASK
    assert desk.pass_time() == []
    desk.refresh(desk.books[0])
    assert desk.slice().price == 4_600


def test_flatten_ends_where_trading_halts_and_does_not_begin_there() -> None:
    desk = Flattening()
    desk.controls.close_out("market", "RAIN", ME, "enough")
    with pytest.raises(EngineError, match="at work already"):
        desk.controls.close_out("market", "RAIN", ME, "enough")
    desk.supervisor.halt("worse")
    desk.pass_time()
    assert "halted meanwhile" in desk.controls.flatten.outcome(desk.controls.flatten.legs[0])
    with pytest.raises(EngineError, match="fixlane reduce-only"):
        desk.controls.close_out("market", "RAIN", ME, "enough")
    desk.supervisor.reduce_only("to close it")
    desk.pass_time(RETRY_NS)
    desk.controls.close_out("market", "RAIN", ME, "enough")
    assert desk.slice().side == SELL


def test_what_passes_a_hold_can_only_reduce() -> None:
    desk = Flattening()
    desk.controls.close_out("market", "RAIN", ME, "enough")
    with desk.loop.markets.opened(desk.rain, Stop.FLATTENED):
        assert desk.denial() is RiskReject.REDUCE_ONLY
        assert desk.sell(qty=31) is None
        assert desk.sell(qty=30) is not None


def test_limit_that_hovers_warns_once() -> None:
    desk = Controlled(max_position=100)
    desk.buy(qty=78)
    small = desk.buy(4_400, 3)
    for _ in range(3):
        desk.pass_time()
        desk.loop.on_report(ack(small))
        desk.loop.cancel(small)
        desk.loop.on_report(canceled(small))
        desk.pass_time()
        small = desk.buy(4_400, 3)
    assert desk.loop.notices.count(NoticeKind.LIMIT_NEAR) == 1


@pytest.mark.parametrize(
    ("has_past", "is_removed", "is_told"), [(False, True, False), (True, True, True), (True, False, False)]
)
def test_memory_that_is_missing_beside_earlier_runs_is_told(
    has_past: bool, is_removed: bool, is_told: bool, tmp_path: Path
) -> None:
    Controlled(tmp_path)
    assert (tmp_path / "risk.json").exists()  # from the first start on
    if is_removed:
        (tmp_path / "risk.json").unlink()
    desk = Controlled(tmp_path, has_past)
    assert (FORGOTTEN in desk.told(NoticeKind.LIMIT_CHANGED)) == is_told
    assert FORGOTTEN not in Controlled(tmp_path, True).told(NoticeKind.LIMIT_CHANGED)


def test_a_hold_that_cannot_be_written_down_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    desk = Controlled(folder)
    assert desk.controls.unkept() == ""
    shutil.rmtree(folder)
    desk.controls.hold("market", "RAIN", ME, "odd")
    assert "a restart would not know of it" in desk.controls.unkept()
    folder.mkdir()
    desk.controls.lift("market", "RAIN", ME, "fine")
    assert desk.controls.unkept() == ""


def test_a_closing_that_a_restart_interrupts_is_told(tmp_path: Path) -> None:
    hold = Hold(scope="market", name="RAIN", by=ME, reason="enough", when_ns=1, is_flat=True)
    RiskMemory(tmp_path).save(Remembered(holds=(hold,)))
    desk = Stage()
    desk.portfolio.fill(desk.rain, BUY, 10, 4_500, 0)
    notes: list[str] = []
    supervisor: Any = desk.supervisor
    supervisor.note = notes.append
    RiskDesk(desk.loop, desk.supervisor, RiskMemory(tmp_path))
    assert [note for note in notes if note.startswith("FLATTEN")] == [
        f"FLATTEN: RAIN: {desk.rain.format_size(10)} held, closed out by {ME}: enough: {AGAIN}"
    ]
