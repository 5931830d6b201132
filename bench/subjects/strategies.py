"""Strategies that exist to be measured."""

from collections import deque
from functools import cached_property
from time import perf_counter_ns

from bench.subjects.sampler import Sampler
from engine import fix
from engine.book import NO_ASK, Book
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.strategy import Strategy

# Orders walk through many prices, so that a reply to another order is noticed; buys stay below sales, which would
# trade with them.
BID, ASK, STEP, PRICES = 4900, 5100, 100, 20
QTY = 100


def price_of(number: int) -> int:
    """Return the price of order `number`, in 0.0001: even ones buy, odd ones sell."""
    distance = STEP * (number // 2 % PRICES)
    return ASK + distance if number & 1 else BID - distance


_PRICES = tuple(map(price_of, range(2 * PRICES)))


class OrderProbe(Strategy):
    """Sends immediate-or-cancel orders when its sampler says so, and tells it when each one's fill is handled."""

    def __init__(self) -> None:
        super().__init__()
        self.sampler = Sampler(self._send)
        self._waiting: deque[Order] = deque()

    @cached_property
    def _instrument(self) -> Instrument:
        return self.context.instruments[0]

    def _send(self, number: int) -> None:
        side = self.context.sell if number & 1 else self.context.buy
        order = side(self._instrument, _PRICES[number % len(_PRICES)], QTY, fix.Tif.IOC)
        if order is None:
            self.sampler.fail("risk denied an order")
        else:
            self._waiting.append(order)

    def on_fill(self, order: Order, price: int, qty: int) -> None:
        now_ns = perf_counter_ns()  # the engine is done; what follows is the measurement's own
        if not self._waiting or order is not self._waiting[0] or price != order.price or not order.is_done:
            self.sampler.fail(f"no answer to the oldest order: {qty} at {price} for {order.cl_ord_id}")
            return
        self._waiting.popleft()
        self.sampler.answered(now_ns)

    def on_reject(self, order: Order | None, reason: int, text: str) -> None:
        self.sampler.fail(f"rejected: {text}")

    def on_halt(self, reason: str) -> None:
        self.sampler.fail(reason)


class AskTaker(Strategy):
    """Buys each best ask that moved, immediate or cancel."""

    def __init__(self) -> None:
        super().__init__()
        self._last_ask = NO_ASK

    def on_book(self, book: Book) -> None:
        ask, last_ask = book.best_ask, self._last_ask
        self._last_ask = ask
        if ask != last_ask and ask != NO_ASK and last_ask != NO_ASK:
            self.context.buy(book.instrument, ask, QTY, fix.Tif.IOC)
