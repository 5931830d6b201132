"""The trading loop as a strategy sees it: what it may ask for, and its timers.

Units   price and size as in `instrument`; `now_ns` is wall time since 1970, delays are in ns.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterator

from engine import fix
from engine.book import Book
from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.portfolio import Position
from engine.trading.loop import TradingLoop


class Desk(TradingLoop):
    """Implements `strategy.Context`. Whoever wires it sets `call_later` (delay in ns, callable)."""

    call_later: Callable[[int, Callable[[], None]], object]
    is_halted: bool  # False until the kill switch is used

    @property
    def now_ns(self) -> int:
        return self._wall.now_ns()

    def instrument(self, symbol: str) -> Instrument:
        """Return the instrument of this name; ConfigError if the engine does not trade it."""
        for book in self.books:
            if book.instrument.symbol == symbol:
                return book.instrument
        known = ", ".join(book.instrument.symbol for book in self.books)
        raise ConfigError(f"unknown market {symbol!r}: this engine has {known}")

    def book(self, instrument: Instrument) -> Book:
        return self.books[instrument.index]

    def position(self, instrument: Instrument) -> Position:
        return self.portfolio[instrument]

    def orders(self, instrument: Instrument | None = None) -> Iterator[Order]:
        """Return the live orders, of one market or of all, oldest first; safe to cancel while iterating."""
        return iter([o for o in self.all_orders.live() if instrument is None or o.instrument is instrument])

    def buy(
        self,
        instrument: Instrument,
        price: int,
        qty: int,
        time_in_force: str = fix.Tif.GTC,
        post_only: bool = False,
        ord_type: str = fix.Type.LIMIT,
        expire_time_ns: int = 0,
    ) -> Order | None:
        return self.submit(instrument, fix.BUY, price, qty, time_in_force, post_only, ord_type, expire_time_ns)

    def sell(
        self,
        instrument: Instrument,
        price: int,
        qty: int,
        time_in_force: str = fix.Tif.GTC,
        post_only: bool = False,
        ord_type: str = fix.Type.LIMIT,
        expire_time_ns: int = 0,
    ) -> Order | None:
        return self.submit(instrument, fix.SELL, price, qty, time_in_force, post_only, ord_type, expire_time_ns)

    def cancel_all(self, instrument: Instrument | None = None) -> int:
        """Ask for the cancel of every live order; return how many requests left."""
        return sum(self.cancel(order) for order in self.orders(instrument))

    def timer(self, delay_ns: int, key: object = None) -> None:
        """Call `on_timer(key)` once, `delay_ns` from now, also while trading is paused."""
        self.call_later(delay_ns, lambda: self.hooks.call("on_timer", key))
