"""When trading may happen: every state, what moves it, and what the venue is asked meanwhile."""

from typing import Any, Never, Self, cast

import pytest

from engine import fix
from engine.errors import JournalError, SessionError
from engine.fix import Exec, Status
from engine.journal.writer import NullJournal
from engine.orders.order import Order
from engine.risk import TradingState
from engine.session import Session
from engine.strategy import Strategy
from engine.trading.controls.desk_state import DeskState
from engine.trading.controls.live_orders import ANSWER_NS, RETRY_NS
from engine.trading.supervisor import TICK_NS, Supervisor
from tests.support.desks import Scene
from tests.support.order_reports import ack, cancel_reject, canceled, fill, report


class FakeSession:
    """A session that records what it is asked."""

    def __init__(self, record: list[Any], is_logged_on: bool = False) -> None:
        self.record = record
        self.is_logged_on = is_logged_on
        self.is_behind = False

    def send(self, body: bytes) -> None:
        if not self.is_logged_on:
            raise SessionError("not logged on")
        self.record.append(("send", body))

    def logout(self, text: str = "") -> None:
        self.record.append(("logout",))


class Stage(Scene):
    """A desk under its supervisor."""

    def __init__(self, strategy: Strategy | None = None, **limits: Any) -> None:
        self.session = FakeSession([])
        super().__init__(strategy, **limits)
        self.session.record = self.record
        self.loop.is_connected = self.loop.is_trading = False
        self.reports: list[str] = []
        clock, wall = (lambda: self.now_ns), (lambda: 10**18 + self.now_ns)
        self.supervisor = Supervisor(self.loop, cast(Session, self.session), clock, wall, self.reports.append)

    def send(self, body: bytes) -> None:
        self.session.send(body)

    def halt(self, reason: str) -> None:
        self.supervisor.halt(reason)

    def obstacle(self) -> str:
        return self.supervisor.reason

    @property
    def state(self) -> DeskState:
        return self.supervisor.state

    def log_on(self) -> None:
        self.session.is_logged_on = True
        self.supervisor.on_logon()

    def log_out(self, reason: str = "gone") -> None:
        self.session.is_logged_on = False
        self.supervisor.on_logout(reason)

    def tick(self, after_ns: int = TICK_NS) -> list[bytes]:
        """Let time pass, and return what was sent."""
        self.now_ns += after_ns
        self.supervisor.tick()
        return self.bodies()

    def bodies(self) -> list[bytes]:
        return [step[1] for step in self.taken() if step[0] == "send"]

    def hooks(self) -> list[Any]:
        return [step for step in self.taken() if step[0].startswith("strategy.")]

    def trade(self) -> Self:
        """Come as far as trading."""
        self.log_on()
        self.tick()
        assert self.state is DeskState.TRADING
        self.taken()
        self.reports.clear()
        return self

    def resting(self, **more: Any) -> Order:
        order: Order = self.buy(**more)
        self.loop.on_report(ack(order))
        self.taken()
        return order


def trading(*arguments: Any, **limits: Any) -> Stage:
    return Stage(*arguments, **limits).trade()


# Waiting, and the start


def test_nothing_is_sent_and_nothing_trades_before_logon() -> None:
    stage = Stage()
    assert stage.tick() == []
    assert (stage.state, stage.supervisor.reason) == (DeskState.WAITING, "session is not logged on")
    assert stage.buy() is None


def test_logon_cancels_orders_of_earlier_runs_once_and_starts_the_strategy_once() -> None:
    stage = Stage()
    stage.log_on()
    stage.supervisor.tick()
    steps = [step for step in stage.taken() if step[0] != "strategy.on_reject"]
    assert steps == [
        ("journal.append_request", "T-1", 10**18 + 1_000),
        ("dialect.mass_cancel", "T-1", 10**18 + 1_000),
        ("send", b"q T-1"),
        ("strategy.on_start",),
    ]
    assert (stage.state, stage.loop.is_trading) == (DeskState.TRADING, True)
    stage.log_out()
    stage.log_on()
    assert stage.tick() == []
    assert stage.hooks() == []
    assert stage.reports == ["session logged on", "trading", "session down: gone", "session logged on", "trading"]


def test_sweep_that_could_not_be_sent_is_sent_at_the_next_chance() -> None:
    stage = Stage()
    stage.session.is_logged_on = True
    stage.supervisor.on_logon()

    def refuse(body: bytes) -> Never:
        raise SessionError("sending is not possible now")

    stage.session.send, send = refuse, stage.session.send
    assert stage.tick() == []
    assert stage.state is DeskState.WAITING
    stage.session.send = send
    assert stage.tick() == [b"q T-2"]
    assert stage.state is DeskState.TRADING


