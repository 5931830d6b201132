"""The path step by step: what a frame, a request and a report do, in which order, and what stops them."""

from typing import Any, Never

import pytest

from engine import fix
from engine.book import Book
from engine.codec import Fields
from engine.errors import JournalError, SessionError
from engine.fix import Exec, Msg, Status
from engine.instrument import Instrument
from engine.journal.segments import RecordKind
from engine.journal.writer import NullJournal
from engine.orders.order import Order
from engine.orders.report import ABSENT
from engine.risk import RiskReject, TradingState
from engine.runtime.notices import NoticeKind
from engine.strategy import Strategy
from engine.trading.markets import Stop
from engine.venue import EventKind
from tests.support.desks import ASK, BID, Scene
from tests.support.order_reports import ack, cancel_reject, canceled, fill, replaced, report


class Buyer(Strategy):
    """Buys once, as soon as a book moves."""

    def on_book(self, book: Book) -> None:
        if not any(self.context.orders()):
            self.context.buy(book.instrument, 4_500, 10)


class Breaker(Strategy):
    """Breaks in the hook that it is told to break in."""

    breaks_in = "on_book"

    def on_book(self, book: Book) -> None:
        if self.breaks_in == "on_book":
            raise ValueError("no idea")


def acked(scene: Scene, order: Order) -> Order:
    scene.loop.on_report(ack(order, order_id="V1", leaves_qty=order.order_qty, cum_qty=0))
    scene.taken()
    return order


# A frame


def test_frame_passes_book_strategy_risk_orders_encode_journal_and_send_in_this_order() -> None:
    scene = Scene(Buyer())
    scene.delta(4_500, 50)
    assert scene.taken() == [
        ("market_data.decode", EventKind.DELTA),
        ("book.apply", BID, 4_500, 50),
        ("portfolio.mark_book", "RAIN"),
        ("strategy.on_book", "RAIN"),
        ("risk.check_new", "RAIN", fix.BUY, 4_500, 10, "2", "RAIN", 1_000),
        ("orders.open", "RAIN", fix.BUY, 4_500, 10, "2", "1", False, 0, 1_000, "", None),
        ("dialect.new_order", "T-1", 10**18 + 1_000),
        ("journal.append_new", "T-1", 10**18 + 1_000),
        ("risk.update", "T-1"),
        ("send", b"D T-1"),
    ]
    assert scene.loop.tick_to_order.count == 1


def test_strategy_runs_once_after_the_last_frame_of_a_read() -> None:
    scene = Scene()
    scene.delta(4_500, 50, is_last=False)
    scene.delta(4_600, 50, is_last=False, side=ASK)
    scene.delta(4_400, 50, is_last=False, instrument=scene.snow)
    assert "strategy.on_book" not in scene.names()
    scene.delta(4_500, 10)
    assert [step for step in scene.taken() if step[0] == "strategy.on_book"] == [
        ("strategy.on_book", "RAIN"),
        ("strategy.on_book", "SNOW"),
    ]


def test_end_of_read_without_a_frame_runs_the_strategy() -> None:
    scene = Scene()
    scene.delta(4_500, 50, is_last=False)
    scene.taken()
    scene.loop.on_read_end()
    scene.loop.on_read_end()
    assert scene.names() == ["portfolio.mark_book", "strategy.on_book"]


def test_strategy_does_not_run_for_a_level_below_the_watched_depth() -> None:
    scene = Scene()
    scene.delta(4_300, 5)  # the third level
    assert "strategy.on_book" in scene.names()
    scene.delta(4_200, 5)  # the fourth
    assert scene.names() == ["market_data.decode", "book.apply"]
    assert scene.loop.counters.book_updates == 2


def test_book_is_told_when_it_moved_last() -> None:
    scene = Scene()
    scene.now_ns = 5_000
    scene.delta(4_500, 5)
    assert [book.updated_ns for book in scene.books] == [5_000, 1_000]
    assert scene.loop.last_frame_ns == 5_000


