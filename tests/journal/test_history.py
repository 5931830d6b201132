"""Recovery from a snapshot equals recovery from everything, whatever was left out of the snapshot."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.fix import BUY, SELL, Exec, Status
from engine.instrument import Instrument, PriceBand
from engine.journal import recovery
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.journal.snapshot import MOST_DONE, PART
from engine.journal.starts import has_snapshot
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport
from engine.portfolio import Portfolio
from tests.journal.test_snapshot import OPENED, Desk
from tests.support.order_reports import INSTRUMENTS, RAIN, ack, fill, open_order, report


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


def bust(order: Order, exec_ref_id: str, qty: int, **fields: object) -> ExecutionReport:
    made = report(order.cl_ord_id, Exec.TRADE_CANCEL, Status.NEW, exec_id=f"B{exec_ref_id}", exec_ref_id=exec_ref_id)
    made.order_id, made.cum_qty, made.leaves_qty = order.order_id, order.cum_qty - qty, 0
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def take(desk: Desk, made: ExecutionReport) -> None:
    desk.portfolio.book(desk.orders.apply(made))
    desk.journal.append_report(made, 1)


def many_over(desk: Desk, count: int = MOST_DONE + 10) -> None:
    for _ in range(count):
        desk.trade(BUY, 1, 4_200)


@pytest.mark.parametrize("named_by", ["cl_ord_id", "orig_cl_ord_id", "order_id"])
def test_o28_late_bust_of_an_order_that_no_snapshot_has_counts(tmp_path: Path, named_by: str) -> None:
    desk = Desk(tmp_path, "A", size=2**20)
    first = open_order(desk.orders, 3, 4_000)
    desk.journal.append_new(first, 1)
    take(desk, ack(first, order_id="V-1"))
    take(desk, fill(first, 3, "F1", 4_000))
    many_over(desk)
    desk.journal.roll()
    desk.snapshots.take()
    names = {"cl_ord_id": "venue's own", "orig_cl_ord_id": "", "order_id": "", named_by: first.cl_ord_id}
    if named_by == "order_id":
        names["order_id"] = "V-1"
    take(desk, bust(first, "F1", 3, **names))
    assert desk.portfolio[RAIN].net == MOST_DONE + 10
    stood = desk.portfolio[RAIN].net, desk.portfolio[RAIN].cash, desk.portfolio[RAIN].fees
    desk.journal.close()
    again = Desk(tmp_path, "B", size=2**20)
    assert (again.portfolio[RAIN].net, again.portfolio[RAIN].cash, again.portfolio[RAIN].fees) == stood
    again.journal.close()


def test_o28_order_that_a_late_bust_revives_can_be_cancelled_and_doubted(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A", size=2**20)
    first = open_order(desk.orders, 3, 4_000)
    desk.journal.append_new(first, 1)
    take(desk, ack(first, order_id="V-1"))
    take(desk, fill(first, 3, "F1", 4_000))
    many_over(desk)
    desk.journal.roll()
    desk.snapshots.take()
    take(desk, bust(first, "F1", 3, leaves_qty=3))
    desk.orders.request_cancel(first, 1)
    desk.journal.append_cancel(first, 1)
    desk.orders.doubt(first)
    desk.journal.append_doubt(first, 1)
    desk.journal.close()
    again = Desk(tmp_path, "B", size=2**20)
    assert [(order.cl_ord_id, order.leaves_qty) for order in again.orders.live()] == [("A-1", 3)]


def test_o28_order_of_doubt_alone_is_found_in_the_segments_before(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A", size=2**20)
    many_over(desk)
    desk.journal.roll()
    desk.snapshots.take()
    first = desk.orders.by_id("A-1")
    assert first is not None
    desk.orders.doubt(first)
    desk.journal.append_doubt(first, 1)
    desk.journal.close()
    again = Desk(tmp_path, "B", size=2**20)
    assert [order.cl_ord_id for order in again.orders.live()] == ["A-1"]


def test_report_about_an_order_whose_segments_are_gone_is_said(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A", size=2**20)
    many_over(desk)
    desk.journal.close()
    desk = Desk(tmp_path, "B", size=2**20)
    take(desk, report("A-1", Exec.TRADE_CANCEL, exec_id="B", exec_ref_id="EA-1"))
    desk.journal.close()
    for path in journal_paths(tmp_path)[:1]:
        path.unlink()
    orders, portfolio = Orders("C"), Portfolio(INSTRUMENTS)
    found = recover(journal_paths(tmp_path), INSTRUMENTS, orders, portfolio)
    assert len(found.dropped) == 1
    assert "'A-1'" in found.dropped[0]
    assert "segments before 000002-0001.journal are gone" in found.dropped[0]


def test_stranger_that_no_segment_names_costs_no_second_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path, "A")
    desk.trade(BUY, 1, 4_200)
    desk.journal.close()
    desk = Desk(tmp_path, "B")
    take(desk, report("stranger", Exec.NEW))
    desk.journal.close()
    monkeypatch.setattr(recovery._Replay, "_older", lambda *_: pytest.fail("replayed"))
    assert Desk(tmp_path, "C").portfolio[RAIN].net == 1


def test_ids_of_a_live_order_outlast_a_snapshot(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A")
    order = open_order(desk.orders, 10, 4_200)
    desk.journal.append_new(order, 1)
    take(desk, ack(order))
    desk.orders.request_replace(order, 4_100, 12, 1)
    desk.journal.append_replace(order, 1)
    desk.orders.on_disconnect()
    desk.journal.append_disconnect(1)
    desk.orders.request_cancel(order, 1)
    desk.journal.append_cancel(order, 1)
    desk.journal.close()
    ids = sorted(cl_ord_id for cl_ord_id, _ in desk.orders.ids.items())
    for nonce in "BC":
        again = Desk(tmp_path, nonce)
        again.journal.close()
        assert sorted(cl_ord_id for cl_ord_id, _ in again.orders.ids.items()) == ids


def test_order_of_more_executions_than_a_segment_holds_comes_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A", size=2**14)
    order = open_order(desk.orders, 5_000, 4_200)
    desk.journal.append_new(order, 1)
    for number in range(3_000):
        take(desk, fill(order, 1, f"E{number}", 4_200))
        if number % 500 == 499:
            desk.snapshots.tick()
    desk.journal.close()
    assert order.execution_count > PART
    again = Desk(tmp_path, "B", size=2**14)
    paths = [path for path in journal_paths(tmp_path) if path.name.startswith("000002")]
    assert len(paths) > 5
    assert has_snapshot(*paths)
    assert not has_snapshot(*paths[:2])
    again.journal.close()
    third = Desk(tmp_path, "C", size=2**14)
    assert third.recovered.records < 1_000
    (live,) = third.orders.live()
    assert (live.all_kept(), live.cum_qty, third.portfolio[RAIN].net) == (order.all_kept(), 3_000, 3_000)


def test_snapshot_of_many_markets_comes_back(tmp_path: Path) -> None:
    band = [PriceBand(0, 10_000, 100)]
    markets = tuple(Instrument(f"M{number}", number, band, event=f"V{number % 7}") for number in range(5_000))
    desk = Desk(tmp_path, "A", size=2**19, instruments=markets)
    for number, market in enumerate(markets):
        desk.portfolio.fill(market, BUY if number % 2 else SELL, 1 + number % 9, 4_000, 3)
    desk.journal.roll()
    desk.snapshots.take()
    desk.journal.close()
    again = Desk(tmp_path, "B", size=2**19, instruments=markets)
    assert again.stands() == desk.stands()
    again.portfolio._check()
    again.journal.close()
    third = Desk(tmp_path, "C", size=2**19, instruments=markets)
    assert third.stands() == desk.stands()


def test_engine_that_wrote_while_its_journal_was_read_is_not_taken_over_half(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A")
    with pytest.raises(JournalError, match="held by process"):
        Desk(tmp_path, "B")
    desk.journal.close()


# Every life of an order, every kind of day, in either way of reading


def from_everything(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let recovery begin at the first segment from now on; call what is returned to end that."""
    monkeypatch.setattr(recovery, "start_of", lambda paths: 0)
    return monkeypatch.undo


