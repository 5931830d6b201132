"""Recovery from a snapshot brings back what recovery from the beginning does, however long the history is."""

import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import JournalError, OrderError
from engine.fix import BUY, SELL
from engine.instrument import Instrument
from engine.journal.reader import read, read_all
from engine.journal.recovery import recover
from engine.journal.segments import RecordKind, journal_paths
from engine.journal.snapshot import MOST_DONE, SEGMENTS, Snapshots
from engine.journal.starts import has_snapshot, start_of
from engine.journal.writer import Journal, NullJournal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from tests.support.journals import written
from tests.support.order_chaos import Chaos
from tests.support.order_reports import INSTRUMENTS, RAIN, SNOW, ack, fill, open_order, state

OPENED: list[Journal] = []


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    """Close what a test left open."""
    yield
    while OPENED:
        OPENED.pop().close()


class Desk:
    """One start on a journal directory, with a snapshot at its beginning."""

    def __init__(
        self,
        directory: Path,
        nonce: str,
        size: int = 2**16,
        instruments: tuple[Instrument, ...] = INSTRUMENTS,
        day_ns: int = 0,
    ) -> None:
        self.orders, self.portfolio = Orders(nonce), Portfolio(instruments)
        paths = journal_paths(directory) if directory.exists() else []
        self.recovered = recover(paths, instruments, self.orders, self.portfolio, day_ns)
        self.journal = Journal(
            directory, nonce, instruments, 1, segment_bytes=size, open_count=self.recovered.open_count
        )
        OPENED.append(self.journal)
        kept = self.recovered.saved, self.recovered.standing
        self.snapshots = Snapshots(self.journal, self.orders, self.portfolio, None, *kept)
        self.snapshots.take()

    def trade(self, side: int, qty: int, price: int, instrument: Instrument = RAIN) -> None:
        order = open_order(self.orders, qty, price, side, instrument=instrument)
        self.journal.append_new(order, 1)
        for made in (ack(order), fill(order, qty, f"E{order.cl_ord_id}", price)):
            self.portfolio.book(self.orders.apply(made))
            self.journal.append_report(made, 1)

    def stands(self) -> object:
        """What is open and held, as values."""
        live = [state(order) for order in self.orders.live()]
        held = [(each.net, each.cash, each.cost, each.fees, each.is_settled) for each in self.portfolio]
        return live, held, (self.portfolio.cash, self.portfolio.cost, self.portfolio.fees), self.orders.opened


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), runs=st.lists(st.integers(1, 120), min_size=1, max_size=4))
def test_recovery_from_snapshots_equals_what_was(seed: int, runs: list[int]) -> None:
    source = random.Random(seed)
    with TemporaryDirectory() as name:
        directory = Path(name)
        stood: object = None
        for run, steps in enumerate(runs):
            desk = Desk(directory, f"R{run}")
            assert stood is None or desk.stands() == stood
            chaos = Chaos(seed + run, desk.orders, desk.portfolio, desk.journal)
            chaos.opened = list(dict.fromkeys(order for _, order in desk.orders.ids.items()))
            for _ in range(steps):
                chaos.step()
                if source.random() < 0.05:
                    desk.journal.roll()
                    desk.snapshots.take()
            desk.journal.close()
            desk.orders.on_disconnect()
            stood = desk.stands()
        last = Desk(directory, "Z")
        last.journal.close()
        assert last.stands() == stood


def test_snapshot_begins_each_run_and_what_was_before_may_be_moved_away(tmp_path: Path) -> None:
    first = Desk(tmp_path, "A")
    first.trade(BUY, 7, 4_200)
    first.journal.close()
    second = Desk(tmp_path, "B")
    second.trade(SELL, 2, 4_300)
    second.journal.close()
    stood = second.stands()
    assert has_snapshot(tmp_path / "000002-0001.journal")
    (tmp_path / "000001-0001.journal").unlink()
    assert Desk(tmp_path, "C").stands() == stood


def test_o28_recovery_reads_from_the_last_snapshot_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A", size=2**18)
    for _ in range(9_000):
        desk.trade(BUY, 1, 4_200)
        desk.snapshots.tick()
    desk.journal.close()
    paths = journal_paths(tmp_path)
    total = sum(1 for _ in read_all(paths))
    again = Desk(tmp_path, "B", size=2**18)
    assert len(paths) > SEGMENTS + 2
    assert again.recovered.records < total / 2
    assert again.portfolio[RAIN].net == 9_000
    again.journal.close()