def test_recovered_orders_are_cancelled_before_trading_starts() -> None:
    stage = Stage()
    order = stage.orders.open(stage.rain, fix.BUY, 4_500, 10, "2", "1", False, 0, 0)
    stage.loop.on_report(ack(order))
    stage.log_on()
    assert stage.tick() == [b"q T-2", b"F T-3 T-1"]
    assert (stage.state, stage.supervisor.reason) == (
        DeskState.WAITING,
        "orders of an earlier run are being cancelled",
    )
    stage.loop.on_report(canceled(order))
    stage.tick()
    assert stage.state is DeskState.TRADING


def test_recovered_order_in_doubt_is_cancelled_and_asked_for() -> None:
    stage = Stage()
    order = stage.orders.open(stage.rain, fix.BUY, 4_500, 10, "2", "1", False, 0, 0)
    stage.orders.on_disconnect()
    stage.log_on()
    assert stage.tick() == [b"q T-2", b"F T-3 T-1", b"H T-1"]
    stage.loop.on_report(report(order.cl_ord_id, Exec.ORDER_STATUS, Status.REJECTED))  # it never arrived
    stage.tick()
    assert stage.state is DeskState.TRADING


def test_stale_book_keeps_trading_from_starting() -> None:
    stage = Stage()
    stage.books[1].mark_stale()
    stage.log_on()
    stage.tick()
    assert (stage.state, stage.supervisor.reason) == (DeskState.WAITING, "no fresh book for 1 of 2 markets: SNOW")
    stage.refresh(stage.books[1])
    stage.tick()
    assert stage.state is DeskState.TRADING


def test_pause_ends_when_nothing_is_in_the_way() -> None:
    stage = trading()
    stage.supervisor.pause("market data lost")
    assert (stage.state, stage.supervisor.reason, stage.buy()) == (DeskState.WAITING, "market data lost", None)
    stage.tick()
    assert (stage.state, stage.loop.is_trading) == (DeskState.TRADING, True)


def test_exception_in_on_start_halts() -> None:
    class Broken(Strategy):
        def on_start(self) -> Never:
            raise KeyError("plan")

    stage = Stage(Broken())
    stage.log_on()
    stage.tick()
    assert stage.state is DeskState.HALTED
    assert stage.supervisor.reason.startswith("strategy hook on_start raised KeyError: 'plan'")
    assert not stage.loop.is_trading


# The session lost


def test_logout_makes_unanswered_requests_unknown_and_tells_journal_risk_and_strategy() -> None:
    stage = trading()
    stage.resting()
    unanswered = stage.buy(4_400)
    stage.taken()
    stage.log_out("peer closed")
    assert (stage.state, stage.supervisor.reason) == (DeskState.WAITING, "session down: peer closed")
    assert unanswered.ord_status == Status.UNKNOWN
    assert stage.taken() == [
        ("journal.append_disconnect", 10**18 + stage.now_ns),
        ("orders.on_disconnect",),
        ("risk.update", "T-3"),
        ("strategy.on_market", "RAIN", "RAIN: ClOrdID(11) T-3: outcome unknown"),
        ("strategy.on_order", "T-3"),
    ]
    assert stage.risk.exposure.open_orders == 2
    assert "ClOrdID(11) T-3: outcome unknown until reconciled" in stage.reports


def test_unknown_order_is_asked_for_each_second_and_its_market_alone_waits_until_reconciled() -> None:
    stage = trading()
    order = stage.buy()
    stage.log_out()
    stage.taken()
    assert stage.tick() == []
    stage.log_on()
    assert stage.tick() == [b"H T-2"]
    assert stage.state is DeskState.TRADING
    assert stage.buy() is None
    assert stage.desk.buy(stage.snow, 4_500, 10) is not None
    stage.taken()
    assert stage.tick() == []
    assert stage.tick(RETRY_NS) == [b"H T-2"]
    stage.loop.on_report(report("T-2", Exec.ORDER_STATUS, Status.NEW, cum_qty=0, leaves_qty=10))
    assert stage.tick() == []
    assert (stage.state, order.ord_status) == (DeskState.TRADING, Status.NEW)
    assert stage.buy(4_400) is not None


def test_order_in_doubt_is_asked_for_while_trading_goes_on() -> None:
    stage = trading()
    order = stage.resting()
    stage.loop.on_report(report(order.cl_ord_id, Exec.REJECTED, Status.UNKNOWN))
    assert stage.tick() == [b"H T-2"]
    assert stage.tick() == []
    assert stage.state is DeskState.TRADING


