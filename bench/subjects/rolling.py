"""`rolling`: what a month of short markets leaves behind; exit status 1 if it costs memory or time.

Markets come, are quoted, traded in, settle and go, `ALIVE` at once, `MARKETS` in all: 15-minute markets of 20 series
for a month, or 13 440 for a week. Then the desk through which all of them went and one that has seen `YOUNG` take
turns: a frame that moves the best ask, and the order that answers it. Both are in one process and on one market each,
so that a noisy moment hits both alike.

Units   times in ns from the frame's entry into the loop to the order's bytes; memory in bytes outside of files.
Cost    half a minute for the whole, journal and risk on, no socket.
"""

import gc
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.rig import limits
from bench.subjects.strategies import QTY
from engine import fix
from engine.book import Book
from engine.codec import Fields
from engine.instrument import NOWHERE, Instrument, PriceBand
from engine.journal.snapshot import Snapshots
from engine.journal.writer import Journal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.risk.fee_terms import FeeTerms
from engine.strategy import Strategy
from engine.trading.assembly import Parts, Surroundings, assemble
from engine.trading.gateway import SessionGateway
from engine.trading.universe.roster import Roster, RosterParts
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.fees import KalshiFees
from engine.venue.kalshi.market_data import KalshiMarketData
from engine.venue.kalshi.subscriptions import BOOK

ALIVE, BATCH = 200, 20  # markets at once, and those that come and go together
SETTLED = 10_000
STEPS = 20  # of the best ask, up and down again
MOST_MEMORY, MOST_TIME = 1.10, 1.05  # of the first hour's, of the young desk's
MOST_DESCRIPTORS = 2  # more than before the first market went
WALL_NS = 1_795_444_202_099_000_000
MARKET_MS = WALL_NS // 1_000_000
SID = 1
TURNS = 20


class Rolled(NamedTuple):
    """Markets that one desk has seen and the other, and frames of each turn of their comparison."""

    markets: int
    young: int
    frames: int  # whole climbs and descents of the ask


FULL, QUICK = Rolled(60_000, 400, 1000), Rolled(2_000, 400, 120)


class Quotes:
    """The venue's end of one connection: answers commands, and moves the best ask of a market."""

    def __init__(self) -> None:
        self.deliver: Callable[[bytes], object] = lambda frame: None
        self._seq = 0

    def take(self, commands: list[bytes]) -> None:
        """Answer what the desk asks for."""
        for command in map(json.loads, commands):
            params, number = command["params"], command["id"]
            if command["cmd"] == "subscribe":
                reply = {"id": number, "type": "subscribed", "msg": {"channel": BOOK, "sid": SID}}
                self.deliver(json.dumps(reply).encode())
            else:
                self._send({"id": number, "type": "ok", "msg": {"market_tickers": params["market_tickers"]}})
            if params.get("action") != "delete_markets":
                for symbol in params["market_tickers"]:
                    self._snapshot(symbol)

    def step(self, symbol: str, number: int) -> bytes:
        """Return the frame that moves the best ask of a market: a level goes, or comes back."""
        place = number % (2 * STEPS)
        price, size = (place, "-10.00") if place < STEPS else (2 * STEPS - 1 - place, "10.00")
        message = {
            "market_ticker": symbol,
            "price_dollars": _no(price),
            "delta_fp": size,
            "side": "no",
            "ts_ms": MARKET_MS,
        }
        return self._numbered({"type": "orderbook_delta", "msg": message})

    def _snapshot(self, symbol: str) -> None:
        asks = [[_no(step), "10.00"] for step in range(STEPS + 1)]
        message = {"market_ticker": symbol, "yes_dollars_fp": [["0.4900", "10.00"]], "no_dollars_fp": asks}
        self._send({"type": "orderbook_snapshot", "msg": message})

    def _send(self, message: dict[str, object]) -> None:
        self.deliver(self._numbered(message))

    def _numbered(self, message: dict[str, object]) -> bytes:
        self._seq += 1
        return json.dumps(message | {"sid": SID, "seq": self._seq}, separators=(",", ":")).encode()


def _no(step: int) -> str:
    """Return the price of the NO side whose mirror is the ask of a step."""
    return f"0.{4900 - 100 * step:04d}"


class Answerer(Strategy):
    """Buys the best ask of one market, immediate or cancel, whenever a book of it moved."""

    def __init__(self) -> None:
        super().__init__()
        self.market: Instrument | None = None

    def on_book(self, book: Book) -> None:
        """Answer a move."""
        if book.instrument is self.market:
            self.context.buy(book.instrument, book.best_ask, QTY, fix.Tif.IOC)


