"""A plain strategy in Python on the compiled exchange: a live engine's desk, risk, orders, fees and portfolio.

Units   rates in rows a second of CPU time; `ns` of CPU time a row.
Errors  what a run raises.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from bench.report.results import Figures
from engine.backtest.fast.columns import FrameColumns, columns_of
from engine.backtest.fast.runner import FastRunner
from engine.backtest.latency import Latency
from engine.backtest.runner import Ended
from engine.book import NO_ASK, NO_BID, make_book
from engine.instrument import Instrument
from engine.journal.writer import NullJournal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.risk.fee_terms import FeeTerms
from engine.strategy import Book, Order, Strategy
from engine.testing.limits import UNLIMITED
from engine.trading.assembly import Parts
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.fees import KalshiFees
from engine.venue.kalshi.market_data import KalshiMarketData

if TYPE_CHECKING:
    from engine.backtest.core.loading import LoadedRows

SIZE = 1_000
WAY_NS = 5_000_000
BEST_PRICE_ALONE = 0  # levels whose size a strategy is called for
SETS = 4


class PlainWatcher(Strategy):
    """Looks at both best prices."""

    def on_book(self, book: Book) -> None:
        """Look."""
        book.best_bid, book.best_ask  # noqa: B018


class PlainQuoter(Strategy):
    """Holds an order on each side, moved with the best price."""

    def __init__(self, size: int = SIZE) -> None:
        super().__init__()
        self.size = size
        self.bids: dict[Instrument, Order | None] = {}
        self.asks: dict[Instrument, Order | None] = {}

    def on_book(self, book: Book) -> None:
        """Move what stands elsewhere."""
        market, context = book.instrument, self.context
        bid, ask = book.best_bid, book.best_ask
        order = self.bids.get(market)
        if order is not None and order.leaves_qty:
            if bid != order.price and bid != NO_BID and order.can_replace:
                context.replace(order, bid, order.cum_qty + self.size)
        elif bid != NO_BID:
            self.bids[market] = context.buy(market, bid, self.size, post_only=True)
        order = self.asks.get(market)
        if order is not None and order.leaves_qty:
            if ask != order.price and ask != NO_ASK and order.can_replace:
                context.replace(order, ask, order.cum_qty + self.size)
        elif ask != NO_ASK:
            self.asks[market] = context.sell(market, ask, self.size, post_only=True)


def measure(days: Sequence["LoadedRows"], repeats: int) -> dict[str, Figures]:
    """Return the figures of both strategies."""
    rows = [_rows(day) for day in days]
    return {
        "plain.looking": _fastest(rows, PlainWatcher, repeats),
        "plain.quoting": _fastest(rows, PlainQuoter, repeats),
    }


def one_more(paths: Sequence[Path], repeats: int) -> Figures:
    """Return what one more set of a plain strategy costs where frames are read and decoded once for all of them."""
    from engine.backtest.capture.frames import find, markets
    from engine.backtest.history import timed

    best = [float("inf"), float("inf")]
    for _ in range(repeats):
        began = time.process_time()
        found = find(paths)
        rows = columns_of(timed(found), markets(found))
        ends = [_ran(rows, PlainQuoter(SIZE + 100 * place)) and time.process_time() - began for place in range(SETS)]
        best = [min(best[0], ends[0]), min(best[1], ends[-1])]
    each = (best[1] - best[0]) / (SETS - 1)
    return {"n": SETS, "first_s": best[0], "one_more_s": each, "one_more": each / best[0]}


def _rows(day: "LoadedRows") -> FrameColumns:
    instruments = [Instrument(each.ticker, place, each.bands) for place, each in enumerate(day.known)]
    return FrameColumns(day.columns, tuple(instruments))


def _fastest(days: Sequence[FrameColumns], make: Callable[[], Strategy], repeats: int) -> Figures:
    rows, best, requests, fills = sum(len(day.columns["kind"]) for day in days), float("inf"), 0, 0
    for _ in range(repeats):
        took, requests, fills = 0.0, 0, 0
        for day in days:
            began = time.process_time()
            ended = _ran(day, make())
            took += time.process_time() - began
            requests, fills = requests + len(ended.told.requests), fills + len(ended.fills)
        best = min(best, took)
    return {"n": rows, "rate": rows / best, "ns": best * 1e9 / rows, "requests": requests, "fills": fills}


def _ran(rows: FrameColumns, strategy: Strategy) -> Ended:
    fees = KalshiFees(FeeTerms())
    latency = structs.replace(Latency(), new_ns=WAY_NS, cancel_ns=WAY_NS, replace_ns=WAY_NS, answer_ns=WAY_NS)

    def parts(markets: Sequence[Instrument]) -> Parts:
        """Return the parts of a desk whose strategy is called when a best price moves."""
        portfolio = Portfolio(markets)
        return Parts(
            books=[make_book(each, BEST_PRICE_ALONE) for each in markets],
            market_data=KalshiMarketData(markets),
            decode_report=Fix44(markets).decode,
            orders=Orders("B", fees.charge),
            portfolio=portfolio,
            risk=Risk(UNLIMITED, markets, portfolio, [fees.bound(each) for each in markets]),
            journal=NullJournal(),
            strategy=strategy,
            fees=fees,
        )

    return FastRunner(parts, rows, fees, latency).run()
