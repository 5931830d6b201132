"""What a view of the whole engine costs its loop, beside reading its markets as Python attributes."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.micro.conftest import Time
from bench.rig import limits
from engine import fix
from engine.book import Book
from engine.instrument import Instrument, PriceBand
from engine.journal.writer import NullJournal
from engine.net.settings import FeedCounts
from engine.ops.view.publisher import Publisher
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.strategy import Strategy
from engine.trading.assembly import Parts, Surroundings, assemble
from engine.trading.controls.desk_state import DeskState
from engine.trading.gateway import SessionGateway
from engine.trading.loop import TradingLoop
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.market_data import KalshiMarketData

NOW = 10**18
SCALES = ((200, 64), (1_000, 64), (5_000, 256))  # markets, live orders
OF_BOOK = ("is_stale", "updated_ns", "best_bid", "best_bid_size", "best_ask", "best_ask_size")
OF_POSITION = ("net", "cash", "cost", "fees", "mark", "pnl")


def loop_of(markets: int, orders: int) -> TradingLoop:
    """Return a loop of so many books, with a position in every tenth, and so many live orders."""
    instruments = [Instrument(f"KXBENCH-{i}", i, [PriceBand(0, 10_000, 100)]) for i in range(markets)]
    books = [Book(instrument) for instrument in instruments]
    for book in books:
        book.snapshot([(4900, 1000)], [(5100, 1000)])
        book.updated_ns = NOW
    portfolio = Portfolio(instruments)
    for instrument in instruments[::10]:
        portfolio.fill(instrument, fix.BUY, 100, 4900, 0)
    dialect = Fix44(instruments)
    parts = Parts(
        books=books,
        market_data=KalshiMarketData(instruments),
        decode_report=dialect.decode,
        orders=Orders("bench"),
        portfolio=portfolio,
        risk=Risk(limits(), instruments, portfolio),
        journal=NullJournal(),
        strategy=Strategy(),
    )
    around = Surroundings(
        gateway=SessionGateway(dialect, lambda body: None, lambda fields: None),
        command=lambda frames: None,
        halt=pytest.fail,
        clock_ns=lambda: NOW,
        wall_ns=lambda: NOW,
        call_later=lambda delay_ns, due: None,
    )
    loop = assemble(parts, around)
    for number in range(orders):
        loop.risk.update(loop.orders.open(instruments[-1 - number], fix.BUY, 4900, 100, "2", "1", False, 0, NOW))
    return loop


@pytest.fixture
def publish(tmp_path: Path) -> Iterator[Callable[[int, int], Callable[[], None]]]:
    made = []

    def of(markets: int, orders: int) -> Callable[[], None]:
        """Return what publishes one view, 100 ms after the last."""
        clock = count(NOW, 100_000_000)
        connections = SimpleNamespace(
            on_logon=None, on_logout=None, name="FIX.4.4:BENCH->VENUE", protection="TLS", last_error="",
            is_logged_on=True, next_sender_seq_num=17, next_target_seq_num=23,
            is_connected=True, last_loss="", last_loss_ns=0,
            address="wss://venue", totals=FeedCounts(),
        )  # fmt: skip
        source: Any = SimpleNamespace(
            trading=loop_of(markets, orders),
            supervisor=SimpleNamespace(state=DeskState.TRADING, reason=""),
            session=connections,
            feeds=[connections],
            account=None,
            session_account=None,
            further=None,
            clock_ns=lambda: next(clock),
        )
        publisher = Publisher(source, SimpleNamespace(state_dir=tmp_path, group_id=None), lambda: NOW, pytest.fail)
        publisher.open()
        made.append(publisher)
        return publisher.publish

    yield of
    for publisher in made:
        publisher.close()


@pytest.mark.parametrize(("markets", "orders"), SCALES)
def test_publish(
    time_calls: Time, publish: Callable[[int, int], Callable[[], None]], markets: int, orders: int
) -> None:
    time_calls(f"view.{markets}_markets", publish(markets, orders), 1)


def test_attributes(time_calls: Time) -> None:
    loop = loop_of(200, 0)

    def run() -> None:
        for book, position in zip(loop.books, loop.portfolio, strict=True):
            [getattr(book, name) for name in OF_BOOK]
            [getattr(position, name) for name in OF_POSITION]

    time_calls("view.200_markets.attributes", run, 1)
