"""`soak`: memory over many books, frames and orders; exit status 1 if it grows.

Frames are decoded, checked for gaps, applied to the book and shown to a strategy; orders pass risk, order table and
dialect, and their fills come back. A frame may leave nothing behind. An order leaves what late reports need, at most
`MOST_BYTES` and `MOST_BLOCKS`.

Units   memory in bytes resident and in blocks of Python's allocator; the journal, which is mapped, is left out.
"""

import gc
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import NamedTuple

from bench.rig import limits
from bench.subjects.frames import FIRST_SEQ, bench_instrument, stairs
from bench.venue.websocket import payload
from engine import fix
from engine.book import Book
from engine.codec import Fields
from engine.instrument import Instrument, PriceBand
from engine.journal.writer import NullJournal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.strategy import Strategy
from engine.trading.assembly import Parts, Surroundings, assemble
from engine.trading.gateway import SessionGateway
from engine.trading.loop import TradingLoop
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.market_data import KalshiMarketData

PARTS = 4
SEQ_DIGITS = 10
PAGE, MIB = 4096, 2**20
MOST_BOOKS_BYTES = 200 * MIB
SLACK_BYTES, SLACK_BLOCKS = MIB, 100  # of a whole soak, whatever its length
MOST_BYTES, MOST_BLOCKS = 2_000, 20  # of one order
WALL_NS = 1_795_444_202_099_000_000


class Amounts(NamedTuple):
    """Numbers of books, frames and orders of one soak."""

    books: int
    frames: int
    orders: int


FULL = Amounts(10_000, 10_000_000, 100_000)
QUICK = Amounts(1_000, 200_000, 5_000)


@dataclass(frozen=True)
class Reading:
    """Memory at one moment."""

    resident: int
    blocks: int

    @staticmethod
    def take() -> "Reading":
        """Return the memory of this process now."""
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
        return Reading(resident, sys.getallocatedblocks())


