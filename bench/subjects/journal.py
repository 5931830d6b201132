"""`journal`: what an append costs by the way the journal is put on the disk, and what a start costs by its history.

Appends come at `RATE`, a new order and its report in turn, each timed by itself, the clock's 40 ns included; the
helping thread makes the segments, as in an engine. A recovery reads what so many records of one run left behind,
snapshots among them as an engine takes them, without that of a clean end, old segments compressed and indexed; `.late`
does so where what came last names an order of the beginning, which no snapshot has.

Units   ns of wall time.
Errors  OSError where the disk has no room.
"""

import time
from array import array
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.report.results import Figures, combine
from bench.subjects.frames import bench_instrument
from engine import fix
from engine.fix import Exec, Msg, Status
from engine.instrument import Instrument
from engine.journal.archive import compress
from engine.journal.index.files import index_old
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.journal.snapshot import Snapshots
from engine.journal.starts import old_segments
from engine.journal.writer import Journal, SyncMode
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport
from engine.portfolio import Portfolio

NAME = "journal"
RATE = 75_000
SIZE, PRICE = 100, 5_000
APPENDS, QUICK_APPENDS, SYNCED = 300_000, 5_000, 2_000
MODES: tuple[SyncMode, ...] = ("none", "interval", "always")
HISTORIES, QUICK_HISTORIES = (10**4, 10**5, 10**6, 10**7), (10**4,)
FORGOTTEN = 30_000  # orders after which those that are over are forgotten, as with markets that retire
SECOND_NS = 1_000_000_000


def measure(is_quick: bool, histories: Sequence[int] = ()) -> dict[str, Figures]:
    """Return the figures of every row; `histories` are numbers of records, where they are not the usual ones."""
    count = QUICK_APPENDS if is_quick else APPENDS
    found = {}
    for mode in MODES:
        with TemporaryDirectory() as name:
            found[f"{NAME}.append.{mode}"] = combine([appends(Path(name), mode, count)])
    for records in histories or (QUICK_HISTORIES if is_quick else HISTORIES):
        row = f"{NAME}.recover.{records:.0e}".replace("e+0", "e")
        with TemporaryDirectory() as name:
            found[row], found[f"{row}.late"] = map(combine, recoveries(Path(name), records))
    return found


def appends(directory: Path, mode: SyncMode, count: int) -> "array[int]":
    """Return how long each append took."""
    instrument = bench_instrument()
    journal = Journal(directory, "bench", [instrument], time.time_ns(), sync=mode, is_helped=True)
    order, report = _order(Orders("bench"), instrument), ExecutionReport()
    _accept(report, order)
    taken = array("q")
    clock, due_ns = time.perf_counter_ns, time.perf_counter_ns()
    for number in range(min(count, SYNCED) if mode == "always" else count):
        due_ns += SECOND_NS // RATE
        while (began_ns := clock()) < due_ns:
            pass
        if number % 2:
            journal.append_report(report, began_ns)
        else:
            journal.append_new(order, began_ns)
        taken.append(clock() - began_ns)
    journal.close()
    return taken


def recoveries(directory: Path, records: int) -> "list[list[array[int]]]":
    """Return how long a start needs behind so many records, and where a late report names the first order as well."""
    instrument = bench_instrument()
    journal, first = _live(directory, instrument, records)
    plain = _recovery(directory, instrument)
    journal.append_report(first, 1)
    late = _recovery(directory, instrument)
    journal.close()
    return [[plain], [late]]


def _recovery(directory: Path, instrument: Instrument) -> "array[int]":
    began_ns = time.perf_counter_ns()
    recover(journal_paths(directory), [instrument], Orders("after"), Portfolio([instrument]))
    return array("q", [time.perf_counter_ns() - began_ns])


def _live(directory: Path, instrument: Instrument, records: int) -> tuple[Journal, ExecutionReport]:
    """Trade until so many records are written: orders that are taken and filled; return a late bust of the first."""
    orders, portfolio = Orders("bench"), Portfolio([instrument])
    journal = Journal(directory, "bench", [instrument], time.time_ns())
    snapshots = Snapshots(journal, orders, portfolio)
    snapshots.take()
    report, bust = ExecutionReport(), ExecutionReport()
    for number in range(records // 3):
        order = _order(orders, instrument)
        journal.append_new(order, 1)
        for tell in (_accept, _fill):
            tell(report, order)
            journal.append_report(report, 1)
            portfolio.book(orders.apply(report))
        if number == 0:
            _bust(bust, order)
        if number % 1_000 == 0:
            journal.prepare()
            snapshots.tick()
        if number % FORGOTTEN == FORGOTTEN - 1:
            orders.forget([instrument])
            _tidy(directory)
    _tidy(directory)
    return journal, bust


def _tidy(directory: Path) -> None:
    """Compress and index what is old, as an engine's thread does."""
    for path in old_segments(directory):
        compress(path)
    for _ in index_old(directory):
        pass


def _order(orders: Orders, instrument: Instrument) -> Order:
    return orders.open(instrument, fix.BUY, PRICE, SIZE, fix.Type.LIMIT, fix.Tif.GTC, False, 0, 1)


def _accept(report: ExecutionReport, order: Order) -> None:
    report.msg_type, report.cl_ord_id = Msg.EXECUTION_REPORT, order.cl_ord_id
    report.order_id, report.exec_id = f"V-{order.cl_ord_id}", ""
    report.exec_type, report.ord_status = Exec.NEW, Status.NEW
    report.cum_qty, report.leaves_qty, report.last_qty = 0, SIZE, 0


def _fill(report: ExecutionReport, order: Order) -> None:
    report.exec_id = f"E-{order.cl_ord_id}"
    report.exec_type, report.ord_status = Exec.TRADE, Status.FILLED
    report.cum_qty, report.leaves_qty, report.last_qty, report.last_px = SIZE, 0, SIZE, PRICE
    report.fee = 0


def _bust(report: ExecutionReport, order: Order) -> None:
    _accept(report, order)
    report.exec_id, report.exec_ref_id = f"B-{order.cl_ord_id}", f"E-{order.cl_ord_id}"
    report.exec_type, report.ord_status = Exec.TRADE_CANCEL, Status.NEW
