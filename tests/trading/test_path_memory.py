"""What the path allocates: nothing that stays for a frame, and a bounded amount for an order."""

import gc
import sys
import tracemalloc
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec import structs

from engine.book import BID, Book
from engine.instrument import Instrument
from engine.journal.writer import NullJournal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.strategy import Strategy
from engine.trading.assembly import Parts, Surroundings, assemble
from engine.trading.gateway import SessionGateway
from engine.venue import EventKind, MarketEvent
from tests.support.desks import CENTS, FakeDialect, fix
from tests.support.order_reports import ack, canceled
from tests.support.risks import NO_LIMITS

FRAMES = 100_000
ORDERS = 2_000


class OneEvent:
    """One reused event, as a dialect hands out; a frame is its (price, size)."""

    def __init__(self, instrument: Instrument) -> None:
        self.event = MarketEvent(EventKind.DELTA)
        self.event.instrument, self.event.side = instrument, BID

    def decode(self, frame: tuple[int, int]) -> MarketEvent:
        self.event.price, self.event.size = frame
        return self.event


def bare_loop() -> Any:
    """The path without a spy."""
    rain = Instrument("RAIN", 0, CENTS)
    book = Book(rain)
    book.snapshot([(4_500, 100), (4_400, 100)], [(4_600, 100)])
    clock = iter(range(10**12, 2 * 10**12)).__next__
    market_data: Any = OneEvent(rain)
    dialect: Any = FakeDialect()
    portfolio = Portfolio([rain])
    parts = Parts(
        books=[book],
        market_data=market_data,
        decode_report=dialect.decode,
        orders=Orders("T"),
        portfolio=portfolio,
        risk=Risk(NO_LIMITS, [rain], portfolio),
        journal=NullJournal(),
        strategy=Strategy(),
    )
    nowhere: Any = len
    around = Surroundings(
        gateway=SessionGateway(dialect, nowhere, nowhere),
        command=nowhere,
        halt=pytest.fail,
        clock_ns=clock,
        wall_ns=clock,
        call_later=lambda delay_ns, due: None,
    )
    loop = assemble(parts, around)
    loop.is_connected = loop.is_trading = True
    return loop


@pytest.mark.parametrize("frames", [((4_400, 7), (4_400, -7)), ((4_500, 7), (4_500, -7))], ids=["quiet", "moved"])
def test_hundred_thousand_frames_leave_no_memory_behind(frames: Iterable[Any]) -> None:
    loop = bare_loop()

    def feed() -> None:
        on_frame = loop.on_frame
        for _ in range(FRAMES // 2):
            for frame in frames:
                on_frame(frame, True)

    feed()
    gc.collect()
    blocks = sys.getallocatedblocks()
    feed()
    assert abs(sys.getallocatedblocks() - blocks) < 20
    assert loop.counters.book_updates == 2 * FRAMES


def test_frames_take_no_more_than_a_moment_needs() -> None:
    loop = bare_loop()
    loop.on_frame((4_500, 7), True)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(1_000):
            loop.on_frame((4_500, 7), True)
            loop.on_frame((4_500, -7), True)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert now - before < 1_000
    assert peak - before < 2_000


def test_order_round_keeps_a_bounded_amount_and_makes_no_cycles() -> None:
    loop = bare_loop()
    desk = loop.guard.strategy.context
    rain = desk.instruments[0]

    def trade(count: int) -> None:
        for _ in range(count):
            order = desk.buy(rain, 4_400, 10, fix.Tif.GTC)
            loop.on_report(ack(order))
            desk.cancel(order)
            loop.on_report(canceled(order))

    trade(100)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        trade(ORDERS)
        kept = (tracemalloc.get_traced_memory()[0] - before) / ORDERS
        assert gc.collect() == 0
    finally:
        tracemalloc.stop()
        gc.enable()
    assert kept < 1_500  # every order is kept for the life of the process, for late reports
    assert loop.orders.live_count == 0
    assert structs.asdict(loop.risk.limits) == structs.asdict(NO_LIMITS)
