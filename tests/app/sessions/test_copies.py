"""Copies of reports: every fill counts once, whichever source tells it first, and what nobody else told is booked."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.app.sessions.copies import BOUND_NS, LONGEST_NS, Copies
from engine.app.sessions.first_source import FirstSource
from engine.fix import Exec, Status
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.runtime.notices import NoticeKind
from engine.trading.markets import Stop
from engine.trading.reconcile.reports import fill_report
from engine.venue.past_reports import CopiedReport
from tests.support.desks import Scene
from tests.support.order_reports import report
from tests.support.venue_account import AccountVenue

START = 10**18


class Told:
    """A desk, its venue, and a copy of everything that the venue tells."""

    def __init__(self, with_rest: bool = True) -> None:
        self.scene = Scene()
        self.venue = AccountVenue()
        self.reasons: list[str] = []
        self.now_ns = START
        self.heard: dict[str, int] = {}
        first: Any = self
        look_soon = self.reasons.append if with_rest else None
        self.copies = Copies(self.scene.loop, first, lambda: self.now_ns, look_soon)
        self.copies.connected()
        self.number = 0

    def heard_ns(self, exec_id: str) -> int:
        """Say as the first source when the session of orders told a report."""
        return self.heard.get(exec_id, 0)

    def session(self, told: ExecutionReport) -> None:
        """Tell over the session of orders."""
        self.scene.loop.apply(told)
        self.heard[told.exec_id] = self.now_ns

    def copy(self, told: ExecutionReport, time_ns: int = 0) -> None:
        self.copies.hear(copied(told, time_ns or self.now_ns))

    def wait(self, duration_ns: int) -> None:
        self.now_ns += duration_ns
        self.copies.look()

    def named(self, told: ExecutionReport) -> ExecutionReport:
        """Give a report an ExecID of its own, as this venue does to each."""
        self.number += 1
        told.exec_id = told.exec_id or f"E{self.number}"
        return told

    def working(self, qty: int = 10) -> Order:
        order: Order = self.scene.buy(qty=qty)
        self.session(self.named(self.venue.accept(order)))
        return order

    def disconnect(self) -> None:
        self.scene.loop.is_connected = False

    def reconnect(self) -> None:
        self.scene.loop.is_connected = True
        self.copies.connected()

    def counted(self) -> dict[str, int]:
        counts = self.copies.counts
        return {name: value for name in counts.__slots__ if (value := getattr(counts, name))}

    def told(self, kind: NoticeKind) -> int:
        return int(self.scene.loop.notices.count(kind))

    def net(self) -> int:
        return int(self.scene.portfolio[self.scene.rain].net)


def copied(told: ExecutionReport, time_ns: int) -> CopiedReport:
    """Return a report as a copy, whose trade has the venue's name of it."""
    again = ExecutionReport()
    for name in vars_of(told):
        setattr(again, name, getattr(told, name))
    return CopiedReport(again, again.exec_id.removeprefix("E") if again.exec_type == Exec.TRADE else "", time_ns)


def vars_of(told: ExecutionReport) -> list[str]:
    return [name for name in dir(told) if not name.startswith("_") and not callable(getattr(told, name))]


@pytest.fixture
def desk() -> Told:
    return Told()


def test_fill_that_both_tell_counts_once_and_is_timed(desk: Told) -> None:
    order = desk.working()
    fill = desk.venue.fill(order, 4, 4_500)
    desk.session(fill)
    desk.now_ns += 7
    desk.copy(fill)
    assert (order.cum_qty, desk.net()) == (4, 4)
    assert desk.counted() == {"heard": 1, "agreed": 1, "lag_ns": 7}


def test_fill_that_the_copy_tells_first_counts_once_and_is_timed(desk: Told) -> None:
    order = desk.working()
    fill = desk.venue.fill(order, 4, 4_500)
    desk.copy(fill)
    assert (order.cum_qty, desk.net()) == (4, 4)
    desk.now_ns += 7
    desk.session(fill)
    desk.wait(1)
    assert (order.cum_qty, desk.net()) == (4, 4)
    assert desk.counted() == {"heard": 1, "booked": 1, "agreed": 1, "lag_ns": -7}
    assert not desk.told(NoticeKind.REPORT_RECOVERED)


def test_fill_that_the_session_missed_is_recovered_and_told(desk: Told) -> None:
    order = desk.working()
    desk.disconnect()
    desk.copy(desk.venue.fill(order, 4, 4_500))
    assert (order.cum_qty, desk.net()) == (4, 4)
    assert desk.counted() == {"heard": 1, "booked": 1, "recovered": 1}
    assert desk.told(NoticeKind.REPORT_RECOVERED) == 1


