"""The trading day in the journal: its records, what a replay makes of them, and journals from before there were any."""

import shutil
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.fix import BUY, SELL, Status
from engine.journal.reader import read_header
from engine.journal.recovery import recover
from engine.journal.segments import Header, RecordKind, journal_paths
from engine.journal.view.dump import dump
from engine.journal.writer import Journal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from tests.support.journals import written
from tests.support.order_reports import INSTRUMENTS, RAIN, SNOW, ack, fill, open_order

OLD = Path(__file__).parent / "files"  # two runs, the first killed, by the writer before MARK and DAY
DAY_NS = 86_400 * 10**9
MORNING = 20_000 * DAY_NS
NOON, EVENING = MORNING + DAY_NS // 2, MORNING + DAY_NS


class Life:
    """Orders and a portfolio that a journal keeps, as an engine would; `start` replays what earlier lives left."""

    def __init__(self, directory: Path, nonce: str, day_start_ns: int = 0) -> None:
        self.orders, self.portfolio = Orders(nonce), Portfolio(INSTRUMENTS)
        paths = journal_paths(directory) if directory.exists() else []
        recovered = recover(paths, INSTRUMENTS, self.orders, self.portfolio, day_start_ns)
        self.journal = Journal(directory, nonce, INSTRUMENTS, 1, segment_bytes=4096, open_count=recovered.open_count)

    def trade(self, at_ns: int, side: int, qty: int, price: int, fee: int = 0) -> None:
        order = open_order(self.orders, qty, price, side)
        self.journal.append_new(order, at_ns)
        for made in (ack(order), fill(order, qty, f"E{order.cl_ord_id}", price, fee=fee)):
            self.portfolio.book(self.orders.apply(made))
            self.journal.append_report(made, at_ns)

    def turn(self, at_ns: int) -> None:
        self.portfolio.start_day(at_ns)
        self.journal.append_mark(self.portfolio[RAIN], at_ns)
        self.journal.append_day(at_ns, 0, at_ns)


def test_records_of_a_day_say_what_is_held_and_what_it_has_made(tmp_path: Path) -> None:
    life = Life(tmp_path, "A")
    life.portfolio.fill(SNOW, SELL, 10, 4_200, 7)
    life.portfolio.mark(SNOW, 4_000, 4_400)
    life.journal.append_mark(life.portfolio[SNOW], 5)
    life.journal.append_day(MORNING, -2_007, 6)
    assert [(r.kind, r.time_ns, r.numbers, r.text) for r in written(life.journal.path)] == [
        (RecordKind.MARK, 5, (1, -10, 42_000, -42_000, 7, 4_400), ""),
        (RecordKind.DAY, 6, (MORNING, -2_007), ""),
    ]
    assert [line.split(maxsplit=2)[2] for line in list(dump(life.journal.path))[2:]] == [
        "MARK 55=KXSNOW-1 net -0.10 at 0.4400, cash 0.042000, cost -0.042000, fees 0.000007",
        "DAY since 20241004-00:00:00.000000000, made -0.002007",
    ]
    life.journal.close()


def test_day_counts_from_its_record_with_the_marks_before_it(tmp_path: Path) -> None:
    life = Life(tmp_path, "A")
    life.trade(MORNING - 5, BUY, 10, 5_000, 7)
    life.portfolio.mark(RAIN, 4_000, 6_000)
    life.turn(MORNING)
    life.trade(NOON, SELL, 4, 3_900, 2)
    life.portfolio.mark(RAIN, 4_000, 6_000)
    assert (life.portfolio.day_pnl, life.portfolio.pnl) == (-402, 10 * -1_000 - 7 - 402)
    life.journal.close()
    again = Life(tmp_path, "B", MORNING)
    assert again.portfolio.day_start_ns == MORNING
    again.portfolio.mark(RAIN, 4_000, 6_000)  # the book of before
    for ours, theirs in zip((again.portfolio, *again.portfolio), (life.portfolio, *life.portfolio), strict=True):
        assert (ours.day_pnl, ours.pnl) == (theirs.day_pnl, theirs.pnl)
    again.journal.close()


def test_fill_between_the_turn_and_its_record_belongs_to_the_day_before(tmp_path: Path) -> None:
    life = Life(tmp_path, "A")
    life.trade(MORNING + 1, BUY, 10, 5_000, 7)
    life.turn(MORNING + 2)
    life.trade(MORNING + 3, SELL, 10, 5_000, 1)
    life.journal.close()
    again = Life(tmp_path, "B", MORNING + 2)
    assert again.portfolio.day_pnl == life.portfolio.day_pnl == -1
    again.journal.close()


def test_day_without_a_record_counts_from_its_first_fill(tmp_path: Path) -> None:
    life = Life(tmp_path, "A")
    life.trade(MORNING - 1, BUY, 10, 5_000, 7)
    life.trade(MORNING, SELL, 4, 4_900, 2)
    life.journal.close()
    again = Life(tmp_path, "B", MORNING)
    assert (again.portfolio.day_start_ns, again.portfolio.day_pnl) == (MORNING, 10 * -100 - 2)
    again.journal.close()
    later = Life(tmp_path, "C", EVENING)
    assert (later.portfolio.day_start_ns, later.portfolio.pnl) == (0, -1_009)
    later.journal.close()


def test_start_in_the_middle_of_a_day_carries_on_without_the_runs_before_it(tmp_path: Path) -> None:
    life = Life(tmp_path, "A")
    life.trade(MORNING, BUY, 10, 5_000, 7)
    life.trade(MORNING, SELL, 10, 4_000, 7)
    life.journal.close()
    second = Life(tmp_path, "B", MORNING)
    second.journal.append_day(MORNING, second.portfolio.day_pnl, NOON)
    second.trade(NOON, BUY, 1, 100, 3)
    second.trade(NOON, SELL, 1, 100, 3)
    second.journal.close()
    for path in journal_paths(tmp_path)[:1]:
        path.unlink()
    third = Life(tmp_path, "C", MORNING)
    assert third.portfolio.day_pnl == second.portfolio.day_pnl == -10_014 - 6
    third.journal.close()


