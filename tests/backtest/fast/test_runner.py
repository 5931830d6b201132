"""A strategy on the compiled exchange against the same on the slow one: the same requests, fills, worth and hooks."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from engine.backtest.core.left_ahead import left_ahead
from engine.backtest.core.settings import QueueModel
from engine.backtest.fast.columns import columns_of
from engine.backtest.fast.runner import FastRunner
from engine.backtest.latency import Latency
from engine.backtest.runner import Ended, Runner
from engine.book import make_book
from engine.fix import Tif
from engine.instrument import Instrument
from engine.journal.writer import NullJournal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.strategy import Book, Order, Strategy
from engine.trading.assembly import Parts
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.market_data import KalshiMarketData
from tests.support.made_frames import made_frames, made_markets
from tests.support.risks import NO_LIMITS

DEPTH = 1
NOW = Latency()
LATE = structs.replace(
    NOW, new_ns=5_000_000, cancel_ns=2_000_000, replace_ns=9_000_000, answer_ns=4_000_000, venue_delay_ns=500
)


class Trader(Strategy):
    """Does anything by chance, in every hook that it has, and writes down what it heard."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chance = Random(seed)
        self.heard: list[Any] = []

    def on_start(self) -> None:
        self.context.every(70_000_000, "tick")

    def on_book(self, book: Book) -> None:
        self.note("book", book.instrument.symbol, book.best_bid, book.best_ask, book.depth(1, 3), book.depth(2, 3))
        self.act(book)

    def on_trade(self, instrument: Instrument, side: int, price: int, qty: int) -> None:
        self.note("trade", instrument.symbol, side, price, qty)

    def on_fill(self, order: Order, price: int, qty: int) -> None:
        self.heard.append(("fill", order.cl_ord_id, price, self.context.position(order.instrument).net))

    def on_order(self, order: Order) -> None:
        self.note("order", order.cl_ord_id, order.ord_status, order.price, order.order_qty, order.leaves_qty)

    def on_reject(self, order: Order | None, reason: int, text: str) -> None:
        self.note("reject", order and order.cl_ord_id, reason, text)

    def on_timer(self, key: object) -> None:
        self.note("timer", key)
        live = list(self.context.orders())
        if live and self._chance.random() < 0.5:
            self.context.cancel(self._chance.choice(live))

    def note(self, *what: object) -> None:
        self.heard.append((self.context.now_ns, *what))

    def act(self, book: Book) -> None:
        if self._chance.random() > 0.5:
            return
        live = list(self.context.orders())
        what = self._chance.random()
        if what < 0.6 or not live:
            self.new(book)
        elif what < 0.8:
            self.context.cancel(self._chance.choice(live))
        else:
            order = self._chance.choice(live)
            price = order.price if self._chance.random() < 0.4 else self.price(book, order.side)
            if 100 <= price <= 9_900:
                self.context.replace(order, price, self._chance.randint(1, 1_500))

    def new(self, book: Book) -> None:
        side = self._chance.choice((1, 2))
        price, qty = self.price(book, side), self._chance.randint(1, 1_500)
        tif = self._chance.choice((Tif.GTC, Tif.GTC, Tif.GTC, Tif.IOC, Tif.FOK))
        send = self.context.buy if side == 1 else self.context.sell
        if 100 <= price <= 9_900:
            send(book.instrument, price, qty, tif, tif == Tif.GTC and self._chance.random() < 0.5)

    def price(self, book: Book, side: int) -> int:
        return (book.best_bid if side == 1 else book.best_ask) + self._chance.randint(-2, 2) * 100


class NoFees:
    def fee(self, instrument: Instrument, price: int, qty: int, is_taker: bool) -> int:
        return 0


def maker(strategy: Strategy) -> Callable[[Sequence[Instrument]], Parts]:
    def parts(markets: Sequence[Instrument]) -> Parts:
        portfolio = Portfolio(markets)
        return Parts(
            books=[make_book(each, DEPTH) for each in markets],
            market_data=KalshiMarketData(markets),
            decode_report=Fix44(markets).decode,
            orders=Orders("B"),
            portfolio=portfolio,
            risk=Risk(NO_LIMITS, markets, portfolio),
            journal=NullJournal(),
            strategy=strategy,
        )

    return parts


def fills_of(ended: Ended) -> list[tuple[Any, ...]]:
    """Return the fills, those of one order at one time and price as one: how many orders it took does not count."""
    found: list[tuple[Any, ...]] = []
    for each in ended.fills:
        key = each.cl_ord_id, each.price, each.heard_ns, each.acted_ns, each.is_taker, each.symbol, each.side
        if found and found[-1][0] == key:
            found[-1] = (key, found[-1][1] + each.qty, found[-1][2] + each.fee)
        else:
            found.append((key, each.qty, each.fee))
    return found


def told(ended: Ended) -> dict[str, Any]:
    """Return everything that a run came to."""
    portfolio = ended.loop.portfolio
    return {
        "requests": ended.told.requests,
        "fills": fills_of(ended),
        "worth": ended.told.worth,
        "end": (portfolio.cash, portfolio.pnl, portfolio.fees, ended.open_at_end, ended.halted, ended.last_ns),
    }


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32),
    st.integers(1, 3),
    st.sampled_from((NOW, LATE)),
    st.sampled_from(("risk-averse", "optimistic", "power:0.5", "log2", "biased:1:-1")),
)
def test_both_exchanges_tell_a_strategy_the_same(seed: int, count: int, latency: Latency, queue: str) -> None:
    frames, model = made_frames(seed, count, 150), QueueModel.parse(queue)
    results = {"M0": 10_000}
    slow, fast = Trader(seed), Trader(seed)
    reference = Runner(
        maker(slow), made_markets(count), frames, NoFees(), latency, results, left_ahead=left_ahead(model)
    ).run()
    markets = made_markets(count)
    found = FastRunner(maker(fast), columns_of(frames, markets), NoFees(), latency, results, model).run()
    for name, value in told(reference).items():
        assert told(found)[name] == value, name
    assert unmerged(fast.heard) == unmerged(slow.heard)


def unmerged(heard: Sequence[Any]) -> list[Any]:
    """Return what was heard, of fills of one order in a row the last: that is where they came to the same."""
    return [
        each
        for each, after in zip(heard, [*heard[1:], None], strict=True)
        if not (each[0] == "fill" and after and after[0] == "fill" and after[1:3] == each[1:3])
    ]
