"""One look at a running engine: everything that the demo shows of it, as plain numbers.

Units   sizes, prices and money as in `instrument`; durations of the run in s, latencies in ns.
Shapes  markets in the order of the engine's books.
Cost    a look at eight markets takes 10 us in warm caches and 100 us in cold ones; once a second it reads percentiles
        anew, in 15 us more.
Thread  the loop thread, a few times a second.
"""

import importlib

import msgspec

from engine.app.demo.amounts import read_money
from engine.app.engine import Engine
from engine.book import NO_ASK, NO_BID, Book
from engine.fix import BUY
from engine.runtime.latency import LatencyCounts, LatencyRecorder

AGAIN_S = 1.0  # between two readings of percentiles and rates


class MarketFacts(msgspec.Struct, frozen=True, array_like=True):
    """What does not change about a market: its name and how its integers are written."""

    symbol: str
    price_decimals: int
    size_decimals: int


class DemoFacts(msgspec.Struct, frozen=True):
    """What does not change during a demo; `is_captured` tells recorded markets from invented ones."""

    seconds: float
    session: str
    mode: str
    strategy: str
    does: str  # what the strategy says of itself
    is_captured: bool
    markets: list[MarketFacts]


class MarketLook(msgspec.Struct, frozen=True, array_like=True):
    """One market: the best of its book, our best orders in it, and what we hold; None where there is none."""

    bid: int | None
    bid_size: int
    ask: int | None
    ask_size: int
    own_bid: int | None
    own_ask: int | None
    net: int
    pnl: int


class LatencyLook(msgspec.Struct, frozen=True, array_like=True):
    """`n` durations so far: the last, and two percentiles of all."""

    n: int = 0
    last_ns: int = 0
    p50_ns: int = 0
    p99_ns: int = 0


class Look(msgspec.Struct, frozen=True):
    """The engine at one moment."""

    elapsed_s: float
    state: str
    reason: str
    frames: int
    frames_per_second: float
    orders: int
    replaces: int
    cancels: int
    fills: int
    denials: int
    tick_to_order: LatencyLook
    round_trip: LatencyLook
    pnl: int
    markets: list[MarketLook]


def read_facts(engine: Engine, seconds: float, is_captured: bool) -> DemoFacts:
    """Return what does not change about this demo."""
    section, instruments = engine.config.engine, [book.instrument for book in engine.books]
    module, _, strategy = engine.config.strategy.path.partition(":")
    does = (importlib.import_module(module).__doc__ or "").strip().partition("\n")[0] if module else ""
    strategy = strategy or ", ".join(engine.config.strategies)
    markets = [MarketFacts(each.symbol, each.price_decimals, each.size_decimals) for each in instruments]
    return DemoFacts(seconds, section.session, section.mode, strategy, does, is_captured, markets)


class Looker:
    """Looks at one engine again and again; what is costly to read is read once a second."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._read_s = 0.0
        self._frames = 0
        self._rate = 0.0
        self._tick_to_order = self._round_trip = LatencyLook()

    def look(self, elapsed_s: float) -> Look:
        """Look, `elapsed_s` after the start."""
        engine, counters = self._engine, self._engine.counters
        since_s = elapsed_s - self._read_s
        if since_s >= AGAIN_S:
            self._rate = (counters.frames - self._frames) / since_s
            self._tick_to_order = _percentiles(engine.trading.tick_to_order)
            self._round_trip = _percentiles(engine.trading.round_trip)
            self._read_s, self._frames = elapsed_s, counters.frames
        money, (own_bids, own_asks) = read_money(engine), _own_quotes(engine)
        markets = [
            _market(book, own_bids[index], own_asks[index], money.nets[index], money.pnls[index])
            for index, book in enumerate(engine.books)
        ]
        return Look(
            elapsed_s=elapsed_s,
            state=engine.supervisor.state.value,
            reason=engine.supervisor.reason,
            frames=counters.frames,
            frames_per_second=self._rate,
            orders=counters.orders,
            replaces=counters.replaces,
            cancels=counters.cancels,
            fills=counters.fills,
            denials=counters.risk_denials,
            tick_to_order=msgspec.structs.replace(self._tick_to_order, last_ns=engine.trading.tick_to_order.last_ns),
            round_trip=self._round_trip,
            pnl=money.pnl,
            markets=markets,
        )


def _market(book: Book, own_bid: int | None, own_ask: int | None, net: int, pnl: int) -> MarketLook:
    bid, ask = book.best_bid, book.best_ask
    return MarketLook(
        None if bid == NO_BID else bid,
        book.best_bid_size,
        None if ask == NO_ASK else ask,
        book.best_ask_size,
        own_bid,
        own_ask,
        net,
        pnl,
    )


def _own_quotes(engine: Engine) -> tuple[list[int | None], list[int | None]]:
    """Return our best bid and our best ask in every market."""
    bids: list[int | None] = [None] * len(engine.books)
    asks = bids[:]
    for order in engine.trading.orders.live():
        index, price = order.instrument.index, order.price
        best = bids[index] if order.side == BUY else asks[index]
        if order.side == BUY:
            bids[index] = price if best is None else max(best, price)
        else:
            asks[index] = price if best is None else min(best, price)
    return bids, asks


def _percentiles(recorder: LatencyRecorder) -> LatencyLook:
    counts = LatencyCounts(recorder)
    return LatencyLook(counts.count, recorder.last_ns, counts.percentile(50.0), counts.percentile(99.0))
