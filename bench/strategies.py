"""Strategies that exist to be measured."""

from collections.abc import Callable
from time import perf_counter_ns

from engine import fix
from engine.instrument import Instrument
from engine.orders import Order
from engine.strategy import Strategy

PRICES = 100  # prices that orders walk through, so that a reply to another order is noticed


class OrderProbe(Strategy):
    """Sends one immediate-or-cancel order after another and times each, decision to fill handled."""

    def __init__(self, done: Callable[[], None]) -> None:
        super().__init__()
        self.samples: list[int] = []
        self.faults: list[str] = []
        self._done = done
        self._count = 0
        self._is_paced = False
        self._order: Order | None = None
        self._instrument: Instrument | None = None

    def begin(self, count: int, is_paced: bool) -> None:
        """Start a run of `count` orders; a paced one waits for `next_order` each time."""
        self._instrument = self.context.instruments[0]
        self.samples = []
        self._count = count
        self._is_paced = is_paced
        self.next_order()

    def next_order(self) -> None:
        number = len(self.samples)
        price = 4000 + number % PRICES * 100 % 2000
        side = self.context.sell if number & 1 else self.context.buy
        self._started_ns = perf_counter_ns()
        self._order = side(self._instrument, price, 100, fix.Tif.IOC)
        if self._order is None:
            self._finish("risk denied an order")

    def on_fill(self, order: Order, price: int, qty: int) -> None:
        elapsed_ns = perf_counter_ns() - self._started_ns
        if order is not self._order or price != order.price or not order.is_done:
            self._finish(f"a report of {order.cl_ord_id} came for {self._order}")
            return
        self.samples.append(elapsed_ns)
        if len(self.samples) == self._count:
            self._done()
        elif not self._is_paced:
            self.next_order()

    def on_reject(self, order: Order | None, reason: int, text: str) -> None:
        self._finish(f"rejected: {text}")

    def on_halt(self, reason: str) -> None:
        self._finish(reason)

    def _finish(self, fault: str) -> None:
        self.faults.append(fault)
        self._done()
