"""A whole desk in memory: the loop, risk, orders and portfolio of a live engine, and a test in place of the venue.

Units   prices, sizes and money as in `instrument`; times in ns.
Errors  EngineError where the strategy halts trading, with its reason, unless the test says that it may.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from msgspec import structs

from engine.backtest.clock import MovedClock
from engine.book import Book, make_book
from engine.errors import EngineError
from engine.instrument import Instrument, PriceBand
from engine.journal.writer import NullJournal
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.portfolio import Portfolio, Position
from engine.risk import Risk
from engine.risk.fee_bound import NO_FEE
from engine.risk.limits import StrategyLimits
from engine.strategy import Strategy
from engine.testing.limits import UNLIMITED
from engine.testing.requests import Answers, DeskRequest, MemoryFeed, MemoryGateway
from engine.trading.assembly import Parts, Surroundings, assemble
from engine.trading.team.member import Member
from engine.trading.team.team import Account, account_of
from engine.venue import EventKind, FeeRule, MarketDataStream, MarketEvent

MOST_ANSWERS = 1_000  # to what one step caused: a strategy that answers each answer would go on for ever
CENT = 100


def market(symbol: str, index: int = 0, event: str = "", step: int = CENT) -> Instrument:
    """Return a market with the usual decimals, a payout of a dollar and prices every `step`, a cent by default."""
    return Instrument(symbol, index, [PriceBand(0, 10_000, step)], event=event)


class DeskInMemory:
    """Runs a strategy, or several by their names, over `markets`, symbols or instruments numbered from 0.

    Whatever it asks of its venue is granted as soon as the hook has returned, and nothing fills by itself; where the
    venue `is_silent` the test answers, by `accept` and `reject`. `limits` are those of risk by name, all others none.
    """

    def __init__(
        self,
        strategy: Strategy | Sequence[Member],
        markets: Sequence[str | Instrument] = ("RAIN",),
        *,
        is_silent: bool = False,
        may_halt: bool = False,
        fees: FeeRule | None = None,
        own_limits: Mapping[str, StrategyLimits] = {},
        **limits: Any,
    ) -> None:
        self.markets = tuple([market(each, n) if isinstance(each, str) else each for n, each in enumerate(markets)])
        self.clock = MovedClock()
        self.halted = ""  # why trading is halted
        self._is_silent, self._may_halt = is_silent, may_halt
        self._gateway, self._answers = MemoryGateway(), Answers()
        bounds = [NO_FEE if fees is None else fees.bound(each) for each in self.markets]
        judged = structs.replace(UNLIMITED, **limits)
        if isinstance(strategy, Strategy):
            portfolio = Portfolio(self.markets)
            account = Account(portfolio, Risk(judged, self.markets, portfolio, bounds), strategy)
        else:
            account = account_of(strategy, own_limits, judged, self.markets, bounds)
        self._portfolio, self.strategy = account.portfolio, account.strategy
        parts = Parts(
            books=[make_book(each) for each in self.markets],
            market_data=cast(MarketDataStream, MemoryFeed()),
            decode_report=lambda fields: None,
            orders=Orders("M") if fees is None else Orders("M", fees.charge),
            **account._asdict(),
            journal=NullJournal(),
            fees=fees,
        )
        self._loop = assemble(parts, self._surroundings())
        self._why = "not started"

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            gateway=self._gateway,
            command=lambda commands: None,
            halt=self._halt,
            clock_ns=self.clock,
            wall_ns=self.clock,
            call_later=self.clock.call_later,
            log=lambda line: None,
            reconnect=lambda reason: None,
            obstacle=lambda: self._why,
        )

    # What the test reads

    @property
    def requests(self) -> list[DeskRequest]:
        """Return what was asked of the venue so far, in order."""
        return self._gateway.requests

    @property
    def orders(self) -> list[Order]:
        """Return the orders that may still trade, oldest first."""
        return self._loop.orders.live()

    def instrument(self, name: str | Instrument) -> Instrument:
        """Return a market by its symbol; EngineError for none of ours."""
        for each in self.markets:
            if name in (each, each.symbol):
                return each
        raise EngineError(f"no market {name!r}: there are {', '.join(each.symbol for each in self.markets)}")

    def book(self, name: str | Instrument) -> Book:
        """Return the book of a market."""
        return self._loop.book(self.instrument(name))

    def position(self, name: str | Instrument) -> Position:
        """Return what is held of a market."""
        return self._portfolio[self.instrument(name)]

    # What happens

    def start(self, state: object = None) -> None:
        """Log on and begin to trade; `state` is what an earlier run saved. Show the books before."""
        guard = self._loop.guard

        def begin() -> None:
            """Begin as an engine does: connected, trading, its strategy started."""
            guard.tell("on_load", state)
            self._loop.is_connected = True
            guard.tell("on_connected")
            self._loop.is_trading = True
            guard.call("on_start")

        self._do(begin)

    def show(
        self, name: str | Instrument, bids: Iterable[tuple[int, int]] = (), asks: Iterable[tuple[int, int]] = ()
    ) -> None:
        """Show a whole book: pairs of price and size."""
        self._frame(EventKind.SNAPSHOT, name, bids=list(bids), asks=list(asks))

    def level(self, name: str | Instrument, side: int, price: int, size: int) -> None:
        """Let so much rest at a price from now on."""
        self._frame(EventKind.LEVEL, name, side=side, price=price, size=size)

    def trade(self, name: str | Instrument, side: int, price: int, size: int) -> None:
        """Let somebody trade; `side` is the aggressor's. The book stays as it is."""
        self._frame(EventKind.TRADE, name, side=side, price=price, size=size)

    def lose_book(self, name: str | Instrument) -> None:
        """Let what the feed said of a market be lost, until the next `show`."""
        self._frame(EventKind.GAP, name, suspects=(self.instrument(name),))

    def settle(self, name: str | Instrument, value: int) -> None:
        """End a market: a contract pays `value`."""
        instrument = self.instrument(name)
        self._do(lambda: self._loop.settlements.hear(instrument, value))

    def pass_time(self, by_ns: int) -> None:
        """Move the clock, and call the timers that are due then."""
        self._do(lambda: self.clock.move(by_ns))

    def fill(
        self, order: Order, qty: int | None = None, price: int | None = None, *, fee: int = 0, is_taker: bool = False
    ) -> None:
        """Trade an order: all that is left of it at its price, unless it is said otherwise."""
        if order in self._gateway.unanswered and not order.pending:
            self.accept(order)
        qty, price = order.leaves_qty if qty is None else qty, order.price if price is None else price
        self._report(lambda: self._answers.traded(order, qty, price, fee, is_taker))

    def accept(self, order: Order) -> None:
        """Grant what is asked for an order."""
        self._gateway.unanswered.pop(order, None)
        self._report(lambda: self._answers.accepted(order))

    def reject(self, order: Order, text: str) -> None:
        """Refuse what is asked for an order."""
        self._gateway.unanswered.pop(order, None)
        self._report(lambda: self._answers.refused(order, text))

    def end(self, order: Order, text: str = "") -> None:
        """Cancel what is left of an order, whether that was asked for or not."""
        self._gateway.unanswered.pop(order, None)
        self._report(lambda: self._answers.ended(order, text))

    def pause(self, reason: str) -> None:
        """Pause trading as a lost feed does."""
        self._why, self._loop.is_trading = reason, False
        self._do(lambda: self._loop.guard.tell("on_pause", reason))

    def resume(self) -> None:
        """Go on, after a pause or a halt."""
        self.halted, self._loop.is_halted, self._loop.is_trading = "", False, True
        self._do(lambda: self._loop.guard.tell("on_resume"))

    # The steps

    def _frame(self, kind: int, name: str | Instrument, **values: Any) -> None:
        event = MarketEvent(kind)
        event.instrument = self.instrument(name)
        for field, value in values.items():
            setattr(event, field, value)
        self._do(lambda: self._loop.on_frame(cast(bytes, event), True))

    def _report(self, make: Callable[[], Any]) -> None:
        self._do(lambda: self._loop.apply(make()))

    def _do(self, act: Callable[[], object]) -> None:
        """Let something happen, and then the venue's answers to what came of it."""
        was_halted = self.halted
        act()
        for _ in range(MOST_ANSWERS):
            if self._is_silent or not self._gateway.unanswered:
                break
            order = next(iter(self._gateway.unanswered))
            del self._gateway.unanswered[order]
            self._loop.apply(self._answers.accepted(order))
        else:
            raise EngineError(f"the strategy asked {MOST_ANSWERS} times in one step: each answer made it ask again")
        if self.halted and not was_halted and not self._may_halt:
            raise EngineError(self.halted)

    def _halt(self, reason: str) -> None:
        if self.halted:
            return
        self.halted = reason
        self._loop.is_halted, self._loop.is_trading = True, False
        self._loop.guard.call("on_halt", reason)
        for order in self.orders:
            self._loop.cancel(order)
