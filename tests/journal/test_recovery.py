"""What a journal brings back is what there was."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import JournalError
from engine.fix import BUY, Exec, Status
from engine.instrument import Instrument
from engine.journal.recovery import Recovered, recover
from engine.journal.segments import RecordKind, journal_paths
from engine.journal.writer import Journal
from engine.orders.order import Order, restore_fields
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport
from engine.orders.table import Outcome
from engine.portfolio import Portfolio
from tests.support.order_chaos import Chaos, snapshot
from tests.support.order_reports import INSTRUMENTS, RAIN, SNOW, ack, fill, open_order, report, state


def fee(order: Order, price: int, qty: int, is_taker: bool) -> int:
    restore_fields(order, fee_rest=order.fee_rest + qty)
    return price * qty // 100 if is_taker else qty


class Engine:
    """One start of an engine on a journal directory, with the order of its path; `crash` is to leave it."""

    def __init__(
        self, directory: Path, nonce: str, instruments: tuple[Instrument, ...] = INSTRUMENTS, size: int = 2**16
    ) -> None:
        self.orders = Orders(nonce, fee)
        self.portfolio = Portfolio(instruments)
        paths = journal_paths(directory) if directory.exists() else []
        self.recovered: Recovered = recover(paths, instruments, self.orders, self.portfolio)
        self.journal = Journal(directory, nonce, instruments, 1, segment_bytes=size)

    def open(self, instrument: Instrument = RAIN) -> Order:
        order = open_order(self.orders, instrument=instrument)
        self.journal.append_new(order, 1)
        return order

    def hear(self, made: ExecutionReport) -> None:
        change = self.orders.apply(made)
        self.journal.append_report(made, 2)
        self.portfolio.book(change)

    def crash(self) -> None:
        """Let go of the directory without an END, as the kernel does for a process that is gone."""
        content = self.journal.path.read_bytes()
        self.journal.close()
        self.journal.path.write_bytes(content)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), runs=st.lists(st.integers(1, 80), min_size=1, max_size=3), clean=st.booleans())
def test_recovered_state_equals_the_state_that_was(seed: int, runs: list[int], clean: bool) -> None:
    with TemporaryDirectory() as name:
        directory = Path(name)
        was = snapshot(Orders("R0"), Portfolio(INSTRUMENTS))
        for run, steps in enumerate(runs):
            engine = Engine(directory, f"R{run}", size=4096)
            assert snapshot(engine.orders, engine.portfolio) == was
            chaos = Chaos(seed + run, engine.orders, engine.portfolio, engine.journal)
            chaos.opened = list(dict.fromkeys(order for _, order in engine.orders.ids.items()))
            for _ in range(steps):
                chaos.step()
            if clean:
                engine.journal.close()
            else:
                engine.crash()
            engine.orders.on_disconnect()
            was = snapshot(engine.orders, engine.portfolio)
        again, portfolio = Orders(engine.orders.nonce, fee), Portfolio(INSTRUMENTS)
        recover(journal_paths(directory), INSTRUMENTS, again, portfolio)
        assert snapshot(again, portfolio) == was
        assert again.ids.last == engine.orders.ids.last


def test_unanswered_requests_come_back_unknown(tmp_path: Path) -> None:
    before = Engine(tmp_path, "A")
    unanswered, working, cancelling, replacing, filled = (before.open() for _ in range(5))
    for each in (working, cancelling, replacing, filled):
        before.hear(ack(each, order_id=f"V-{each.cl_ord_id}"))
    before.hear(fill(working, 4, "E1"))
    before.hear(fill(filled, 10, "E2"))
    before.orders.request_cancel(cancelling, 3)
    before.journal.append_cancel(cancelling, 3)
    before.orders.request_replace(replacing, 4300, 12, 3)
    before.journal.append_replace(replacing, 3)
    before.crash()

    after = Engine(tmp_path, "B")
    assert after.recovered.records == 13
    assert [order.cl_ord_id for order in after.recovered.unknown] == ["A-1", "A-3", "A-4"]
    assert [(order.cl_ord_id, *state(order)) for order in after.orders.live()] == [
        ("A-1", Status.UNKNOWN, 10, 0, 10, ""),
        ("A-2", Status.PARTIALLY_FILLED, 10, 4, 6, ""),
        ("A-3", Status.UNKNOWN, 10, 0, 10, "F"),
        ("A-4", Status.UNKNOWN, 10, 0, 10, "G"),
    ]
    assert [order.worst_leaves_qty for order in after.orders.live()] == [10, 6, 10, 12]
    assert (after.portfolio[RAIN].net, after.portfolio[RAIN].fees) == (14, 14)
    assert [order.sent_ns for order in after.orders.live()] == [0] * 4
    after.journal.close()


def test_fills_seen_before_the_crash_are_duplicates_after_it(tmp_path: Path) -> None:
    before = Engine(tmp_path, "A")
    order = before.open()
    repeated = fill(order, 4, "E1", poss_dup=True)
    before.hear(repeated)
    before.crash()
    after = Engine(tmp_path, "B")
    after.hear(repeated)
    assert after.portfolio[RAIN].net == 4
    after.journal.close()


def test_counter_goes_on_behind_every_id_that_was_used(tmp_path: Path) -> None:
    before = Engine(tmp_path, "A")
    order = before.open()
    before.hear(ack(order))
    before.orders.request_cancel(order, 3)
    before.journal.append_cancel(order, 3)
    before.journal.append_request(before.orders.next_cl_ord_id(), 4)
    before.crash()
    after = Engine(tmp_path, "A")
    assert after.orders.next_cl_ord_id() == "A-4"
    after.journal.close()


def test_late_answer_to_an_earlier_run_finds_its_order(tmp_path: Path) -> None:
    first = Engine(tmp_path, "A")
    order = first.open()
    first.crash()
    second = Engine(tmp_path, "B")
    second.hear(report(order.cl_ord_id, Exec.NEW, Status.NEW, order_id="V1"))
    second.open()
    second.crash()
    third = Engine(tmp_path, "C")
    assert [(each.cl_ord_id, each.ord_status) for each in third.orders.live()] == [("A-1", "0"), ("B-1", "u")]
    third.journal.close()


def test_instruments_in_another_order_keep_what_is_theirs(tmp_path: Path) -> None:
    before = Engine(tmp_path, "A")
    before.hear(fill(before.open(SNOW), 4, "E1"))
    before.journal.append_settle(RAIN, 10_000, 9, 5)
    before.crash()
    snow, rain = Instrument(SNOW.symbol, 0, None), Instrument(RAIN.symbol, 1, None)
    after = Engine(tmp_path, "B", (snow, rain))
    assert [(p.instrument, p.net, p.fees) for p in after.portfolio] == [(snow, 4, 4 + 3), (rain, 0, 9)]
    assert [order.instrument for order in after.orders.live()] == [snow]
    after.journal.close()


def test_market_that_is_gone_and_flat_is_history(tmp_path: Path) -> None:
    before = Engine(tmp_path, "A")
    before.hear(fill(before.open(SNOW), 10, "E1"))
    before.journal.append_settle(SNOW, 10_000, 0, 5)
    before.crash()
    after = Engine(tmp_path, "B", (RAIN,))
    assert (after.orders.live(), [p.net for p in after.portfolio]) == ([], [0])
    after.journal.close()


@pytest.mark.parametrize("qty", [4, 10], ids=["live order", "position"])
def test_market_that_is_gone_and_open_is_named(tmp_path: Path, qty: int) -> None:
    before = Engine(tmp_path, "A")
    before.hear(fill(before.open(SNOW), qty, "E1"))
    before.crash()
    with pytest.raises(JournalError, match=rf"{SNOW.symbol} is held or has live orders: configure it"):
        Engine(tmp_path, "B", (RAIN,))


def test_market_whose_units_changed_is_named(tmp_path: Path) -> None:
    before = Engine(tmp_path, "A")
    before.open(SNOW)
    before.crash()
    with pytest.raises(JournalError, match=rf"offset \d+: .*{SNOW.symbol}.* other units"):
        Engine(tmp_path, "B", (Instrument(SNOW.symbol, 0, None, price_decimals=2),))


@pytest.mark.parametrize(
    ("kind", "numbers", "text", "fault"),
    [
        (RecordKind.CANCEL, (), "A-7\x01A-8", "ClOrdID\\(11\\) unknown: 'A-7'"),
        (RecordKind.CANCEL, (), "A-7", "list index out of range"),
        (RecordKind.REPLACE, (4300, 12), "A-1\x01A-8", "only a working order"),
        (RecordKind.NEW, (9, BUY, 1, 1, 0, 0), "A-2\x012\x011", "9"),
        (RecordKind.REPORT, (1,), "8", "a report of 2 values"),
        (77, (), "", "kind 77 is not known"),
    ],
)
def test_record_that_cannot_be_replayed_is_set_aside_by_name(
    tmp_path: Path, kind: int, numbers: tuple[int, ...], text: str, fault: str
) -> None:
    before = Engine(tmp_path, "A")
    order = before.open()
    before.journal._append(kind, 1, numbers, text)
    before.hear(fill(order, 3, "E1"))
    before.crash()
    after = Engine(tmp_path, "B")
    (line,) = after.recovered.doubts
    assert re.search(rf"000001-0001.journal offset \d+: cannot be replayed: .*{fault}.*: set aside, in doubt: ", line)
    assert after.portfolio[RAIN].net == 3  # the journal goes on behind it
    after.crash()


def test_order_whose_record_is_set_aside_is_in_doubt(tmp_path: Path) -> None:
    before = Engine(tmp_path, "A")
    order = before.open()
    before.hear(ack(order))
    before.journal._append(RecordKind.REPLACE, 1, (4300, 0), f"{order.cl_ord_id}\x01A-8")
    before.crash()
    after = Engine(tmp_path, "B")
    assert [each.cl_ord_id for each in after.recovered.unknown] == [order.cl_ord_id]
    assert after.recovered.doubts[0].endswith(f"in doubt: ClOrdID(11) {order.cl_ord_id}")
    assert after.orders.next_cl_ord_id() not in ("A-8", order.cl_ord_id)
    after.crash()


def test_only_the_first_records_that_are_set_aside_are_listed(tmp_path: Path) -> None:
    before = Engine(tmp_path, "A")
    for _ in range(15):
        before.journal._append(77, 1, (), "")
    before.crash()
    after = Engine(tmp_path, "B")
    assert len(after.recovered.doubts) == 11
    assert after.recovered.doubts[-1] == "5 more records cannot be replayed, and are set aside"
    after.crash()


@pytest.mark.parametrize(
    ("boot", "ends", "is_told"),
    [("other", False, True), ("other", True, False), ("", False, False), ("this", False, False)],
)
def test_run_that_ended_with_its_machine_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, boot: str, ends: bool, is_told: bool
) -> None:
    with monkeypatch.context() as patched:
        if boot != "this":
            patched.setattr("engine.journal.segments.boot_id", lambda: boot)
        before = Engine(tmp_path, "A")
        before.hear(ack(before.open()))
        if ends:
            before.journal.close()
        else:
            before.crash()
    after = Engine(tmp_path, "B")
    assert [("machine ended before this run did" in line) for line in after.recovered.doubts] == [True] * is_told
    after.crash()


def test_nothing_to_recover_is_nothing() -> None:
    assert recover([], INSTRUMENTS, Orders("A"), Portfolio(INSTRUMENTS)) == (0, [], [], 0, [], {}, None)


def test_s5_recovered_orders_tell_replays_from_other_executions_as_before(tmp_path: Path) -> None:
    before = Engine(tmp_path, "A")
    order = before.open()
    first, second = fill(order, 3, "E1"), fill(order, 7, "E1", cum_qty=10, leaves_qty=0)
    for each in (first, second):
        before.hear(each)
    bust = report(order.cl_ord_id, Exec.TRADE_CANCEL, "1", exec_id="E1", exec_ref_id="E1", cum_qty=3, leaves_qty=7)
    before.hear(bust)
    before.crash()
    after = Engine(tmp_path, "B")
    recovered = after.orders.by_id(order.cl_ord_id)
    assert recovered is not None
    assert (recovered.cum_qty, after.portfolio[RAIN].net) == (3, 3)
    assert [after.orders.apply(each).kind for each in (first, second, bust)] == [Outcome.DUPLICATE] * 3
    assert after.orders.apply(fill(recovered, 6, "E1")).kind == Outcome.FILLED
    after.crash()


@pytest.mark.parametrize("qty", [4, 10], ids=["working", "filled"])
def test_s1_order_that_was_suspected_comes_back_in_doubt(tmp_path: Path, qty: int) -> None:
    before = Engine(tmp_path, "A")
    order = before.open()
    before.hear(fill(order, qty, "E1"))
    before.journal.append_doubt(order, 3)
    before.orders.doubt(order)
    was = state(order)
    before.crash()
    after = Engine(tmp_path, "B")
    assert [state(each) for each in after.recovered.unknown] == [was]
    assert after.orders.live() == after.recovered.unknown
    after.crash()
