"""A strategy that does anything by chance, and what a desk of it is made of.

Units   as in `engine.instrument`.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from engine.book import make_book
from engine.fix import Tif
from engine.instrument import Instrument
from engine.journal.writer import NullJournal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.strategy import Book, Order, Strategy
from engine.testing.limits import UNLIMITED
from engine.trading.assembly import Parts
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.market_data import KalshiMarketData


class ChanceTrader(Strategy):
    """Does anything by chance, in every hook that it has, and writes down what it heard."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chance = Random(seed)
        self.heard: list[Any] = []

    def on_start(self) -> None:
        """Ask for a timer."""
        self.context.every(70_000_000, "tick")

    def on_book(self, book: Book) -> None:
        """Act."""
        self.note("book", book.instrument.symbol, book.best_bid, book.best_ask, book.depth(1, 3), book.depth(2, 3))
        self.act(book)

    def on_trade(self, instrument: Instrument, side: int, price: int, qty: int) -> None:
        """Note it."""
        self.note("trade", instrument.symbol, side, price, qty)

    def on_fill(self, order: Order, price: int, qty: int) -> None:
        """Note it."""
        self.heard.append(("fill", order.cl_ord_id, price, self.context.position(order.instrument).net))

    def on_order(self, order: Order) -> None:
        """Note it."""
        self.note("order", order.cl_ord_id, order.ord_status, order.price, order.order_qty, order.leaves_qty)

    def on_reject(self, order: Order | None, reason: int, text: str) -> None:
        """Note it."""
        self.note("reject", order and order.cl_ord_id, reason, text)

    def on_timer(self, key: object) -> None:
        """Cancel something, or not."""
        self.note("timer", key)
        live = list(self.context.orders())
        if live and self._chance.random() < 0.5:
            self.context.cancel(self._chance.choice(live))

    def note(self, *what: object) -> None:
        """Write down what was heard, and when."""
        self.heard.append((self.context.now_ns, *what))

    def act(self, book: Book) -> None:
        """Send, cancel or replace something, or do nothing."""
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
        """Send an order of any kind."""
        side = self._chance.choice((1, 2))
        price, qty = self.price(book, side), self._chance.randint(1, 1_500)
        tif = self._chance.choice((Tif.GTC, Tif.GTC, Tif.GTC, Tif.IOC, Tif.FOK))
        send = self.context.buy if side == 1 else self.context.sell
        if 100 <= price <= 9_900:
            send(book.instrument, price, qty, tif, tif == Tif.GTC and self._chance.random() < 0.5)

    def price(self, book: Book, side: int) -> int:
        """Return a price near the best of a side."""
        return (book.best_bid if side == 1 else book.best_ask) + self._chance.randint(-2, 2) * 100


class FreeTrades:
    """Fees of 0."""

    def fee(self, instrument: Instrument, price: int, qty: int, is_taker: bool) -> int:
        """Return 0."""
        return 0


def parts_for(strategy: Strategy) -> Callable[[Sequence[Instrument]], Parts]:
    """Return what makes the parts of a desk without limits."""

    def parts(markets: Sequence[Instrument]) -> Parts:
        portfolio = Portfolio(markets)
        return Parts(
            books=[make_book(each) for each in markets],
            market_data=KalshiMarketData(markets),
            decode_report=Fix44(markets).decode,
            orders=Orders("B"),
            portfolio=portfolio,
            risk=Risk(UNLIMITED, markets, portfolio),
            journal=NullJournal(),
            strategy=strategy,
        )

    return parts
