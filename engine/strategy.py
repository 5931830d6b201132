"""What a strategy is, and what it may do.

Units   price, size and money as in `instrument`; times in ns.
Errors  an exception in a hook halts trading, cancels every order and is reported.
Thread  the loop thread: a hook that takes long delays everything.
"""

from collections.abc import Iterator
from typing import Protocol

from engine import fix
from engine.book import Book
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.portfolio import Position


class Context(Protocol):
    """The engine as a strategy sees it.

    A request that pre-trade risk denies answers None (or False) after `on_reject`; one that was sent answers its order.
    """

    @property
    def instruments(self) -> tuple[Instrument, ...]: ...

    @property
    def now_ns(self) -> int: ...

    @property
    def is_halted(self) -> bool: ...

    def instrument(self, symbol: str) -> Instrument: ...

    def book(self, instrument: Instrument) -> Book: ...

    def position(self, instrument: Instrument) -> Position: ...

    def orders(self, instrument: Instrument | None = None) -> Iterator[Order]: ...

    def buy(
        self,
        instrument: Instrument,
        price: int,
        qty: int,
        time_in_force: str = fix.Tif.GTC,
        post_only: bool = False,
        ord_type: str = fix.Type.LIMIT,
        expire_time_ns: int = 0,
    ) -> Order | None: ...

    def sell(
        self,
        instrument: Instrument,
        price: int,
        qty: int,
        time_in_force: str = fix.Tif.GTC,
        post_only: bool = False,
        ord_type: str = fix.Type.LIMIT,
        expire_time_ns: int = 0,
    ) -> Order | None: ...

    def cancel(self, order: Order) -> bool: ...

    def replace(self, order: Order, price: int, qty: int) -> bool: ...

    def cancel_all(self, instrument: Instrument | None = None) -> int: ...

    def timer(self, delay_ns: int, key: object = None) -> None:
        """Call `on_timer(key)` once, `delay_ns` from now, also while trading is paused and requests are denied."""


class Strategy:
    """Base of every strategy: each hook is optional, the defaults do nothing.

    A subclass may declare `Parameters`, a msgspec.Struct that the configuration fills with typed values.
    """

    Parameters: type | None = None
    context: Context

    def __init__(self, parameters: object = None) -> None:
        self.parameters = parameters

    def on_start(self) -> None:
        """Trading may begin: session logged on, every book fresh."""

    def on_book(self, book: Book) -> None:
        """The best price or the watched depth of `book` moved; called once a read, however many frames it held."""

    def on_trade(self, instrument: Instrument, side: int, price: int, size: int) -> None:
        """The market traded; `side` is the aggressor's."""

    def on_order(self, order: Order) -> None:
        """An order was acknowledged, replaced, cancelled, expired or became unknown."""

    def on_fill(self, order: Order, price: int, qty: int) -> None:
        """An order traded; position and risk already count it."""

    def on_reject(self, order: Order | None, reason: int, text: str) -> None:
        """Risk denied a request (`order` None for a new one, `reason` a RiskReject) or the venue refused it."""

    def on_timer(self, key: object) -> None:
        """A timer set with `context.timer` is due."""

    def on_halt(self, reason: str) -> None:
        """Trading is halted; every order is being cancelled and new ones are refused."""

    def on_stop(self) -> None:
        """The engine is about to log out."""
