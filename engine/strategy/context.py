"""What a strategy may know and do: the members of `self.context`.

Units   price, size and money are integers in the units of their instrument; times are in ns.
Errors  what cannot be understood, such as a price that is no integer, raises and so halts trading.
Thread  the loop thread, but for `post`.
"""

from collections.abc import Coroutine, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from engine.book import Book
from engine.fix import Tif
from engine.fix import Type as OrdType
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.portfolio import Position
from engine.strategy.portfolio_view import PortfolioView
from engine.strategy.status import TradingStatus
from engine.strategy.trades import LastTrade

if TYPE_CHECKING:
    from asyncio import Task
    from logging import Logger


class TimerHandle(Protocol):
    """A timer that was set."""

    @property
    def is_over(self) -> bool:
        """Whether nothing comes of it any more: it was due, or it was taken back."""

    def cancel(self) -> None:
        """Take it back; one that is over stays so."""


class Context(Protocol):
    """The engine as a strategy sees it: `self.context`, set before `on_start` and not yet there in `__init__`.

    Every method may be called from any hook. What is asked for while trading is paused or halted is denied, cancels and
    timers excepted. What cannot be understood, such as a price that is no integer, raises and so halts trading.
    """

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Every market that there is now, by rising index: those of the configuration, or those of the universe."""

    @property
    def now_ns(self) -> int:
        """Wall time in ns since 1970, by the desk's clock. A stepped run has a time of its own: ask no other clock."""

    @property
    def portfolio(self) -> PortfolioView:
        """What is held, what it made, what it may lose, and what the limits leave: numbers of this moment."""

    @property
    def state(self) -> TradingStatus:
        """Whether trading may happen, and why not: "trading", "reduce-only", "paused" or "halted"."""

    @property
    def log(self) -> "Logger":
        """A logger of the strategy's own, which writes into the engine's log."""

    @property
    def is_halted(self) -> bool:
        """Whether the kill switch is on: True from a halt until a person resumes."""

    def instrument(self, symbol: str) -> Instrument:
        """Return the market of this name; ConfigError if the engine does not trade it."""

    def book(self, instrument: Instrument) -> Book:
        """Return the market's book, always the same object: read it, never change it. It may be stale or empty."""

    def position(self, instrument: Instrument) -> Position:
        """Return what is held in the market, always the same object, flat or not: read it, never change it."""

    def orders(self, instrument: Instrument | None = None) -> Iterator[Order]:
        """Return the orders that may still trade, of one market or of all, oldest first.

        Unacknowledged and unknown ones are among them. It is safe to cancel while iterating.
        """

    def order(self, cl_ord_id: str) -> Order | None:
        """Return the order that has or had this ClOrdID(11), live or over; None for none that is known."""

    def tagged(self, tag: str) -> Iterator[Order]:
        """Return the orders with this tag that may still trade, oldest first; safe to cancel while iterating."""

    def trades(self, instrument: Instrument) -> tuple[LastTrade, ...]:
        """Return the last trades of a market, as many as the class's `kept_trades` says, the oldest first.

        ConfigError where that is 0.
        """

    def fee(self, instrument: Instrument, price: int, qty: int, is_taker: bool = True) -> int:
        """Return what the venue would charge for one trade by its rule, below 0 for a rebate; an estimate."""

    def worst_case(self, instrument: Instrument, side: int, price: int, qty: int) -> int:
        """Return what risk would count for such an order: the most that its fills can cost, fees included."""

    def buy(
        self,
        instrument: Instrument,
        price: int,
        qty: int,
        time_in_force: str = Tif.GTC,
        post_only: bool = False,
        ord_type: str = OrdType.LIMIT,
        expire_time_ns: int = 0,
        reduce_only: bool = False,
        order_group: str = "",
        tag: str = "",
    ) -> Order | None:
        """Send an order to buy `qty` at `price` or lower; return it as soon as it is sent, long before it is answered.

        None means that it was denied and not sent; `on_reject` has been called with the code. A market order is judged
        at `price` as well, the worst that it is expected to trade at. `expire_time_ns`, since 1970, goes with Tif.GTD.
        `reduce_only` can only bring a position nearer to zero, and `order_group` puts the order into a group of the
        venue's that caps what its orders may fill: where a venue does not take them the order is denied (NOT_OFFERED).
        `tag`, up to 32 of A-Z a-z 0-9 _ . : / + -, is the strategy's own word: `order.tag` for ever, restarts included.
        An order that may not have left, because the session was just lost, is returned too: it counts until the venue
        has been asked.
        """

    def sell(
        self,
        instrument: Instrument,
        price: int,
        qty: int,
        time_in_force: str = Tif.GTC,
        post_only: bool = False,
        ord_type: str = OrdType.LIMIT,
        expire_time_ns: int = 0,
        reduce_only: bool = False,
        order_group: str = "",
        tag: str = "",
    ) -> Order | None:
        """Send an order to sell `qty` at `price` or higher; otherwise as `buy`. Selling what is not held goes short."""

    def cancel(self, order: Order) -> bool:
        """Ask the venue to cancel; True if the request left, whose answer comes as `on_order` or `on_reject`.

        False, without a call of `on_reject`, if the session is down, a request of this order is unanswered, or nothing
        is left to cancel. Risk never denies a cancel, and a halt does not stop it.
        """

    def replace(self, order: Order, price: int, qty: int) -> bool:
        """Ask the venue to move an order to `price` and the total quantity `qty`, what has filled included.

        True if the request left. False, without a call of `on_reject`, if the order is not acknowledged yet, is over,
        or has a request unanswered (`order.can_replace` tells). False after `on_reject` if risk denied it.
        """

    def cancel_all(self, instrument: Instrument | None = None) -> int:
        """Ask for the cancel of every live order, of one market or of all; return how many requests left."""

    def timer(self, delay_ns: int, key: object = None) -> TimerHandle:
        """Call `on_timer(key)` once, `delay_ns` from now, also while trading is paused and requests are denied.

        What is returned can take it back by `cancel()`.
        """

    def every(self, interval_ns: int, key: object = None) -> TimerHandle:
        """Call `on_timer(key)` each time that so much has passed, until `cancel()` of what is returned.

        Calls that were missed, because the loop was held, are not made up for. ConfigError for less than a millisecond.
        """

    def run(self, coroutine: Coroutine[Any, Any, object], name: str, delay_ns: int | None = None) -> "Task[Any]":
        """Run an input, such as a second feed, beside the hooks, until it or the engine ends; as `create_task`.

        One that raises halts trading at once, whoever else waits for its task; `name` stands in the reason. Where time
        is moved, as in a backtest, `delay_ns` says how long it takes: it is run at once, and what it posts arrives so
        much later. It may compute there, and wait for nothing outside. Without `delay_ns` that is a ConfigError; a live
        engine takes the time that it takes.
        """

    def create_task(self, coroutine: Coroutine[Any, Any, Any], name: str = "") -> "Task[Any]":
        """Run a coroutine beside the hooks, on the same loop, until it ends or the engine does.

        It may use the whole context between two awaits, and must not keep the loop: what computes for long belongs in a
        thread, which hands its results in by `post`. One that raises halts trading as a hook does. Live engines only.
        """

    def post(self, value: object) -> None:
        """Call `on_input(value)` on the loop's thread as soon as it is free.

        This is the only member that another thread may use. Live engines only, but for an input that `run` was given a
        `delay_ns` for.
        """