def test_snapshot_that_a_crash_cut_short_is_not_begun_from(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A")
    desk.trade(BUY, 3, 4_200)
    desk.trade(BUY, 4, 4_100, SNOW)
    desk.journal.close()
    second = Desk(tmp_path, "B")
    path = second.journal.path
    second.journal.close()
    last = [record for record in read(path) if record.kind == RecordKind.ORDER][-1]
    data = bytearray(path.read_bytes())
    path.write_bytes(bytes(data[: last.offset]) + bytes(2**16 - last.offset))
    mark = next(read(path)).offset - 8
    data = bytearray(path.read_bytes())
    data[mark : mark + 8] = last.offset.to_bytes(4, "little") * 2
    path.write_bytes(data)
    assert not has_snapshot(path)
    assert start_of([tmp_path / "000001-0001.journal", path]) == 0
    third = Desk(tmp_path, "C")
    assert [position.net for position in third.portfolio] == [3, 4]


def test_position_in_a_market_that_left_counts_from_a_snapshot_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A")
    desk.trade(BUY, 5, 4_000, SNOW)
    desk.trade(SELL, 5, 4_600, SNOW)
    desk.trade(BUY, 2, 4_000)
    desk.journal.close()
    second = Desk(tmp_path, "B", instruments=(RAIN,))
    second.journal.close()
    third = Desk(tmp_path, "C", instruments=(RAIN,))
    third.journal.close()
    assert second.portfolio.cash == third.portfolio.cash == 5 * 600 - 2 * 4_000
    back = Desk(tmp_path, "D")
    assert (back.portfolio[SNOW].cash, back.portfolio[RAIN].net) == (5 * 600, 2)


def test_day_goes_on_from_a_snapshot(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A")
    desk.trade(BUY, 1, 4_000)
    desk.portfolio.start_day(5)
    desk.trade(SELL, 1, 3_000)
    desk.snapshots.take()
    desk.journal.close()
    second = Desk(tmp_path, "B")  # its snapshot says what was made before the day and in it
    second.journal.close()
    third = Desk(tmp_path, "C")
    for portfolio in (second.portfolio, third.portfolio):
        assert portfolio[RAIN].cash == -1_000
        assert portfolio.day() == second.portfolio.day()


def test_report_about_an_order_that_is_over_finds_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A")
    desk.trade(BUY, 3, 4_200)
    desk.journal.close()
    second = Desk(tmp_path, "B")
    order = second.orders.by_id("A-1")
    assert order is not None and order.is_done
    assert second.orders.apply(fill(order, 3, "EA-1", 4_200)).last_qty == 0
    assert second.portfolio[RAIN].net == 3


def test_snapshot_keeps_the_newest_of_those_that_are_over(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A", size=2**20)
    for _ in range(MOST_DONE + 10):
        desk.trade(BUY, 1, 4_200)
    desk.journal.close()
    second = Desk(tmp_path, "B", size=2**20)
    kept = [record for record in written(second.journal.path) if record.kind == RecordKind.ORDER]
    assert len(kept) == MOST_DONE
    second.journal.close()
    fourth = Desk(tmp_path, "D", size=2**20)
    assert fourth.orders.by_id("A-1") is None
    assert fourth.orders.by_id(f"A-{MOST_DONE + 10}") is not None


def test_snapshot_into_what_holds_something_is_refused() -> None:
    portfolio = Portfolio(INSTRUMENTS)
    portfolio.fill(RAIN, BUY, 1, 4_000, 0)
    with pytest.raises(OrderError, match="is held already"):
        portfolio.restore_holding(RAIN, 1, 0, 0, 0, 0, 0, 0, 0, 0)


def test_null_journal_keeps_no_snapshot() -> None:
    snapshots = Snapshots(NullJournal(), Orders("A"), Portfolio(INSTRUMENTS))
    snapshots.take()
    snapshots.tick()


def test_damage_behind_a_snapshot_is_named(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A")
    desk.journal.close()
    desk = Desk(tmp_path, "B")
    desk.trade(BUY, 1, 4_000)
    desk.trade(BUY, 1, 4_000)
    path = desk.journal.path
    desk.journal.close()
    report = next(record for record in read(path) if record.kind == RecordKind.REPORT)
    data = bytearray(path.read_bytes())
    data[report.offset + 30] ^= 4
    path.write_bytes(data)
    with pytest.raises(JournalError, match=f"{path.name} offset {report.offset}: record damaged"):
        Desk(tmp_path, "C")