class TurningDesk:
    """The whole path but its sockets, through which markets roll."""

    def __init__(self, directory: Path) -> None:
        self.quotes = Quotes()
        self.strategy = Answerer()
        self.sent: list[bytes] = []
        self.made = self.fills = 0
        self.alive: list[Instrument] = []
        self.journal = Journal(directory, "rolling", (), WALL_NS, segment_bytes=2**22)
        fees = KalshiFees(FeeTerms())
        self.orders, self.portfolio = Orders("rolling", fees.charge), Portfolio(())
        self.snapshots = Snapshots(self.journal, self.orders, self.portfolio, ())
        market_data, self._dialect = KalshiMarketData((), channels=(BOOK,)), Fix44(())
        self.loop = assemble(self._parts(market_data), self._around())
        self.loop.is_connected = self.loop.is_trading = True
        parts = RosterParts(market_data, self._dialect, fees, self.quotes.take, lambda: WALL_NS)
        self.roster = Roster(self.loop, parts)
        self.quotes.deliver = lambda frame: self.loop.on_frame(frame, True)
        self.quotes.take(market_data.subscribe())
        for _ in range(ALIVE // BATCH):
            self._come()

    def _parts(self, market_data: KalshiMarketData) -> Parts:
        return Parts(
            books=(),
            market_data=market_data,
            decode_report=self._dialect.decode,
            orders=self.orders,
            portfolio=self.portfolio,
            risk=Risk(limits(), (), self.portfolio),
            journal=self.journal,
            strategy=self.strategy,
        )

    def _around(self) -> Surroundings:
        return Surroundings(
            gateway=SessionGateway(self._dialect, self.sent.append, lambda fields: None),
            command=self.quotes.take,
            halt=_fail,
            clock_ns=time.monotonic_ns,
            wall_ns=lambda: WALL_NS,
            call_later=lambda delay_ns, due: None,
            log=lambda line: None,
        )

    def _come(self) -> None:
        bands = (PriceBand(0, 10_000, 100),)
        names = [f"KXROLL{number}-{self.made}" for number in range(BATCH)]
        fresh = [Instrument(name, NOWHERE, bands, event=name) for name in names]
        if refused := self.roster.add(fresh):
            raise AssertionError(f"markets were refused: {refused}")
        self.made += BATCH
        self.alive += fresh

    def roll(self) -> None:
        """Trade in the oldest markets, let them settle and go, and others come."""
        oldest, self.alive = self.alive[:BATCH], self.alive[BATCH:]
        for instrument in oldest:
            self.answer(instrument, 0)
            self.loop.settlements.pay(instrument, SETTLED, "the venue")
        self.roster.remove(oldest)
        self._come()
        self.journal.prepare()
        self.snapshots.tick()

    def answer(self, instrument: Instrument, number: int) -> int:
        """Move a market's best ask, fill the order that answers, and return what the way to it took."""
        frame = self.quotes.step(instrument.symbol, number)
        self.strategy.market = instrument
        began_ns = time.perf_counter_ns()
        self.loop.on_frame(frame, True)
        took_ns = time.perf_counter_ns() - began_ns
        (order,) = self.orders.live()
        self.fills += 1
        self.loop.on_report(Fields(_fill(order.cl_ord_id, instrument.symbol, order.price, self.fills)))
        self.sent.clear()
        return took_ns


def run(asked: Rolled) -> int:
    """Roll markets through a desk, compare it with a young one, print; return 1 where more than allowed was left."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as open_:
        old = TurningDesk(Path(directory, "old"))
        open_.callback(old.journal.close)
        held = descriptors()
        resident = rolled(old, asked.markets)
        held = descriptors() - held
        young = TurningDesk(Path(directory, "young"))
        open_.callback(young.journal.close)
        rolled(young, asked.young)
        ratio = compared(young, old, asked.frames)
    grown = max(resident[1:]) / resident[0]
    print(f"{old.made} markets, {ALIVE} at once, {old.fills} orders: memory {grown:.3f} of the first tenth's,")
    print(f"frame to order p50 {ratio:.3f} of a desk's that has seen {young.made} (median of {TURNS} turns),")
    print(f"{held} descriptors more than before the first of them went")
    return 1 if grown > MOST_MEMORY or ratio > MOST_TIME or held > MOST_DESCRIPTORS else 0


def rolled(desk: TurningDesk, markets: int) -> list[int]:
    """Roll markets; return memory after each tenth."""
    resident = []
    for tenth in range(1, 11):
        while desk.made < markets * tenth // 10:
            desk.roll()
        gc.collect()
        resident.append(anonymous_bytes())
    return resident


def compared(young: TurningDesk, old: TurningDesk, frames: int) -> float:
    """Return what the old desk takes of the young one's time: the median over turns of the ratio of their p50."""
    ratios = []
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for turn in range(TURNS):
            pair = (young, old) if turn % 2 else (old, young)
            p50 = {desk: median(desk.answer(desk.alive[-1], number) for number in range(frames)) for desk in pair}
            ratios.append(p50[old] / p50[young])
    finally:
        gc.enable()
        gc.unfreeze()
    return median(ratios)


def anonymous_bytes(pid: int | str = "self") -> int:
    """Return what of a process is in memory and in no file; the journal, which is mapped, is left out."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))


def descriptors(pid: int | str = "self") -> int:
    """Return how many files and sockets a process holds."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _fail(reason: str) -> None:
    raise AssertionError(f"the path halted: {reason}")


def _fill(cl_ord_id: str, symbol: str, price: int, number: int) -> bytes:
    dollars = f"0.{price:04d}"
    text = (
        f"8=FIX.4.4|9=000|35=8|34={number}|11={cl_ord_id}|14=1|17={number}|31={dollars}|32=1|37={number}|38=1|39=2"
        f"|44={dollars}|54=1|55={symbol}|150=F|151=0|10=000|"
    )
    return text.replace("|", "\x01").encode()