def test_unknown_order_is_cancelled_where_the_venue_answers_no_status() -> None:
    stage = trading()
    stage.dialect.knows_status = False
    order = stage.buy()
    stage.log_out()
    stage.log_on()
    stage.taken()
    assert stage.tick() == [b"F T-3 T-2"]
    assert stage.tick() == []
    stage.loop.on_report(canceled(order))
    assert stage.tick() == []
    assert stage.state is DeskState.TRADING


def test_request_that_is_not_answered_while_the_session_lives_is_asked_for_and_its_market_waits() -> None:
    stage = trading()
    order = stage.buy()
    stage.taken()
    assert stage.tick(ANSWER_NS - RETRY_NS) == []
    assert stage.tick(RETRY_NS) == [b"H T-2"]
    assert (stage.state, order.ord_status) == (DeskState.TRADING, Status.UNKNOWN)
    assert stage.buy() is None
    assert stage.desk.buy(stage.snow, 4_500, 10) is not None
    stage.loop.on_report(report("T-2", Exec.ORDER_STATUS, Status.NEW, cum_qty=0, leaves_qty=10))
    stage.tick()
    assert stage.buy(4_400) is not None


def test_cancel_that_is_not_answered_is_sent_again_after_a_halt() -> None:
    stage = trading()
    order = stage.resting()
    assert stage.desk.cancel(order)
    stage.supervisor.halt("fire")
    sent = [line for _ in range(12) for line in stage.tick(RETRY_NS)]
    assert b"F T-4 T-2" in sent
    stage.loop.on_report(canceled(order))
    stage.tick()
    assert "HALT confirmed: no order is alive" in stage.reports


# Halt


def test_session_that_is_given_up_has_every_order_cancelled_before_it_is_gone_and_by_another_way() -> None:
    stage = trading()
    order, beside = stage.resting(), list[str]()
    stage.supervisor.cancel_beside = beside.append
    stage.bodies()
    stage.supervisor.on_forsaken("messages 5 to 7 did not come")
    cancel, sweep = stage.bodies()
    assert cancel.startswith(b"F ") and order.pending and sweep.startswith(b"q ")
    assert beside == ["messages 5 to 7 did not come"]
    assert (stage.state, stage.buy()) == (DeskState.WAITING, None)


def test_nothing_new_leaves_while_messages_of_the_venue_are_missing() -> None:
    stage = trading()
    stage.session.is_behind = True
    stage.tick()
    assert (stage.state, stage.buy()) == (DeskState.WAITING, None)
    stage.tick()
    assert stage.supervisor.reason == "messages of the venue are missing, and are asked for"
    stage.session.is_behind = False
    stage.tick()
    assert stage.state is DeskState.TRADING


def test_halt_refuses_notes_tells_and_cancels_in_this_order() -> None:
    stage = trading()
    stage.resting()
    stage.supervisor.halt("fire")
    wall_ns = 10**18 + stage.now_ns
    assert stage.taken() == [
        ("risk.set_state", TradingState.HALT, "fire"),
        ("journal.append_note", "HALT: fire", wall_ns),
        ("strategy.on_halt", "fire"),
        ("risk.check_cancel", "T-2", stage.now_ns),
        ("orders.request_cancel", "T-2", stage.now_ns, ""),
        ("risk.update", "T-2"),
        ("dialect.cancel", "T-2", wall_ns),
        ("journal.append_cancel", "T-2", wall_ns),
        ("send", b"F T-3 T-2"),
    ]
    assert (stage.state, stage.supervisor.reason, stage.desk.is_halted) == (DeskState.HALTED, "fire", True)
    assert stage.buy() is None


def test_halt_is_confirmed_once_when_no_order_is_alive() -> None:
    stage = trading()
    order = stage.resting()
    stage.supervisor.halt("fire")
    stage.tick()
    assert stage.reports == ["HALT: fire"]
    stage.loop.on_report(canceled(order))
    stage.tick()
    stage.tick()
    assert stage.reports == ["HALT: fire", "HALT confirmed: no order is alive"]


def test_every_halt_is_confirmed() -> None:
    stage = trading()
    for reason in ("fire", "flood"):
        stage.supervisor.halt(reason)
        stage.tick()
        stage.supervisor.resume("fine")
        stage.tick()
    assert stage.reports.count("HALT confirmed: no order is alive") == 2