def test_unreadable_frame_is_counted_and_changes_nothing() -> None:
    scene = Scene()
    scene.loop.on_frame(b"{", True)
    assert scene.taken() == [("market_data.decode", b"{")]
    counters = scene.loop.counters
    assert (counters.frames, counters.bad_frames, counters.book_updates) == (1, 1, 0)
    assert [each.kind for each in scene.loop.notices.all()] == [NoticeKind.FRAME_UNREADABLE]


def test_unreadable_last_frame_of_a_read_still_lets_the_strategy_run() -> None:
    scene = Scene()
    scene.delta(4_500, 50, is_last=False)
    scene.loop.on_frame(b"{", True)
    assert scene.names()[-1] == "strategy.on_book"


def test_gap_marks_the_suspects_stale_and_sends_the_commands() -> None:
    scene = Scene()
    scene.frame(EventKind.GAP, gap=True, suspects=(scene.rain, scene.snow), commands=[b"again"])
    assert scene.taken() == [
        ("market_data.decode", EventKind.GAP),
        ("book.mark_stale",),
        ("book.mark_stale",),
        ("command", b"again"),
    ]
    assert [book.is_stale for book in scene.books] == [True, True]
    assert scene.loop.counters.gaps == 1


def test_sound_snapshot_after_a_gap_is_applied_after_its_suspects_are_stale() -> None:
    scene = Scene()
    scene.frame(
        EventKind.SNAPSHOT,
        gap=True,
        instrument=scene.rain,
        suspects=scene.instruments,
        bids=[(4_000, 1)],
        asks=[(5_000, 1)],
    )
    assert [book.is_stale for book in scene.books] == [False, True]


@pytest.mark.parametrize("kind", [EventKind.DELTA, EventKind.LEVEL])
def test_update_that_contradicts_the_book_makes_it_stale_and_asks_again(kind: int) -> None:
    scene = Scene()
    scene.frame(kind, instrument=scene.rain, side=BID, price=4_500, size=-101)
    assert scene.books[0].is_stale
    assert scene.taken()[-2:] == [("market_data.resync", (scene.rain,)), ("command", b"resync RAIN")]
    assert (scene.loop.counters.stale_updates, scene.loop.counters.book_updates) == (1, 0)


def test_contradicting_snapshot_leaves_asking_again_to_the_feed() -> None:
    scene = Scene()
    scene.frame(EventKind.SNAPSHOT, instrument=scene.rain, bids=[(4_550, 5)], asks=[])
    assert scene.books[0].is_stale
    assert scene.names() == ["market_data.decode", "book.snapshot", "market_data.resync"]


def test_level_is_absolute() -> None:
    scene = Scene()
    scene.frame(EventKind.LEVEL, instrument=scene.rain, side=ASK, price=4_600, size=7)
    assert scene.books[0].best_ask_size == 7


def test_trade_reaches_the_strategy_only_while_trading() -> None:
    scene = Scene()
    scene.frame(EventKind.TRADE, instrument=scene.rain, side=fix.SELL, price=4_500, size=5)
    assert scene.taken()[-1] == ("strategy.on_trade", "RAIN", fix.SELL, 4_500, 5)
    scene.loop.is_trading = False
    scene.frame(EventKind.TRADE, instrument=scene.rain, side=fix.SELL, price=4_500, size=5)
    assert scene.names() == ["market_data.decode"]
    assert scene.loop.counters.trades == 2


def test_m1_what_the_dialect_tells_is_told_to_people() -> None:
    scene = Scene()
    notices = ((NoticeKind.FRAMES_LOST, "lost"), (NoticeKind.SUBSCRIPTION_REFUSED, "no such market"))
    scene.frame(EventKind.REFUSED, notices=notices)
    assert [(each.kind, each.text) for each in scene.loop.notices.all()] == list(notices)


def test_m18_a_block_trade_is_no_trade_of_the_book() -> None:
    scene = Scene()
    scene.frame(EventKind.TRADE, instrument=scene.rain, side=fix.SELL, price=4_500, size=5, is_block=True)
    assert scene.taken()[-1] == ("strategy.on_block_trade", "RAIN", fix.SELL, 4_500, 5)


