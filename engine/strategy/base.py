"""The base class of every strategy: its hooks, and what it declares of itself.

Units   price, size and money are integers in the units of their instrument; times are in ns.
Errors  an exception in a hook halts trading, cancels every order and is reported.
Thread  the loop thread: a hook that takes long delays everything.
"""

from typing import Any

from engine.book import Book
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.strategy.context import Context


class Strategy:
    """Base of every strategy: each hook is optional, the defaults do nothing.

    A subclass may declare `Parameters`, a msgspec.Struct that `[strategy.parameters]` of the configuration fills. A
    field annotated Size, Price, Money or Duration is written as text there and arrives as an exact integer. Without it
    the strategy takes no parameters. One object lives as long as the engine runs.
    """

    Parameters: type | None = None
    kept_trades: int = 0  # of each market, for `context.trades`
    State: type | None = None  # what `on_load` is given; of None what JSON makes of it
    state_version: int = 1  # raised when what was saved before means something else
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

    def on_stale(self, book: Book) -> None:
        """A book is not to be believed, until its next snapshot; risk denies orders there. Told once each time."""

    def on_connected(self) -> None:
        """The session logged on, for the first time or again; trading may have to wait for more, such as books."""

    def on_pause(self, reason: str) -> None:
        """Trading is paused, such as by a lost session or feed: orders rest on, new ones are denied until `on_resume`.

        Nothing of it is told before `on_start`, nor of what ends by `on_halt`.
        """

    def on_resume(self) -> None:
        """Trading goes on, after a pause or after a person has ended a halt; `context.state` may be "reduce-only"."""

    def on_signal(self, name: str, value: str) -> None:
        """A person or another program told something by `fixlane signal`; `context.is_halted` may be True."""

    def on_parameters(self, parameters: Any) -> None:
        """Other parameters are given by `fixlane reload --parameters`; `self.parameters` are they already."""

    def on_load(self, state: Any) -> None:
        """What `on_save` of an earlier run returned last, told before `on_start`; None where there is nothing."""

    def on_save(self) -> object:
        """Return what the next run's `on_load` is to be given, a msgspec.Struct or what JSON can say; None is nothing.

        Asked for every ten seconds, and at an orderly end after `on_stop`: it must be quick.
        """

    def on_timer(self, key: object) -> None:
        """A timer set with `context.timer` is due; `context.is_halted` may be True."""

    def on_input(self, value: object) -> None:
        """A background task or thread handed in `value` by `context.post`; `context.is_halted` may be True."""

    def on_halt(self, reason: str) -> None:
        """Trading is halted: every order is being cancelled, new ones are denied until a person resumes."""

    def on_stop(self) -> None:
        """The engine is about to cancel every order and log out; called if `on_start` was."""