def test_halt_cancels_at_once_what_was_asked_for_a_moment_ago() -> None:
    stage = trading()
    order = stage.resting()
    stage.loop.on_report(report(order.cl_ord_id, Exec.REJECTED, Status.UNKNOWN))
    assert stage.tick() == [b"H T-2"]
    stage.supervisor.halt("fire")
    assert stage.bodies() == [b"F T-3 T-2", b"H T-2"]


def test_unknown_order_is_asked_for_at_once_on_each_connection() -> None:
    stage = trading()
    stage.buy()
    for _ in range(2):
        stage.log_out()
        stage.log_on()
        stage.taken()
        assert stage.tick(1) == [b"H T-2"]


def test_refused_cancel_is_sent_again_after_a_second() -> None:
    stage = trading()
    order = stage.resting()
    stage.supervisor.halt("fire")
    stage.loop.on_report(cancel_reject(order, Status.NEW))
    stage.taken()
    assert stage.tick() == []
    assert stage.tick(RETRY_NS) == [b"F T-4 T-2"]


def test_unanswered_cancel_is_followed_by_a_status_request() -> None:
    stage = trading()
    stage.resting()
    stage.supervisor.halt("fire")
    stage.taken()
    assert stage.tick(RETRY_NS) == [b"H T-2"]
    assert stage.tick(RETRY_NS) == [b"H T-2"]


def test_unanswered_cancel_is_followed_by_a_mass_cancel_where_the_venue_answers_no_status() -> None:
    stage = trading()
    stage.dialect.knows_status = False
    stage.resting()
    stage.supervisor.halt("fire")
    stage.taken()
    assert stage.tick(RETRY_NS) == [b"q T-4"]
    assert stage.tick() == []
    assert stage.tick(RETRY_NS) == [b"q T-5"]


def test_fill_in_a_halt_counts_and_ends_it() -> None:
    stage = trading()
    order = stage.resting()
    stage.supervisor.halt("fire")
    stage.loop.on_report(fill(order, 10, "E1", 4_500))
    stage.tick()
    assert (stage.portfolio[stage.rain].net, stage.reports[-1]) == (10, "HALT confirmed: no order is alive")


def test_second_halt_is_reported_and_keeps_the_first_reason() -> None:
    stage = trading()
    stage.supervisor.halt("fire")
    stage.taken()
    stage.supervisor.halt("flood")
    assert (stage.supervisor.reason, stage.reports[-1]) == ("fire", "halted already when: flood")
    assert stage.taken() == []


def test_exception_in_on_halt_is_reported_and_orders_are_cancelled_all_the_same() -> None:
    class Broken(Strategy):
        def on_halt(self, reason: str) -> Never:
            raise ValueError("not again")

    stage = trading(Broken())
    stage.resting()
    stage.supervisor.halt("fire")
    assert stage.bodies() == [b"F T-3 T-2"]
    assert stage.reports[-1].startswith("halted already when: strategy hook on_halt raised ValueError: not again")


def test_halt_keeps_its_reason_and_retries_when_the_session_is_lost_and_found() -> None:
    stage = trading()
    stage.resting()
    stage.supervisor.halt("fire")
    stage.log_out()
    assert (stage.state, stage.supervisor.reason) == (DeskState.HALTED, "fire")
    stage.taken()
    assert stage.tick(RETRY_NS) == []
    stage.log_on()
    assert stage.tick() == [b"F T-4 T-2", b"H T-2"]
    assert stage.state is DeskState.HALTED


def test_halt_before_logon_stays_halted_after_it() -> None:
    stage = Stage()
    stage.supervisor.halt("by command")
    stage.log_on()
    stage.tick()
    assert (stage.state, stage.loop.is_trading) == (DeskState.HALTED, False)


def test_resume_needs_a_person_and_starts_where_nothing_is_in_the_way() -> None:
    stage = trading()
    order = stage.resting()
    stage.supervisor.halt("fire")
    stage.loop.on_report(canceled(order))
    stage.tick()
    assert stage.state is DeskState.HALTED
    stage.taken()
    stage.supervisor.resume("all clear")
    assert stage.taken() == [
        ("risk.set_state", TradingState.ACTIVE, "RESUME: all clear"),
        ("journal.append_note", "RESUME: all clear", 10**18 + stage.now_ns),
    ]
    assert (stage.state, stage.desk.is_halted, stage.buy()) == (DeskState.WAITING, False, None)
    stage.tick()
    assert stage.state is DeskState.TRADING
    assert stage.buy() is not None


def test_reduce_only_lets_only_reducing_orders_pass_until_resume() -> None:
    stage = trading()
    order = stage.resting()
    stage.loop.on_report(fill(order, 10, "E1", 4_500))
    stage.supervisor.reduce_only("careful")
    assert stage.state is DeskState.TRADING
    assert stage.buy() is None
    assert stage.sell(qty=10) is not None
    stage.supervisor.resume("fine")
    assert stage.buy(4_400) is not None
    assert stage.reports == ["REDUCE_ONLY: careful", "RESUME: fine"]