@pytest.mark.parametrize(("kind", "unknown"), [(EventKind.UNKNOWN, 1), (EventKind.CONTROL, 0), (EventKind.REFUSED, 0)])
def test_frame_about_no_book_only_counts(kind: int, unknown: int) -> None:
    scene = Scene()
    scene.frame(kind)
    assert scene.names() == ["market_data.decode"]
    assert (scene.loop.counters.frames, scene.loop.counters.unknown_frames) == (1, unknown)


def test_strategy_is_not_run_while_not_trading_but_the_position_is_marked() -> None:
    scene = Scene()
    scene.loop.is_trading = False
    scene.delta(4_500, 5)
    assert scene.names() == ["market_data.decode", "book.apply", "portfolio.mark_book"]


def test_exception_in_on_book_halts_and_the_next_frame_is_handled() -> None:
    scene = Scene(Breaker())
    scene.delta(4_500, 5)
    assert len(scene.halts) == 1
    assert scene.halts[0].startswith("strategy hook on_book raised ValueError: no idea (")
    assert f"{__file__}:" in scene.halts[0]
    scene.strategy.breaks_in = ""
    scene.delta(4_500, 5)
    assert len(scene.halts) == 1
    assert scene.names()[-1] == "strategy.on_book"


def test_strategy_that_ends_the_process_only_halts() -> None:
    class Quitter(Strategy):
        def on_book(self, book: Book) -> Never:
            raise SystemExit(3)

        def on_order(self, order: Order) -> Never:
            raise SystemExit(4)

    scene = Scene(Quitter())
    scene.delta(4_500, 5)
    acked(scene, scene.buy())
    assert [halt.split("(")[0] for halt in scene.halts] == [
        "strategy hook on_book raised SystemExit: 3 ",
        "strategy hook on_order raised SystemExit: 4 ",
    ]


def test_loss_seen_on_a_frame_halts() -> None:
    scene = Scene(max_daily_loss=1_000)
    scene.loop.on_report(fill(acked(scene, scene.buy()), 10, "E1", 4_500))
    scene.frame(EventKind.SNAPSHOT, instrument=scene.rain, bids=[(100, 5)], asks=[(200, 5)])
    assert scene.halts == [scene.risk.reason] == ["lost 0.044007 today, allowed 0.001000"]


def test_loss_that_a_person_resumed_over_is_told_with_its_amounts() -> None:
    scene = Scene(max_daily_loss=1_000)
    scene.loop.on_report(fill(acked(scene, scene.buy()), 10, "E1", 4_500))
    scene.frame(EventKind.SNAPSHOT, instrument=scene.rain, bids=[(100, 5)], asks=[(200, 5)])
    scene.risk.set_state(TradingState.ACTIVE, "resumed")
    assert scene.buy(100) is None
    assert scene.taken()[-1] == (
        "strategy.on_reject", None, RiskReject.DAILY_LOSS, "lost 0.044007 today, allowed 0.001000",
    )  # fmt: skip


# A request


def test_denied_order_reaches_the_strategy_and_nothing_else() -> None:
    scene = Scene(max_order_qty=9)
    assert scene.buy(qty=10) is None
    code = RiskReject.MAX_ORDER_QTY
    assert scene.names() == ["risk.check_new", "journal.append_state", "strategy.on_reject"]
    assert (scene.loop.counters.orders, scene.loop.counters.denials_by_code) == (0, {code: 1})


def test_order_in_a_market_of_somebody_else_is_denied() -> None:
    scene = Scene()
    assert scene.desk.buy(Instrument("ELSE", 1, None), 4_500, 1) is None
    assert scene.loop.counters.denials_by_code == {RiskReject.UNKNOWN_MARKET: 1}
    assert (scene.sent, scene.halts) == ([], [])


def test_order_while_not_trading_is_denied_before_anything_else() -> None:
    scene = Scene()
    scene.loop.is_trading = False
    assert scene.buy() is None
    record, told = scene.taken()
    assert record[:3] == ("journal.append_state", RecordKind.DENIAL, (0, fix.BUY, 4_500, 10, RiskReject.HALTED, 0))
    assert told == ("strategy.on_reject", None, RiskReject.HALTED, "trading is halted")


def test_order_on_a_stale_book_is_denied() -> None:
    scene = Scene()
    scene.books[0].mark_stale()
    assert scene.buy() is None
    assert scene.loop.counters.denials_by_code == {RiskReject.BOOK_STALE: 1}


