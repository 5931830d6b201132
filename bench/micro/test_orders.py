"""Risk checks, the order table, and a report on its way through the whole loop."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from bench.micro.conftest import Time
from bench.rig import limits
from bench.subjects.frames import bench_instrument
from engine import fix
from engine.book import Book
from engine.codec import Fields
from engine.instrument import Instrument
from engine.journal.writer import Journal
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.strategy import Strategy
from engine.trading.assembly import Parts, Surroundings, assemble
from engine.trading.gateway import SessionGateway
from engine.trading.loop import TradingLoop
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.market_data import KalshiMarketData

NOW = 10**18
BATCH = 100


@pytest.fixture
def instrument() -> Instrument:
    return bench_instrument()


@pytest.fixture
def book(instrument: Instrument) -> Book:
    made = Book(instrument)
    made.snapshot([(4900, 1000)], [(5100, 1000)])
    return made


def test_risk_check(time_calls: Time, instrument: Instrument, book: Book) -> None:
    risk = Risk(limits(), (instrument,), Portfolio((instrument,)))
    risk.heard_ns = NOW
    clock = count(NOW, 10_000)  # slow enough for the age of the book, fast enough for the duplicate window
    check = risk.check_new

    def run() -> None:
        for _ in range(BATCH):
            assert check(instrument, fix.BUY, 5100, 100, fix.Type.LIMIT, book, next(clock)) == 0

    time_calls("risk.check", run, BATCH)


def test_order_open(time_calls: Time, instrument: Instrument) -> None:
    def run() -> None:
        orders = Orders("bench")
        for _ in range(BATCH):
            _open(orders, instrument)

    time_calls("orders.open", run, BATCH)


def test_order_report(time_calls: Time, instrument: Instrument) -> None:
    """An order opened and filled; what opening alone takes is `orders.open`."""
    report = _fill_report(instrument)

    def run() -> None:
        orders = Orders("bench")
        for number in range(BATCH):
            report.cl_ord_id = _open(orders, instrument).cl_ord_id
            report.exec_id = str(number)
            orders.apply(report)

    time_calls("orders.open_and_fill", run, BATCH)


def test_report_handled(time_calls: Time, instrument: Instrument, book: Book, loop: TradingLoop) -> None:
    """An order submitted, and its fill decoded, applied, journalled, counted and told to the strategy."""
    numbers = count(1)
    desk = loop.guard.strategy.context

    def run() -> None:
        for _ in range(BATCH):
            order = desk.buy(instrument, 5100, 100, fix.Tif.IOC)
            assert order is not None
            loop.on_report(Fields(_fill_message(order.cl_ord_id, next(numbers))))

    time_calls("order_and_report_handled", run, BATCH)


@pytest.fixture
def loop(instrument: Instrument, book: Book, tmp_path: Path) -> Iterator[TradingLoop]:
    clock = count(NOW, 1000)
    journal = Journal(tmp_path, "bench", (instrument,), NOW)
    dialect = Fix44((instrument,))
    portfolio = Portfolio((instrument,))
    parts = Parts(
        books=(book,),
        market_data=KalshiMarketData((instrument,)),
        decode_report=dialect.decode,
        orders=Orders("bench"),
        portfolio=portfolio,
        risk=Risk(limits(), (instrument,), portfolio),
        journal=journal,
        strategy=Strategy(),
    )
    around = Surroundings(
        gateway=SessionGateway(dialect, lambda body: None, lambda fields: None),
        command=lambda frames: None,
        halt=pytest.fail,
        clock_ns=lambda: next(clock),
        wall_ns=lambda: NOW,
        call_later=lambda delay_ns, due: None,
    )
    made = assemble(parts, around)
    made.is_trading = True
    made.risk.heard_ns = NOW
    yield made
    journal.close()


def _open(orders: Orders, instrument: Instrument) -> Order:
    return orders.open(instrument, fix.BUY, 5100, 100, fix.Type.LIMIT, fix.Tif.IOC, False, 0, NOW)


def _fill_report(instrument: Instrument) -> ExecutionReport:
    report = ExecutionReport()
    report.msg_type, report.exec_type, report.ord_status = "8", "F", "2"
    report.symbol, report.side, report.order_id = instrument.symbol, fix.BUY, "1"
    report.price = report.last_px = 5100
    report.order_qty = report.cum_qty = report.last_qty = 100
    return report


def _fill_message(cl_ord_id: str, number: int) -> bytes:
    text = (
        f"8=FIX.4.4|9=000|35=8|49=VENUE|56=BENCH|34={number}|52=20261123-14:30:02.099|6=0.51|11={cl_ord_id}|14=1"
        f"|17={number}|31=0.51|32=1|37={number}|38=1|39=2|44=0.51|54=1|55=KXBENCH-26DEC01-T1"
        f"|60=20261123-14:30:02.099|150=F|151=0|10=000|"
    )
    return text.replace("|", "\x01").encode()
