"""The trading loop as a strategy sees it: what it may ask for, and its timers.

Units   price and size as in `instrument`; `now_ns` is wall time since 1970, delays are in ns.
Thread  the loop thread only.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any, Protocol, TypeAlias, cast

from engine import fix
from engine.book import Book
from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.orders.options import options_with
from engine.orders.order import Order
from engine.portfolio import Position
from engine.risk.codes import TradingState
from engine.strategy.portfolio_view import PortfolioView
from engine.strategy.status import TRADING, TradingStatus
from engine.strategy.trades import LastTrade
from engine.trading.loop import TradingLoop
from engine.trading.serving.inputs import run_at_once
from engine.trading.serving.timers import CallLater, Timer
from engine.venue import TradeFee

REDUCE_ONLY = TradingState.REDUCE_ONLY

Started: TypeAlias = "asyncio.Task[Any]"


class HookCaller(Protocol):
    """What calls the hooks of a strategy, so that none of its mistakes goes unseen."""

    def call(self, name: str, /, *arguments: object) -> None:
        """Call one hook."""

    def failed(self, name: str, error: BaseException, /) -> None:
        """Act on what a hook raised."""

    def failed_beside(self, what: str, error: BaseException, /) -> None:
        """Act on what something else than a hook raised, such as a task."""


class Beside(Protocol):
    """What runs beside the hooks, where there is an event loop for it."""

    def start(self, coroutine: Coroutine[Any, Any, Any], name: str) -> Started:
        """Run a coroutine until it ends or the engine does."""

    def post(self, act: Callable[[], object]) -> None:
        """Call `act` on the loop's thread soon; for any thread."""