@pytest.mark.parametrize("terms", [{"time_in_force": "1\x0158=x"}, {"time_in_force": ""}, {"time_in_force": "6"}])
def test_o11_time_in_force_that_cannot_be_written_is_denied_before_anything_is_recorded(terms: dict[str, Any]) -> None:
    scene = Scene()
    assert scene.buy(**terms) is None
    assert scene.names() == ["journal.append_state", "strategy.on_reject"]  # the denial, without the time in force
    assert scene.loop.counters.denials_by_code == {RiskReject.TIME_IN_FORCE: 1}
    assert scene.buy(time_in_force="6", expire_time_ns=1) is not None


def test_order_that_could_not_be_sent_halts_and_stays_open_at_its_worst() -> None:
    scene = Scene()

    def refuse(body: bytes) -> Never:
        raise SessionError("not logged on")

    scene.loop.gateway.send = refuse
    order = scene.buy()
    assert scene.halts == ["request not sent: not logged on"]
    assert (order.ord_status, scene.orders.live(), scene.risk.exposure.open_orders) == ("p", [order], 1)


def test_replace_passes_risk_orders_encode_journal_and_send_in_this_order() -> None:
    scene = Scene()
    order = acked(scene, scene.buy())
    assert scene.desk.replace(order, 4_400, 20)
    assert scene.taken() == [
        ("risk.check_replace", "T-1", 4_400, 20, "RAIN", 1_000),
        ("orders.request_replace", "T-1", 4_400, 20, 1_000, ""),
        ("dialect.replace", "T-1", 10**18 + 1_000),
        ("journal.append_replace", "T-1", 10**18 + 1_000),
        ("risk.update", "T-1"),
        ("send", b"G T-2 T-1"),
    ]
    assert not scene.desk.replace(order, 4_300, 20)  # one request in flight
    assert scene.taken() == []


@pytest.mark.parametrize(("qty", "denial"), [(20, RiskReject.MAX_ORDER_QTY), (0, RiskReject.QTY)])
def test_denied_replace_leaves_the_order_as_it_was(qty: int, denial: RiskReject) -> None:
    scene = Scene(max_order_qty=19)
    order = acked(scene, scene.buy())
    assert not scene.desk.replace(order, 4_500, qty)
    assert scene.names() == ["risk.check_replace", "journal.append_state", "strategy.on_reject"]
    assert (order.pending, scene.loop.counters.denials_by_code) == ("", {denial: 1})


def test_replace_while_not_trading_is_denied() -> None:
    scene = Scene()
    order = acked(scene, scene.buy())
    scene.loop.is_trading = False
    assert not scene.desk.replace(order, 4_400, 10)
    record, told = scene.taken()
    assert record[2:4] == ((0, fix.BUY, 4_400, 10, RiskReject.HALTED, 0), f"{scene.rain.symbol}\x01T-1")
    assert told == ("strategy.on_reject", "T-1", RiskReject.HALTED, "trading is halted")


def test_cancel_passes_while_not_trading() -> None:
    scene = Scene()
    order = acked(scene, scene.buy())
    scene.loop.is_trading = False
    assert scene.desk.cancel(order)
    assert scene.taken() == [
        ("risk.check_cancel", "T-1", 1_000),
        ("orders.request_cancel", "T-1", 1_000, ""),
        ("risk.update", "T-1"),
        ("dialect.cancel", "T-1", 10**18 + 1_000),
        ("journal.append_cancel", "T-1", 10**18 + 1_000),
        ("send", b"F T-2 T-1"),
    ]
    assert not scene.desk.cancel(order)
    assert scene.taken() == []


def test_cancel_without_a_session_is_not_put_in_flight() -> None:
    scene = Scene()
    order = acked(scene, scene.buy())
    scene.loop.is_connected = False
    assert not scene.desk.cancel(order)
    assert (order.pending, scene.taken()) == ("", [])


def test_order_sent_from_no_frame_is_no_tick_to_order() -> None:
    scene = Scene()
    scene.delta(4_500, 5)  # which the strategy does not answer
    scene.buy()
    assert (scene.loop.tick_to_order.count, scene.loop.counters.orders) == (0, 1)