@pytest.mark.parametrize("other", [MORNING - 3600 * 10**9, EVENING], ids=["earlier rule", "wrong clock"])
def test_o5_record_of_another_day_gives_no_new_budget(tmp_path: Path, other: int) -> None:
    life = Life(tmp_path, "A")
    life.trade(NOON, BUY, 10, 5_000, 7)
    life.trade(NOON, SELL, 10, 4_000, 7)
    life.journal.append_day(other, 0, NOON + 1)
    life.trade(NOON + 2, BUY, 1, 100, 3)
    life.journal.close()
    again = Life(tmp_path, "B", MORNING)
    assert (again.portfolio.day_start_ns, again.portfolio.day_pnl) == (MORNING, -10_017)
    again.journal.close()


def test_marks_of_an_orderly_end_are_the_baseline_of_the_day_after(tmp_path: Path) -> None:
    life = Life(tmp_path, "A")
    life.trade(NOON, SELL, 10, 5_000)
    life.portfolio.mark(RAIN, 4_900, 5_200)
    life.journal.append_mark(life.portfolio[RAIN], NOON)
    life.journal.close()
    again = Life(tmp_path, "B", EVENING)
    assert (again.portfolio[RAIN].mark, again.portfolio.day_start_ns) == (5_200, 0)
    again.turn(EVENING)
    again.portfolio.mark(RAIN, 4_900, 5_300)
    assert (again.portfolio.pnl, again.portfolio.day_pnl) == (-3_000, -1_000)
    again.journal.close()


def test_every_day_is_taken_as_recorded_where_none_is_asked_for(tmp_path: Path) -> None:
    life = Life(tmp_path, "A")
    life.trade(MORNING, BUY, 10, 5_000, 7)
    life.turn(NOON)
    life.trade(NOON + 1, BUY, 1, 5_000, 3)
    life.journal.close()
    again = Life(tmp_path, "B")
    assert (again.portfolio.day_start_ns, again.portfolio.day_pnl) == (NOON, -3)
    again.journal.close()


def test_loss_in_a_market_that_left_counts_today(tmp_path: Path) -> None:
    life = Life(tmp_path, "A")
    life.trade(NOON, BUY, 10, 5_000, 7)
    life.portfolio.settle(RAIN, 0)
    life.journal.append_settle(RAIN, 0, 0, NOON)
    life.journal.close()
    portfolio = Portfolio(())
    recover(journal_paths(tmp_path), (), Orders("B"), portfolio, MORNING)
    assert (portfolio.day_pnl, [p.pnl for p in portfolio.gone()]) == (-50_007, [-50_007, 0])


def test_amount_that_no_sum_holds_is_named(tmp_path: Path) -> None:
    life = Life(tmp_path, "A")
    for _ in range(2):
        life.journal.append_settle(RAIN, 0, 2**62, NOON)
    life.journal.close()
    with pytest.raises(JournalError, match=r"offset \d+: cannot be replayed"):
        Life(tmp_path, "B")


# The format of before


@pytest.fixture
def old(tmp_path: Path) -> list[Path]:
    for path in OLD.glob("*.journal"):
        shutil.copy(path, tmp_path)
    return journal_paths(tmp_path)


def test_journal_of_before_is_read_as_before(old: list[Path]) -> None:
    orders, portfolio = Orders("C"), Portfolio(INSTRUMENTS)
    recovered = recover(old, INSTRUMENTS, orders, portfolio)
    assert (recovered.records, [order.cl_ord_id for order in recovered.unknown]) == (12, ["A-2"])
    assert [(o.cl_ord_id, o.ord_status, o.cum_qty, o.leaves_qty) for o in orders.live()] == [
        ("A-2", Status.UNKNOWN, 5, 15),
        ("A-1", Status.PARTIALLY_FILLED, 4, 6),
    ]
    assert [(p.net, p.cash, p.cost, p.fees) for p in portfolio] == [(4, -16_800, 16_800, 7), (0, -15_000, 0, 10)]
    assert orders.by_id("A-1").executions == {"E1": (4, 4200, 7), "E2": None, "E4": None}  # type: ignore[union-attr]
    assert (portfolio.day_start_ns, portfolio[SNOW].is_settled) == (0, True)


def test_journal_of_before_gives_the_day_what_it_made(old: list[Path]) -> None:
    second_day = read_header(old[1]).created_ns
    portfolio = Portfolio(INSTRUMENTS)
    recover(old, INSTRUMENTS, Orders("C"), portfolio, second_day)
    # A bust of six at .41 that were worth .41, and five sold short at .70 that pay a dollar
    assert (portfolio.day_start_ns, portfolio.day_pnl) == (second_day, 7 - 5 * 3_000 - 3)


def test_journal_of_before_is_gone_on_with(old: list[Path]) -> None:
    life = Life(old[0].parent, "C")
    assert isinstance(read_header(life.journal.path), Header)
    assert read_header(life.journal.path).run == 3
    life.turn(EVENING)
    life.journal.close()
    assert [r.kind for r in written(journal_paths(old[0].parent)[-1])] == [
        RecordKind.MARK,
        RecordKind.DAY,
        RecordKind.END,
    ]
    again = Life(old[0].parent, "D")
    assert again.portfolio.day_start_ns == EVENING
    assert again.portfolio.pnl == life.portfolio.pnl
    again.journal.close()