class Watcher(Strategy):
    """Looks at every book that moved, and sends nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.moves = 0
        self.spread = 0

    def on_book(self, book: Book) -> None:
        """Look at the best prices."""
        self.moves += 1
        self.spread = book.best_ask - book.best_bid


def make_loop(strategy: Strategy) -> TradingLoop:
    """The path without its connections."""
    instruments = (bench_instrument(),)
    market_data = KalshiMarketData(instruments)
    dialect = Fix44(instruments)
    portfolio = Portfolio(instruments)
    parts = Parts(
        books=(Book(instruments[0]),),
        market_data=market_data,
        decode_report=dialect.decode,
        orders=Orders("soak"),
        portfolio=portfolio,
        risk=Risk(limits(), instruments, portfolio),
        journal=NullJournal(),
        strategy=strategy,
    )
    around = Surroundings(
        gateway=SessionGateway(dialect, lambda body: None, lambda fields: None),
        command=lambda frames: None,
        halt=_fail,
        clock_ns=count(WALL_NS, 2_000_000).__next__,  # slow enough for the limit of duplicates
        wall_ns=lambda: WALL_NS,
        call_later=lambda delay_ns, due: None,
    )
    loop = assemble(parts, around)
    loop.is_connected = loop.is_trading = True
    market_data.subscribe()
    for greeting in stairs().greeting:
        loop.on_frame(payload(greeting), True)
    return loop


def _fail(reason: str) -> None:
    raise AssertionError(f"the path halted: {reason}")


def frames() -> Iterator[bytes]:
    """Yield the steps of the stairs for ever, numbered without a gap."""
    script = stairs()
    steps = []
    for frame, at in zip(script.frames, script.seq_at, strict=True):
        text = payload(frame)
        at -= len(frame) - len(text)
        steps.append((text[:at], text[at + SEQ_DIGITS :]))
    seq = FIRST_SEQ
    while True:
        for before, after in steps:
            yield b"%b%d%b" % (before, seq, after)
            seq += 1


def soak_frames(number: int, strategy: Strategy) -> list[Reading]:
    """Play frames to a strategy; return memory before, at each quarter, and after."""
    loop, source = make_loop(strategy), frames()
    on_frame = loop.on_frame

    def play(number: int) -> None:
        for _, frame in zip(range(number), source, strict=False):
            on_frame(frame, True)
        if loop.books[0].is_stale or loop.counters.gaps or loop.counters.bad_frames:
            raise AssertionError("the frames were not read as they were meant")

    return _readings(play, number)


def soak_orders(number: int) -> list[Reading]:
    """Open orders and fill them; return memory before, at each quarter, and after."""
    strategy = Strategy()
    loop = make_loop(strategy)
    (instrument,) = loop.instruments
    numbers = count(1)

    def play(number: int) -> None:
        for _ in range(number):
            order = strategy.context.buy(instrument, 5100, 100, fix.Tif.IOC)
            if order is None:
                raise AssertionError("risk denied an order")
            loop.on_report(Fields(_fill(order.cl_ord_id, instrument.symbol, next(numbers))))
        if loop.orders.live():
            raise AssertionError("an order was not filled")

    return _readings(play, number)


def books_bytes(number: int) -> int:
    """Return what `number` books over a grid of cents take, instruments included."""
    before = Reading.take().resident
    bands = (PriceBand(0, 10_000, 100),)
    books = [Book(Instrument(f"KXSOAK-{index}", index, bands)) for index in range(number)]
    taken = Reading.take().resident - before
    books.clear()
    return taken


def growth(readings: Sequence[Reading], kept: int = 0) -> str:
    """Return what grew by more than `kept` orders account for, as text; empty if nothing did."""
    first, last = readings[0], readings[-1]
    found = []
    if (more := last.resident - first.resident) > SLACK_BYTES + kept * MOST_BYTES:
        found.append(f"{more} bytes")
    if (more := last.blocks - first.blocks) > SLACK_BLOCKS + kept * MOST_BLOCKS:
        found.append(f"{more} blocks")
    return " and ".join(found)


def run(asked: Amounts, strategy: Strategy | None = None) -> int:
    """Run a soak and print its readings; return 1 if memory grew by more than it may."""
    failures = []
    taken = books_bytes(asked.books)
    print(f"{asked.books} books: {taken / MIB:.1f} MiB")
    if taken > MOST_BOOKS_BYTES:
        failures.append(f"books take more than {MOST_BOOKS_BYTES // MIB} MiB")
    started = time.perf_counter()
    readings = soak_frames(asked.frames, strategy or Watcher())
    _print("frames", asked.frames, readings, time.perf_counter() - started)
    if grown := growth(readings):
        failures.append(f"frames: grew by {grown}")
    started = time.perf_counter()
    readings = soak_orders(asked.orders)
    _print("orders", asked.orders, readings, time.perf_counter() - started)
    if grown := growth(readings, kept=asked.orders):
        failures.append(f"orders: grew by {grown}")
    for failure in failures:
        print(f"FAILED: {failure}")
    return 1 if failures else 0


def _readings(play: Callable[[int], None], number: int) -> list[Reading]:
    """Play a tenth to warm up, then `number` in parts, without the collector, as the busy loop does."""
    play(number // 10 + 1)
    while gc.collect():  # what finalizers leave of whoever ran before goes with the next
        pass
    gc.disable()
    try:
        readings = [Reading.take()]
        for part in range(PARTS):
            play(number * (part + 1) // PARTS - number * part // PARTS)
            readings.append(Reading.take())
        if cycles := gc.collect():
            raise AssertionError(f"{cycles} objects were left in cycles")
    finally:
        gc.enable()
    return readings


def _print(what: str, number: int, readings: Sequence[Reading], seconds: float) -> None:
    print(f"{number} {what}, {seconds:.1f} s{'resident MiB':>30}{'blocks':>12}")
    for part, reading in enumerate(readings):
        print(f"{number * part // PARTS:>12}{reading.resident / MIB:>34.2f}{reading.blocks:>12}")
    first, last = readings[0], readings[-1]
    each = f"{(last.resident - first.resident) / number:.3g} bytes, {(last.blocks - first.blocks) / number:.3g} blocks"
    print(f"  kept of each: {each}")


def _fill(cl_ord_id: str, symbol: str, number: int) -> bytes:
    text = (
        f"8=FIX.4.4|9=000|35=8|34={number}|11={cl_ord_id}|14=1|17={number}|31=0.51|32=1|37={number}|38=1|39=2"
        f"|44=0.51|54=1|55={symbol}|150=F|151=0|10=000|"
    )
    return text.replace("|", "\x01").encode()