def test_reduce_only_ends_a_halt() -> None:
    stage = trading()
    stage.supervisor.halt("fire")
    stage.supervisor.reduce_only("flatten")
    stage.tick()
    assert (stage.state, stage.risk.state) == (DeskState.TRADING, TradingState.REDUCE_ONLY)


# The end


def test_stop_tells_cancels_and_logs_out_when_no_order_is_alive() -> None:
    stage = trading()
    order = stage.resting()
    stage.supervisor.stop()
    steps = stage.taken()
    assert (steps[0], steps[-1]) == (("strategy.on_stop",), ("send", b"F T-3 T-2"))
    stage.tick()
    assert stage.state is DeskState.STOPPING
    stage.loop.on_report(canceled(order))
    stage.taken()
    stage.supervisor.tick()
    assert (stage.taken(), stage.state) == ([("logout",)], DeskState.STOPPED)
    stage.supervisor.tick()
    stage.supervisor.stop()
    assert stage.taken() == []


def test_stop_without_a_session_ends_at_once() -> None:
    stage = trading()
    stage.resting()
    stage.log_out()
    stage.supervisor.stop()
    stage.tick()
    assert stage.state is DeskState.STOPPED


def test_stop_before_the_start_calls_no_hook() -> None:
    stage = Stage()
    stage.supervisor.stop()
    stage.tick()
    assert (stage.state, stage.hooks()) == (DeskState.STOPPED, [])


def test_stop_ends_a_halt_too() -> None:
    stage = trading()
    stage.supervisor.halt("fire")
    stage.supervisor.stop()
    stage.tick()
    assert stage.state is DeskState.STOPPED


@pytest.mark.parametrize("event", ["halt", "resume", "reduce_only", "pause"])
def test_nothing_leaves_the_end_again(event: str) -> None:
    stage = trading()
    stage.resting()
    stage.supervisor.stop()
    getattr(stage.supervisor, event)("late")
    stage.tick()
    assert (stage.state, stage.loop.is_trading, stage.buy()) == (DeskState.STOPPING, False, None)


def test_order_placed_in_on_stop_is_cancelled_too() -> None:
    class Last(Strategy):
        def on_stop(self) -> None:
            self.context.buy(self.context.instruments[0], 4_500, 1)

    stage = trading(Last())
    stage.supervisor.stop()
    assert stage.bodies() == [b"D T-2", b"F T-3 T-2"]


class LostJournal(NullJournal):
    """A journal that takes no more."""

    def append_note(self, text: str, now_ns: int) -> None:
        raise JournalError("cannot be written: No space left on device")

    def append_cancel(self, order: Order, now_ns: int) -> int:  # type: ignore[override]
        raise OSError(5, "Input/output error")

    def append_request(self, cl_ord_id: str, now_ns: int) -> None:
        raise OSError(5, "Input/output error")

    def append_disconnect(self, now_ns: int) -> None:
        raise OSError(5, "Input/output error")


def test_journal_that_cannot_be_written_holds_up_no_halt_and_no_cancel() -> None:
    stage = Stage(journal=LostJournal()).trade()
    order = stage.resting()
    stage.supervisor.halt("fire")
    assert (stage.state, stage.bodies()) == (DeskState.HALTED, [b"F T-3 T-2"])
    assert stage.reports == [
        "HALT: fire",
        "not in the journal: cannot be written: No space left on device",
        "halted already when: journal: [Errno 5] Input/output error",
    ]
    assert order.pending


def test_journal_that_cannot_be_written_holds_up_no_mass_cancel_and_no_loss_of_the_session() -> None:
    stage = Stage(journal=LostJournal())
    stage.log_on()
    assert stage.tick() == [b"q T-1"]
    order = stage.buy()
    stage.log_out()
    assert (stage.state, order.ord_status) == (DeskState.WAITING, Status.UNKNOWN)
    assert stage.reports.count("not in the journal: [Errno 5] Input/output error") == 2


def test_what_was_asked_for_is_forgotten_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.trading.controls.live_orders.MOST_ASKED", 3)
    stage = trading()
    for _ in range(9):
        order = stage.resting()
        stage.supervisor._live.cancel([order], stage.now_ns)
        stage.loop.on_report(canceled(order))
        stage.tick(RETRY_NS)
    assert len(stage.supervisor._live._asked_ns) <= 3