# A report


def test_report_passes_journal_orders_position_risk_and_strategy_in_this_order() -> None:
    scene = Scene()
    order = acked(scene, scene.buy())
    scene.loop.on_report(fill(order, 4, "E1", 4_500))
    assert scene.taken() == [
        ("dialect.decode", Exec.TRADE),
        ("journal.append_report", Exec.TRADE, 10**18 + 1_000),
        ("orders.apply", Exec.TRADE),
        ("portfolio.book", (0, 0, 0, 4, 4_500, 7)),
        ("risk.update", "T-1"),
        ("strategy.on_fill", "T-1", 4_500, 4),
    ]
    position = scene.portfolio[scene.rain]
    assert (position.net, position.cash, position.fees) == (4, -18_000, 7)
    assert (scene.risk.exposure.position(scene.rain), scene.risk.exposure.open_orders) == (4, 1)


def test_every_outcome_is_counted_once_and_told_once() -> None:
    scene = Scene()
    first = acked(scene, scene.buy())
    scene.desk.replace(first, 4_400, 10)
    scene.loop.on_report(replaced(first))
    scene.desk.cancel(first)
    scene.loop.on_report(cancel_reject(first, Status.NEW, reason=99, text="busy"))
    scene.desk.cancel(first)
    scene.loop.on_report(canceled(first))
    second = scene.sell()
    scene.loop.on_report(report(second.cl_ord_id, Exec.REJECTED, Status.REJECTED, reason=3, text="too much"))
    counters = scene.loop.counters
    assert (counters.orders, counters.acks, counters.replaces, counters.cancels) == (2, 1, 1, 1)
    assert (counters.rejects, counters.cancel_rejects, counters.rejects_by_reason) == (1, 1, {99: 1, 3: 1})
    told = [step for step in scene.taken() if step[0].startswith("strategy")]
    assert told == [
        ("strategy.on_order", "T-2"),
        ("strategy.on_reject", "T-2", 99, "busy"),
        ("strategy.on_order", "T-2"),
        ("strategy.on_reject", "T-5", 3, "too much"),
    ]
    assert scene.halts == []


def test_repeated_fill_is_counted_and_booked_once() -> None:
    scene = Scene()
    order = acked(scene, scene.buy())
    for _ in range(2):
        scene.loop.on_report(fill(order, 4, "E1", cum_qty=4, leaves_qty=6))
    assert (scene.loop.counters.fills, scene.loop.counters.duplicates, scene.portfolio[scene.rain].net) == (1, 1, 4)


def test_bust_takes_position_cash_fee_and_risk_back() -> None:
    scene = Scene()
    order = acked(scene, scene.buy())
    scene.loop.on_report(fill(order, 4, "E1", 4_500))
    scene.taken()
    bust = report(order.cl_ord_id, Exec.TRADE_CANCEL, Status.NEW, exec_id="E2", exec_ref_id="E1")
    bust.leaves_qty, bust.cum_qty = 10, 0
    scene.loop.on_report(bust)
    assert scene.taken()[3:] == [
        ("portfolio.book", (4, 4_500, 7, 0, 0, 0)),
        ("risk.update", "T-1"),
        ("strategy.on_order", "T-1"),
    ]
    position = scene.portfolio[scene.rain]
    assert (position.net, position.cash, position.fees, scene.risk.exposure.position(scene.rain)) == (0, 0, 0, 0)


def test_unreadable_report_about_nothing_of_ours_halts_and_is_not_applied() -> None:
    scene = Scene()
    fields = Fields("35=8\x01")
    scene.loop.on_report(fields)
    assert scene.halts == ["unreadable report: OrderQty(38) is no number"]
    assert scene.taken() == [("dialect.decode", fields)]
    assert (scene.loop.counters.reports, scene.loop.counters.unknown_reports) == (1, 1)


def test_message_that_says_nothing_about_orders_is_counted_and_refused() -> None:
    scene = Scene()
    scene.loop.on_report(None)
    assert scene.taken() == [("dialect.decode", None), ("refuse", None)]
    assert (scene.halts, scene.loop.counters.unknown_reports) == ([], 1)


