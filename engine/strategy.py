"""What a strategy is, what it may do, and every name that it needs for that: the one module that a strategy imports.

Units   price, size and money are integers in the units of their instrument; times are in ns.
Errors  an exception in a hook halts trading, cancels every order and is reported.
Thread  the loop thread: a hook that takes long delays everything.
"""

from collections.abc import Coroutine, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from engine.book import NO_ASK, NO_BID, Book
from engine.fix import Tif
from engine.fix import Type as OrdType
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.portfolio import Position
from engine.risk.codes import RiskReject
from engine.units import Duration, Money, Price, Side, Size

if TYPE_CHECKING:
    from asyncio import Task

__all__ = [
    "NO_ASK", "NO_BID", "Book", "Context", "Duration", "Instrument", "Money", "OrdType", "Order", "Position", "Price",
    "RiskReject", "Side", "Size", "Strategy", "Tif",
]  # fmt: skip


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
    ) -> Order | None:
        """Send an order to buy `qty` at `price` or lower; return it as soon as it is sent, long before it is answered.

        None means that it was denied and not sent; `on_reject` has been called with the code. A market order is judged
        at `price` as well, the worst that it is expected to trade at. `expire_time_ns`, since 1970, goes with Tif.GTD.
        `reduce_only` can only bring a position nearer to zero, and `order_group` puts the order into a group of the
        venue's that caps what its orders may fill: where a venue does not take them the order is denied (NOT_OFFERED).
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

    def timer(self, delay_ns: int, key: object = None) -> None:
        """Call `on_timer(key)` once, `delay_ns` from now, also while trading is paused and requests are denied.

        A timer cannot be taken back: let `key` say whether it still matters.
        """

    def create_task(self, coroutine: Coroutine[Any, Any, Any], name: str = "") -> "Task[Any]":
        """Run a coroutine beside the hooks, on the same loop, until it ends or the engine does.

        It may use the whole context between two awaits, and must not keep the loop: what computes for long belongs in a
        thread, which hands its results in by `post`. One that raises halts trading as a hook does. Live engines only.
        """

    def post(self, value: object) -> None:
        """Call `on_input(value)` on the loop's thread as soon as it is free.

        This is the only member that another thread may use. Live engines only.
        """


class Strategy:
    """Base of every strategy: each hook is optional, the defaults do nothing.

    A subclass may declare `Parameters`, a msgspec.Struct that `[strategy.parameters]` of the configuration fills. A
    field annotated Size, Price, Money or Duration is written as text there and arrives as an exact integer. Without it
    the strategy takes no parameters. One object lives as long as the engine runs.
    """

    Parameters: type | None = None
    context: Context

    def __init__(self, parameters: object = None) -> None:
        self.parameters = parameters

    def on_start(self) -> None:
        """Trading may begin: session logged on, earlier orders gone, every book fresh. Called once in a run.

        A market whose book does not come in time is left out: `on_market` tells of it next.
        """

    def on_book(self, book: Book) -> None:
        """The best price, or one of the best `feed.watch_depth` levels, of `book` moved.

        Called while trading is allowed, once for each read of the feed however many frames it held, so it sees the
        state after the last. Check `book.is_stale`, and NO_BID and NO_ASK, which an empty side has for its price.
        """

    def on_trade(self, instrument: Instrument, side: int, price: int, size: int) -> None:
        """Somebody traded in the book, perhaps we; `side` is the aggressor's. Called while trading is allowed."""

    def on_block_trade(self, instrument: Instrument, side: int, price: int, size: int) -> None:
        """Two parties traded by agreement, beside the book: `price` and `size` say nothing about what rests in it."""

    def on_late_trade(
        self, instrument: Instrument, side: int, price: int, size: int, traded_ns: int, is_block: bool
    ) -> None:
        """Somebody traded at `traded_ns` while the feed was away: told late, in order, each once, and never twice.

        It may come after what `on_trade` tells of later trades. Nothing of it is in the book any more.
        """

    def on_order(self, order: Order) -> None:
        """An order was acknowledged, replaced or restated, cancelled, expired, or became unknown; `ord_status` tells.

        Called as well when a fill was busted or corrected: position and risk count what is left.
        """

    def on_fill(self, order: Order, price: int, qty: int) -> None:
        """An order traded `qty` at `price`; order, position and risk count it already. After the last it `is_done`."""

    def on_reject(self, order: Order | None, reason: int, text: str) -> None:
        """A request was refused, before or after it left; `text` says why.

        By risk: `reason` is a RiskReject code, `order` is None for a new order and the order itself for a replace. By
        the venue: `reason` is the venue's code; an order that was new is done, one that was to change stays.
        """

    def on_market(self, instrument: Instrument, text: str) -> None:
        """A market takes no new orders from now on, and `text` says why; it is empty when the market opens again.

        A market that comes while the engine runs is told so too, before its first book: with an empty `text`, and then
        with what stops it, if anything does.
        """

    def on_settle(self, instrument: Instrument, value: int, position: int) -> None:
        """A market is over: a contract paid `value`, and `position` were held, below 0 short. The cash counts already.

        The market may be forgotten some time after that. It is then in no list of `context` any more, and what is asked
        for it is denied.
        """

    def on_timer(self, key: object) -> None:
        """A timer set with `context.timer` is due; `context.is_halted` may be True."""

    def on_input(self, value: object) -> None:
        """A background task or thread handed in `value` by `context.post`; `context.is_halted` may be True."""

    def on_halt(self, reason: str) -> None:
        """Trading is halted: every order is being cancelled, new ones are denied until a person resumes."""

    def on_stop(self) -> None:
        """The engine is about to cancel every order and log out; called if `on_start` was."""