def test_fill_that_rest_has_booked_is_known_by_its_trade(desk: Told) -> None:
    order = desk.working()
    fill = desk.venue.fill(order, 4, 4_500)
    desk.scene.loop.apply(fill_report(order, desk.venue.fills[0]))
    desk.copy(fill)
    assert (order.cum_qty, desk.net()) == (4, 4)
    assert desk.counted() == {"heard": 1, "agreed": 1}


def test_fill_ahead_of_another_waits_for_it(desk: Told) -> None:
    order = desk.working()
    first, second = desk.venue.fill(order, 4, 4_500), desk.venue.fill(order, 3, 4_500)
    desk.copy(second)
    assert order.cum_qty == 0
    desk.session(first)
    desk.wait(1)
    assert (order.cum_qty, desk.net()) == (7, 7)
    desk.session(second)
    assert (order.cum_qty, desk.net()) == (7, 7)
    assert not desk.reasons


def test_fill_whose_predecessor_never_comes_has_the_account_compared(desk: Told) -> None:
    order = desk.working()
    desk.venue.fill(order, 4, 4_500)
    desk.copy(desk.venue.fill(order, 3, 4_500))
    desk.wait(LONGEST_NS)
    assert order.cum_qty == 0 and len(desk.reasons) == 1
    assert desk.told(NoticeKind.COPY_CONTRADICTED) == 1
    desk.wait(LONGEST_NS)
    assert len(desk.reasons) == 1


def test_contradiction_without_rest_puts_its_order_in_doubt() -> None:
    desk = Told(with_rest=False)
    order = desk.working()
    desk.venue.fill(order, 4, 4_500)
    desk.copy(desk.venue.fill(order, 3, 4_500))
    desk.wait(LONGEST_NS)
    assert order.ord_status == Status.UNKNOWN
    assert desk.scene.loop.markets.has(desk.scene.rain, Stop.DOUBT.value)


def test_fill_under_another_id_that_is_within_what_counted_is_wrong(desk: Told) -> None:
    order = desk.working()
    fill = desk.venue.fill(order, 4, 4_500)
    desk.session(fill)
    other = copied(fill, START)
    other.report.exec_id = "E99"
    desk.copies.hear(other._replace(trade_id="99"))
    assert order.cum_qty == 4 and len(desk.reasons) == 1
    assert desk.counted() == {"heard": 1, "contradicted": 1}


def test_end_waits_for_the_session_of_orders_and_is_taken_when_that_does_not_tell(desk: Told) -> None:
    order = desk.working()
    desk.copy(desk.named(desk.venue.cancel(order)))
    desk.wait(BOUND_NS - 1)
    assert order.ord_status == Status.NEW
    desk.wait(1)
    assert order.ord_status == Status.CANCELED


def test_order_that_went_with_the_connection_is_over_by_the_copy(desk: Told) -> None:
    order = desk.working()
    desk.disconnect()
    desk.copy(desk.named(desk.venue.cancel(order)))
    assert order.ord_status == Status.CANCELED
    assert desk.told(NoticeKind.REPORT_RECOVERED) == 1


def test_end_before_the_logon_is_taken_at_once_after_it(desk: Told) -> None:
    order = desk.working()
    desk.disconnect()
    end, then_ns = desk.named(desk.venue.cancel(order)), desk.now_ns
    desk.now_ns += 5
    desk.reconnect()
    desk.copy(end, then_ns)
    assert order.ord_status == Status.CANCELED


def test_order_in_doubt_works_by_its_acknowledgement_in_a_copy(desk: Told) -> None:
    order = desk.scene.buy()
    accepted = desk.named(desk.venue.accept(order))
    desk.disconnect()
    desk.scene.loop.orders.on_disconnect()
    assert order.ord_status == Status.UNKNOWN
    desk.copy(accepted)
    assert (order.ord_status, order.order_id) == (Status.NEW, accepted.order_id)


def test_old_acknowledgement_ends_no_doubt(desk: Told) -> None:
    order = desk.working()
    desk.scene.loop.suspect(order, "for a test")
    desk.disconnect()
    desk.copy(report(order.cl_ord_id, Exec.NEW, Status.NEW, exec_id="E1", cum_qty=0, leaves_qty=10))
    assert order.ord_status == Status.UNKNOWN


def test_strangers_fill_in_our_market_has_the_account_compared(desk: Told) -> None:
    values: dict[str, Any] = {"last_qty": 1, "last_px": 4_500, "cum_qty": 1, "exec_id": "E7"}
    desk.copy(report("other-1", Exec.TRADE, Status.FILLED, symbol="RAIN", **values))
    desk.copy(report("other-2", Exec.TRADE, Status.FILLED, symbol="HAIL", **values))
    desk.copy(report("other-3", Exec.NEW, Status.NEW, symbol="RAIN"))
    assert desk.counted() == {"heard": 3, "strangers": 2, "elsewhere": 1}
    assert len(desk.reasons) == 1 and "none of ours" in desk.reasons[0]