def test_report_about_a_strangers_order_is_recorded_and_halts() -> None:
    scene = Scene()
    scene.loop.on_report(report("X9", Exec.NEW, Status.NEW))
    assert scene.names() == ["dialect.decode", "journal.append_report", "orders.apply"]
    assert [halt.split(",")[0] for halt in scene.halts] == [
        "a report contradicts what we know: ClOrdID(11) unknown: 'X9'"
    ]
    assert scene.loop.counters.unknown_reports == 1


def test_impossible_report_stops_its_market_and_counts_its_order_at_the_worst() -> None:
    scene = Scene()
    order = acked(scene, scene.buy())
    scene.loop.on_report(fill(order, 4, "E1", cum_qty=9))
    assert scene.halts == []
    assert scene.loop.markets.causes(scene.rain) == Stop.DOUBT
    assert (order.ord_status, scene.risk.exposure.open_orders, scene.portfolio[scene.rain].net) == ("u", 1, 0)


def test_outcome_in_doubt_is_told_and_does_not_halt() -> None:
    scene = Scene()
    order = acked(scene, scene.buy())
    scene.loop.on_report(report(order.cl_ord_id, Exec.REJECTED, Status.UNKNOWN))
    assert (order.ord_status, scene.halts) == (Status.UNKNOWN, [])
    assert scene.taken()[-1] == ("strategy.on_order", "T-1")


def test_loss_seen_on_a_fill_halts() -> None:
    scene = Scene(max_daily_loss=5)
    scene.loop.on_report(fill(acked(scene, scene.buy()), 1, "E1", 4_500))
    assert scene.halts == [scene.risk.reason] == ["lost 0.000007 today, allowed 0.000005"]


def test_refused_mass_cancel_reaches_the_strategy_without_an_order() -> None:
    scene = Scene()
    scene.loop.on_report(report("T-9", "", "", msg_type=Msg.ORDER_MASS_CANCEL_REPORT, reason=1, text="no"))
    assert scene.taken()[-1] == ("strategy.on_reject", None, 1, "no")
    assert ABSENT not in scene.loop.counters.rejects_by_reason


def test_round_trip_is_measured_from_the_request_to_its_own_answer() -> None:
    scene = Scene()
    order = scene.buy()
    scene.now_ns += 700
    scene.desk.cancel(order)  # before the order is acknowledged
    scene.now_ns += 100
    scene.loop.on_report(ack(order))  # the answer to the order, whose time is not kept any more
    assert scene.loop.round_trip.count == 0
    scene.now_ns += 200
    scene.loop.on_report(canceled(order))
    assert (scene.loop.round_trip.count, scene.loop.round_trip.last_ns) == (1, 300)


def test_round_trip_is_measured_once_per_request() -> None:
    scene = Scene()
    order = scene.buy()
    scene.now_ns += 250
    scene.loop.on_report(ack(order))
    scene.now_ns += 9_000
    scene.loop.on_report(fill(order, 10, "E1", 4_500))
    assert (scene.loop.round_trip.count, scene.loop.round_trip.last_ns) == (1, 250)


class FullJournal(NullJournal):
    """A journal that has no room once it is told so."""

    is_full = False

    def append_report(self, report: Any, now_ns: int) -> Any:
        if self.is_full:
            raise JournalError("no space left")
        return 0

    def append_new(self, order: Any, now_ns: int) -> Any:
        return 0


@pytest.mark.parametrize("ends", [False, True])
def test_o1_fill_that_the_journal_cannot_take_is_booked_and_halts(ends: bool) -> None:
    journal = FullJournal()
    scene = Scene(journal=journal)
    order = scene.buy()
    scene.loop.on_report(ack(order))
    journal.is_full = True
    scene.taken()
    scene.loop.on_report(fill(order, 10 if ends else 3, "E1", 4_500))
    assert scene.portfolio[scene.rain].net == order.cum_qty == (10 if ends else 3)
    assert ("strategy.on_fill", order.cl_ord_id, 4_500, order.cum_qty) in scene.taken()
    assert scene.halts == ["journal: no space left"]
    scene.risk.exposure._check()