def brought_back(directory: Path, instruments: tuple[Instrument, ...], day_ns: int) -> object:
    orders, portfolio = Orders("Z"), Portfolio(instruments)
    recover(journal_paths(directory), instruments, orders, portfolio, day_ns)
    portfolio._check()
    live = [(each.cl_ord_id, each.ord_status, each.cum_qty, each.leaves_qty) for each in orders.live()]
    positions = (*portfolio, *portfolio.gone())
    held = {each.instrument.symbol: (each.net, each.cash, each.cost, each.fees, each.mark) for each in positions}
    return live, held, portfolio.pnl, portfolio.day_pnl, portfolio.day_start_ns, orders.opened


@pytest.mark.parametrize("seed", range(25))
def test_o28_days_settlements_and_markets_that_leave_come_back_alike(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = random.Random(seed)
    now, day = 10**12, 10**11
    for run in range(source.randint(2, 5)):
        markets = INSTRUMENTS
        desk = Desk(tmp_path, f"R{run}", size=2**13, instruments=markets, day_ns=now // day * day)
        if desk.portfolio.day_start_ns != now // day * day:
            desk.portfolio.start_day(now // day * day)
        desk.journal.append_day(desk.portfolio.day_start_ns, desk.portfolio.day_pnl, now)
        for _ in range(source.randint(0, 60)):
            now += source.randint(0, day // 10)
            draw = source.random()
            market = source.choice(markets)
            if now // day * day != desk.portfolio.day_start_ns:
                desk.portfolio.start_day(now // day * day)
                for position in desk.portfolio:
                    if position.net:
                        desk.journal.append_mark(position, now)
                desk.journal.append_day(desk.portfolio.day_start_ns, desk.portfolio.day_pnl, now)
            if draw < 0.06:
                desk.portfolio.settle(market, source.choice((0, 10_000)), 3)
                desk.journal.append_settle(market, desk.portfolio[market].mark, 3, now)
            elif draw < 0.12:
                desk.journal.roll()
                desk.snapshots.take()
            else:
                order = open_order(desk.orders, 5, 4_200, source.choice((BUY, SELL)), instrument=market)
                desk.journal.append_new(order, now)
                made = fill(order, 5, f"E{order.cl_ord_id}", source.randrange(4_000, 4_200, 100))
                if order.side == SELL:
                    made.last_px = source.randrange(4_200, 4_400, 100)
                desk.portfolio.book(desk.orders.apply(made))
                desk.journal.append_report(made, now)
        desk.journal.close()
        today = now // day * day
        quick = brought_back(tmp_path, markets, today)
        back = from_everything(monkeypatch)
        whole = brought_back(tmp_path, markets, today)
        back()
        assert quick == whole
        now += source.choice((0, 1, 3)) * day


def test_o28_late_bust_counts_where_the_run_that_took_it_knew_the_order_and_nowhere_else(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "A", size=2**20)
    many_over(desk)
    desk.journal.close()
    desk = Desk(tmp_path, "B", size=2**20)  # knows every order, its snapshot the newest
    first, second = desk.orders.by_id("A-1"), desk.orders.by_id("A-2")
    assert first is not None and second is not None
    take(desk, bust(first, "EA-1", 1))
    desk.journal.roll()
    desk.snapshots.take()
    take(desk, bust(second, "EA-2", 1))
    net = desk.portfolio[RAIN].net
    assert net == MOST_DONE + 8
    desk.journal.close()
    desk = Desk(tmp_path, "C", size=2**20)
    assert desk.portfolio[RAIN].net == net
    desk.journal.close()
    desk = Desk(tmp_path, "D", size=2**20)
    assert desk.orders.by_id("A-3") is None
    take(desk, report("A-3", Exec.TRADE_CANCEL, exec_id="B3", exec_ref_id="EA-3", cum_qty=0, leaves_qty=0))
    assert desk.portfolio[RAIN].net == net  # told as unknown
    desk.journal.close()
    assert Desk(tmp_path, "E", size=2**20).portfolio[RAIN].net == net


@pytest.mark.parametrize("decimals", [(2, 0), (6, 2)])
def test_o28_loss_of_the_day_outlasts_markets_of_other_decimals(
    tmp_path: Path, decimals: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, "A", day_ns=100)
    desk.portfolio.start_day(100)
    desk.journal.append_day(100, 0, 101)
    desk.trade(BUY, 10, 4_200)
    desk.trade(SELL, 10, 3_000)
    desk.journal.append_day(100, desk.portfolio.day_pnl, 102)
    desk.journal.roll()
    desk.snapshots.take()
    desk.journal.close()
    price_decimals, size_decimals = decimals
    band = [PriceBand(0, 10**price_decimals, 1)]
    hail = Instrument("HAIL", 0, band, price_decimals=price_decimals, size_decimals=size_decimals)
    quick = brought_back(tmp_path, (hail,), 100)
    from_everything(monkeypatch)
    assert quick == brought_back(tmp_path, (hail,), 100)
    assert isinstance(quick, tuple)
    assert quick[3] == desk.portfolio.day_pnl * 10 ** sum(decimals) // 10**6