def test_strangers_fill_without_rest_stops_its_market() -> None:
    desk = Told(with_rest=False)
    values: dict[str, Any] = {"last_qty": 1, "last_px": 4_500, "cum_qty": 1, "exec_id": "E7"}
    desk.copy(report("other-1", Exec.TRADE, Status.FILLED, symbol="RAIN", **values))
    assert desk.scene.loop.markets.has(desk.scene.rain, Stop.ACCOUNT.value)


def test_first_source_knows_when_the_session_told() -> None:
    taken: list[str] = []
    now = [5]
    first = FirstSource(lambda fields: taken.append(fields.msg_type), lambda: now[0])
    noted: list[tuple[str, int]] = []
    first.note = lambda exec_id, heard_ns: noted.append((exec_id, heard_ns))
    for msg_type, exec_id in (("8", "1;1"), ("9", "1;2"), ("8", "1;3"), ("8", "1;1")):
        message: Any = Message(msg_type, exec_id)
        first.take(message)
        now[0] += 1
    assert [first.heard_ns(each) for each in ("1;1", "1;2", "1;3")] == [5, 0, 7]
    assert taken == ["8", "9", "8", "8"] and noted == [("1;1", 5), ("1;3", 7), ("1;1", 8)]


class Message:
    """A message as far as the first source reads it."""

    def __init__(self, msg_type: str, exec_id: str) -> None:
        self.msg_type, self.exec_id = msg_type, exec_id

    def text(self, tag: int) -> str:
        assert tag == 17
        return self.exec_id


LIVES = st.lists(st.sampled_from(["fill", "fill", "cancel"]), min_size=1, max_size=8)
STEPS = st.lists(st.sampled_from(["venue", "session", "copy", "lose", "back", "wait"]), max_size=60)


class Life:
    """One order's reports in the venue's order, of which each source has told so many."""

    def __init__(self, desk: Told, acts: list[str]) -> None:
        self.desk, self.acts = desk, ["accept", *acts]
        self.order: Order = desk.scene.buy(qty=10)
        self.reports: list[tuple[ExecutionReport, int]] = []
        self.by_session = self.by_copy = 0

    def venue(self) -> None:
        """Have the venue do the next thing that it can."""
        venue, order = self.desk.venue, self.order
        act = self.acts.pop(0) if self.acts else ""
        known = venue.orders.get(order.cl_ord_id)
        if act == "accept" and known is None:
            self._happened(venue.accept(order))
        elif known is not None and known.leaves_qty and act == "fill":
            self._happened(venue.fill(order, min(3, known.leaves_qty), 4_500))
        elif known is not None and known.leaves_qty and act == "cancel":
            self._happened(venue.cancel(order))

    def _happened(self, told: ExecutionReport) -> None:
        self.reports.append((self.desk.named(told), self.desk.now_ns))

    def session(self) -> None:
        if self.by_session < len(self.reports):
            if self.desk.scene.loop.is_connected:
                self.desk.session(copied(*self.reports[self.by_session]).report)
            self.by_session += 1

    def copy(self) -> None:
        if self.by_copy < len(self.reports):
            told, then_ns = self.reports[self.by_copy]
            self.desk.copy(told, then_ns)
            self.by_copy += 1

    def lose(self) -> None:
        self.desk.disconnect()
        self.desk.scene.loop.orders.on_disconnect()
        self.by_session = len(self.reports)  # what is under way is lost

    def back(self) -> None:
        if not self.desk.scene.loop.is_connected:
            self.by_session = len(self.reports)
            self.desk.reconnect()

    def wait(self) -> None:
        self.desk.wait(BOUND_NS // 3)


@settings(max_examples=150, deadline=None)
@given(LIVES, STEPS)
def test_whatever_either_source_loses_or_delays_ends_as_at_the_venue(acts: list[str], steps: list[str]) -> None:
    desk = Told()
    life = Life(desk, acts)
    for step in steps:
        getattr(life, step)()
    while life.by_copy < len(life.reports):  # the copy is complete in the end
        life.copy()
    while life.by_session < len(life.reports):
        life.session()
    desk.wait(BOUND_NS)
    desk.wait(BOUND_NS)
    known = desk.venue.orders.get(life.order.cl_ord_id)
    if known is None:
        return
    assert (life.order.cum_qty, life.order.leaves_qty) == (known.cum_qty, known.leaves_qty)
    assert desk.net() == known.cum_qty == sum(fill.qty for fill in desk.venue.fills)
    assert life.order.ord_status == known.status
    assert desk.copies.counts.contradicted == 0 and not desk.scene.halts and not desk.reasons