class Desk:
    """Implements `strategy.Context`, and offers nothing beyond it: the loop itself is out of a strategy's reach."""

    def __init__(
        self,
        loop: TradingLoop,
        call_later: CallLater,
        clock_ns: Callable[[], int],
        beside: Beside | None = None,
        obstacle: Callable[[], str] = str,
        fees: TradeFee | None = None,
    ) -> None:
        """`obstacle` says why trading is paused; without `fees` a trade costs none."""
        self._loop = loop
        self._call_later = call_later
        self._clock_ns = clock_ns
        self._beside = beside
        self._obstacle = obstacle
        self._fees = fees
        self._delay_ns = -1  # of the input that is being run where time is moved
        self._caller: HookCaller = loop.guard
        self._portfolio = loop.portfolio
        self._holdings = PortfolioView(loop.portfolio, loop.risk)
        self._log = logging.getLogger(type(loop.guard.strategy).__module__)

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Every market of the engine now, by rising index."""
        return self._loop.instruments

    @property
    def now_ns(self) -> int:
        """Wall time since 1970, by the clock that the desk was given."""
        return self._loop.wall.now_ns()

    @property
    def portfolio(self) -> PortfolioView:
        """What is held, made, at stake and left of the limits."""
        return self._holdings

    @property
    def state(self) -> TradingStatus:
        """Whether trading may happen, and why not."""
        loop = self._loop
        if loop.is_halted:
            return TradingStatus("halted", loop.risk.reason)
        if not loop.is_trading:
            return TradingStatus("paused", self._obstacle())
        return TradingStatus("reduce-only", loop.risk.reason) if loop.risk.state == REDUCE_ONLY else TRADING

    @property
    def log(self) -> logging.Logger:
        """The logger of the strategy's module."""
        return self._log

    @property
    def is_halted(self) -> bool:
        """Whether the kill switch is on."""
        return self._loop.is_halted

    def instrument(self, symbol: str) -> Instrument:
        """Return the instrument of this name; ConfigError if the engine does not trade it."""
        for book in self._loop.books:
            if book.instrument.symbol == symbol:
                return book.instrument
        known = ", ".join(book.instrument.symbol for book in self._loop.books)
        raise ConfigError(f"unknown market {symbol!r}: this engine has {known}")

    def book(self, instrument: Instrument) -> Book:
        """Return the book of a market, live: it moves with the feed."""
        return self._loop.book(instrument)

    def position(self, instrument: Instrument) -> Position:
        """Return the position in a market, live: it moves with each fill and mark."""
        return self._portfolio[instrument]

    def orders(self, instrument: Instrument | None = None) -> Iterator[Order]:
        """Return the live orders, of one market or of all, oldest first; safe to cancel while iterating."""
        return iter([o for o in self._loop.orders.live() if instrument is None or o.instrument is instrument])

    def order(self, cl_ord_id: str) -> Order | None:
        """Return the order that has or had this ClOrdID(11)."""
        return self._loop.orders.by_id(cl_ord_id)

    def tagged(self, tag: str) -> Iterator[Order]:
        """Return the live orders with a tag, oldest first."""
        return iter([o for o in self._loop.orders.live() if o.tag == tag])

    def trades(self, instrument: Instrument) -> tuple[LastTrade, ...]:
        """Return the last trades of a market, the oldest first."""
        trades = self._loop.trades
        if trades is None:
            raise ConfigError("no trades are kept: say how many by `kept_trades` of the strategy's class")
        return trades.of(self._loop.book(instrument).instrument)

    def fee(self, instrument: Instrument, price: int, qty: int, is_taker: bool = True) -> int:
        """Return what the venue would charge for one trade, below 0 for a rebate."""
        return self._fees.fee(instrument, price, qty, is_taker) if self._fees is not None else 0

    def worst_case(self, instrument: Instrument, side: int, price: int, qty: int) -> int:
        """Return what risk would count for an order: the most that its fills can cost, fees included."""
        return self._loop.risk.exposure.worst_cost(instrument, side, price, qty)

    def buy(
        self,
        instrument: Instrument,
        price: int,
        qty: int,
        time_in_force: str = fix.Tif.GTC,
        post_only: bool = False,
        ord_type: str = fix.Type.LIMIT,
        expire_time_ns: int = 0,
        reduce_only: bool = False,
        order_group: str = "",
        tag: str = "",
    ) -> Order | None:
        """Send an order to buy; None if risk denies it."""
        options = options_with(reduce_only, order_group, tag) if reduce_only or order_group or tag else None
        return self._loop.submit(
            instrument, fix.BUY, price, qty, time_in_force, post_only, ord_type, expire_time_ns, options
        )

    def sell(
        self,
        instrument: Instrument,
        price: int,
        qty: int,
        time_in_force: str = fix.Tif.GTC,
        post_only: bool = False,
        ord_type: str = fix.Type.LIMIT,
        expire_time_ns: int = 0,
        reduce_only: bool = False,
        order_group: str = "",
        tag: str = "",
    ) -> Order | None:
        """Send an order to sell; None if risk denies it."""
        options = options_with(reduce_only, order_group, tag) if reduce_only or order_group or tag else None
        return self._loop.submit(
            instrument, fix.SELL, price, qty, time_in_force, post_only, ord_type, expire_time_ns, options
        )

    def cancel(self, order: Order) -> bool:
        """Ask for the cancel of an order; False if it cannot be asked for now."""
        return self._loop.cancel(order)

    def replace(self, order: Order, price: int, qty: int) -> bool:
        """Move a live order to `price` and total quantity `qty`; False if risk denies it or it cannot be moved now."""
        return self._loop.replace(order, price, qty)

    def cancel_all(self, instrument: Instrument | None = None) -> int:
        """Ask for the cancel of every live order; return how many requests left."""
        return sum(self.cancel(order) for order in self.orders(instrument))

    def timer(self, delay_ns: int, key: object = None) -> Timer:
        """Call `on_timer(key)` once, `delay_ns` from now, also while trading is paused."""
        return Timer(self._call_later, self._clock_ns, partial(self._caller.call, "on_timer", key), delay_ns)

    def every(self, interval_ns: int, key: object = None) -> Timer:
        """Call `on_timer(key)` each time that so much has passed, also while trading is paused."""
        fire = partial(self._caller.call, "on_timer", key)
        return Timer(self._call_later, self._clock_ns, fire, interval_ns, interval_ns)

    def run(self, coroutine: Coroutine[Any, Any, object], name: str, delay_ns: int | None = None) -> Started:
        """Run an input beside the hooks; where it fails trading halts at once, by its name."""
        if self._beside is not None:
            return self._beside.start(self._watched(coroutine, name), name)
        if delay_ns is None or delay_ns < 0:
            coroutine.close()
            raise ConfigError(f"run {name} needs a live engine; where time is moved, say by delay_ns how long it takes")
        before, self._delay_ns = self._delay_ns, delay_ns
        try:
            ended = run_at_once(coroutine, name)
        finally:
            self._delay_ns = before
        if (error := ended.exception()) is not None:
            told = partial(self._caller.failed_beside, f"background input {name}", error)
            self._call_later(delay_ns, told)
        return cast(Started, ended)

    async def _watched(self, coroutine: Coroutine[Any, Any, object], name: str) -> None:
        try:
            await coroutine
        except Exception as error:
            self._caller.failed_beside(f"background input {name}", error)

    def create_task(self, coroutine: Coroutine[Any, Any, Any], name: str = "") -> Started:
        """Run a coroutine beside the hooks; one that fails halts trading as a hook does."""
        if self._beside is None:
            coroutine.close()
            raise ConfigError("create_task needs a live engine: a stepped run has no time in which a task could run")
        return self._beside.start(coroutine, name)

    def post(self, value: object) -> None:
        """Call `on_input(value)` on the loop's thread as soon as it is free; from any thread."""
        if self._beside is None:
            if self._delay_ns < 0:
                raise ConfigError("post needs a live engine, or an input that `run` began with a delay_ns")
            self._call_later(self._delay_ns, partial(self._caller.call, "on_input", value))
            return
        self._beside.post(lambda: self._caller.call("on_input", value))
