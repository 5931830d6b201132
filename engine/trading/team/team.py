"""Several strategies as the one that a loop knows: each hook goes to whom it concerns.

What concerns one order goes to its owner alone; a market's books and trades go to whoever sees it; what concerns all
goes to all, in the order of the configuration. An order that is nobody's, such as an adopted one, is told to nobody.
An engine with one strategy has none of this on its path.

Errors  a hook that raises stops its own strategy or everything, as `Member` says; the others are called all the same.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from engine.book import Book
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.portfolio import Portfolio
from engine.portfolio.shared import SharedPortfolio
from engine.risk import Risk
from engine.risk.fee_bound import FeeBound
from engine.risk.limits import Limits, StrategyLimits
from engine.risk.shared import SharedRisk
from engine.strategy import Strategy
from engine.trading.desk import Beside
from engine.trading.loop import TradingLoop
from engine.trading.serving.timers import CallLater
from engine.trading.team.member import Member
from engine.trading.team.seat import Seat
from engine.venue import TradeFee


class SeatParts(NamedTuple):
    """What a seat reaches beside the loop."""

    call_later: CallLater
    clock_ns: Callable[[], int]
    beside: Beside | None
    obstacle: Callable[[], str]
    fees: TradeFee | None


class Account(NamedTuple):
    """What a desk trades with: the portfolio and the risk of an account, and its one strategy or its team."""

    portfolio: Portfolio
    risk: Risk
    strategy: Strategy


def account_of(
    members: Sequence[Member],
    own: Mapping[str, StrategyLimits],
    limits: Limits,
    instruments: Sequence[Instrument],
    fee_bounds: Sequence[FeeBound] = (),
) -> Account:
    """Return the account that these strategies share; `own` has the limits of each, none where it is not named."""
    portfolio = SharedPortfolio(instruments, [member.name for member in members])
    judged = {each.name: own.get(each.name, StrategyLimits()).within(limits) for each in members}
    risk = SharedRisk(limits, instruments, portfolio, fee_bounds, judged)
    return Account(portfolio, risk, Team(members, portfolio, risk))


class Team(Strategy):
    """The strategies of one engine by their names, with the account that they share."""

    def __init__(self, members: Iterable[Member], portfolio: SharedPortfolio, risk: SharedRisk) -> None:
        super().__init__(None)
        self.members = {member.name: member for member in members}
        self.portfolio = portfolio
        self.risk = risk
        self.kept_trades = max([member.strategy.kept_trades for member in self.members.values()], default=0)
        self.stop_member: Callable[[str, str], object] = (
            self.stop
        )  # the desk that keeps it over restarts takes its place
        self.note: Callable[[str], object] = lambda line: None
        self._loop: TradingLoop
        self._seen: dict[Instrument, tuple[Member, ...]] = {}
        self._listings = -1
        self._has_started = False

    def join(self, loop: TradingLoop, parts: SeatParts) -> None:
        """Give each strategy its context."""
        self._loop = loop
        self.risk.sees = lambda name, instrument: self.members[name].markets.has(instrument)
        self.risk.lost = lambda name, reason: self.stop_member(name, reason)
        for name, member in self.members.items():
            member.halt = loop.guard.halt
            member.stop = lambda name, reason: self.stop_member(name, reason)
            share, own = self.portfolio.share(name), self.risk.of[name]
            member.strategy.context = Seat(member, share, own, self.risk, loop, *parts)

    # The kill switch of one strategy

    def stop(self, name: str, reason: str) -> None:
        """Let a strategy send no new order, and cancel those that it has; the others trade on."""
        member = self.members[name]
        self.risk.halt(name, reason)
        if member.reason:
            member.reason = reason
            return
        member.reason = reason
        self.note(f"STRATEGY {name} stopped: {reason}")
        if member.has_started:
            member.call("on_halt", reason)
        for order in self.left_over():
            self._loop.cancel(order)

    def resume(self, name: str) -> None:
        """Let a strategy trade again."""
        member = self.members[name]
        if not member.reason:
            return
        member.reason = ""
        self.risk.resume(name)
        self.note(f"STRATEGY {name} trades again")
        if self._has_started and self._loop.is_trading:
            member.begin()

    @property
    def stopped(self) -> dict[str, str]:
        """Return why each stopped strategy is stopped, by its name."""
        return {name: member.reason for name, member in self.members.items() if member.reason}

    def left_over(self) -> list[Order]:
        """Return the orders of stopped strategies that may still trade."""
        stopped = self.stopped
        return [order for order in self._loop.orders.live() if order.owner in stopped] if stopped else []

    # What concerns all

    def _tell_all(self, hook: str, *arguments: object) -> None:
        for member in self.members.values():
            member.tell(hook, *arguments)

    def on_start(self) -> None:
        """Start each strategy that is not stopped."""
        self._has_started = True
        self._begin()

    def on_resume(self) -> None:
        """Tell each strategy that trading goes on."""
        self._begin()

    def _begin(self) -> None:
        for member in self.members.values():
            if not member.reason and self._loop.is_trading:
                member.begin()

    def on_connected(self) -> None:
        """Tell all."""
        self._tell_all("on_connected")

    def on_pause(self, reason: str) -> None:
        """Tell all."""
        self._tell_all("on_pause", reason)

    def on_halt(self, reason: str) -> None:
        """Tell all."""
        self._tell_all("on_halt", reason)

    def on_stop(self) -> None:
        """Tell all that were started."""
        for member in self.members.values():
            if member.has_started:
                member.tell("on_stop")

    # What concerns a market

    def _who_see(self, instrument: Instrument) -> tuple[Member, ...]:
        if self._listings != self._loop.listings:
            self._listings, self._seen = self._loop.listings, {}
        found = self._seen.get(instrument)
        if found is None:
            found = tuple([member for member in self.members.values() if member.markets.has(instrument)])
            self._seen[instrument] = found
        return found

    def on_book(self, book: Book) -> None:
        """Tell whoever sees the market and may trade."""
        for member in self._who_see(book.instrument):
            if not member.reason and self._loop.is_trading:
                try:  # not by `call`: this is the path
                    member.strategy.on_book(book)
                except BaseException as error:
                    member.failed("on_book", error)

    def on_trade(self, instrument: Instrument, side: int, price: int, size: int) -> None:
        """Tell whoever sees the market and may trade."""
        for member in self._who_see(instrument):
            if not member.reason and self._loop.is_trading:
                member.call("on_trade", instrument, side, price, size)

    def on_block_trade(self, instrument: Instrument, side: int, price: int, size: int) -> None:
        """Tell whoever sees the market and may trade."""
        for member in self._who_see(instrument):
            if not member.reason and self._loop.is_trading:
                member.tell("on_block_trade", instrument, side, price, size)

    def on_late_trade(
        self, instrument: Instrument, side: int, price: int, size: int, traded_ns: int, is_block: bool
    ) -> None:
        """Tell whoever sees the market."""
        for member in self._who_see(instrument):
            member.tell("on_late_trade", instrument, side, price, size, traded_ns, is_block)

    def on_market(self, instrument: Instrument, text: str) -> None:
        """Tell whoever sees the market."""
        for member in self._who_see(instrument):
            member.tell("on_market", instrument, text)

    def on_stale(self, book: Book) -> None:
        """Tell whoever sees the market."""
        for member in self._who_see(book.instrument):
            member.tell("on_stale", book)

    def on_settle(self, instrument: Instrument, value: int, position: int) -> None:
        """Tell whoever sees the market or held something there, each with what it held itself."""
        held = dict(self.portfolio.settled)
        for name, member in self.members.items():
            if held.get(name) or member.markets.has(instrument):
                member.tell("on_settle", instrument, value, held.get(name, 0))

    # What concerns an order

    def on_order(self, order: Order) -> None:
        """Tell the owner."""
        member = self.members.get(order.owner)
        if member is not None:
            member.call("on_order", order)

    def on_fill(self, order: Order, price: int, qty: int) -> None:
        """Tell the owner."""
        member = self.members.get(order.owner)
        if member is not None:
            member.fills += 1
            member.call("on_fill", order, price, qty)

    def on_reject(self, order: Order | None, reason: int, text: str) -> None:
        """Tell the owner, or who is asking for a new order."""
        member = self.members.get(self.risk.asking if order is None else order.owner)
        if member is not None:
            member.call("on_reject", order, reason, text)
