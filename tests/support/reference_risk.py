"""Risk as one would explain it: lists of what happened, summed whenever a question is asked."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import ceil
from typing import Any

from engine.book import NO_ASK, NO_BID
from engine.fix import BUY, SELL, Status
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.orders.table import TERMINAL
from engine.risk import RiskReject, TradingState
from engine.risk.fee_bound import FeeBound
from engine.risk.limits import Limits
from engine.units import NO_LIMIT
from tests.support.risks import PAYOUT, FakeBook

SECOND = 10**9


class ReferenceRisk:
    """Answers what `Risk` answers, slowly."""

    def __init__(self, limits: Limits, instruments: tuple[Instrument, ...], fees: Sequence[FeeBound] = ()) -> None:
        self.heard_ns = 0
        self.fees = fees
        self.limits = limits
        self.rate: Any = limits.rate  # without a rate nothing asks what the rate is
        self.instruments = instruments
        self.orders: list[Order] = []
        self.fills: list[tuple[Instrument, int, int, int, int]] = []
        self.tops: dict[Instrument, tuple[int, int]] = {}  # the best prices that were believed last
        self.closed: set[Instrument] = set()
        self.state = TradingState.ACTIVE
        self.high = 0
        self.reducing: set[Instrument] = set()
        self.sent: list[tuple[int, Instrument, int, int, int]] = []
        self.tokens = limits.rate.burst * SECOND if limits.rate else 0  # in 10**-9
        self.tokens_ns = 0

    # What counts

    def cases(self, order: Order) -> list[tuple[int, int]]:
        """The (price, quantity) pairs that may turn out to be open."""
        leaves_qty = order.leaves_qty
        if order.ord_status == Status.UNKNOWN:
            leaves_qty = max(leaves_qty, order.order_qty - order.cum_qty)
        elif order.ord_status in TERMINAL:
            leaves_qty = 0
        pending = (order.pending_price, order.pending_qty - order.cum_qty) if order.pending_qty else (0, 0)
        return [(price, qty) for price, qty in ((order.price, leaves_qty), pending) if qty > 0]

    def open_orders(self) -> list[Order]:
        return [order for order in self.orders if self.cases(order)]

    def qty(self, order: Order) -> int:
        return max([qty for _, qty in self.cases(order)], default=0)

    def order_cost(self, order: Order) -> int:
        return max([self.cost(order.instrument, order.side, price, qty) for price, qty in self.cases(order)], default=0)

    def cost(self, instrument: Instrument, side: int, price: int, qty: int) -> int:
        """Return what a fill can cost at most, and its fee."""
        money = qty * (price if side == BUY else PAYOUT - price)
        if not self.fees or qty <= 0:
            return money
        bound = self.fees[instrument.index]
        fee = ceil(Fraction(bound.rate, bound.unit) * price * (PAYOUT - price)) + bound.per_lot
        return money + qty * fee + bound.per_order

    def position(self, instrument: Instrument) -> int:
        return sum(qty if side == BUY else -qty for where, side, qty, _, _ in self.fills if where is instrument)

    def side_worst(self, instrument: Instrument, side: int) -> int:
        ours = [order for order in self.orders if order.instrument is instrument and order.side == side]
        return self.position(instrument) * (1 if side == BUY else -1) + sum(self.qty(order) for order in ours)

    def worst(self, instrument: Instrument) -> int:
        return max(self.side_worst(instrument, BUY), self.side_worst(instrument, SELL))

    def event(self, name: str) -> int:
        return sum(self.worst(each) for each in self.instruments if each.event == name)

    def made(
        self, instrument: Instrument, pays: bool, *, more: tuple[Order | None, int, int, int] | None = None
    ) -> int:
        """Return what a market makes at worst if it pays or not; `more` is one more request: order, its terms."""
        mine = [fill for fill in self.fills if fill[0] is instrument]
        money = sum((-qty if side == BUY else qty) * price - fee for _, side, qty, price, fee in mine)
        money += PAYOUT * self.position(instrument) * pays
        for order in self.orders:
            if order.instrument is instrument:
                cases = self.cases(order)
                if more and more[0] is order:
                    cases = [*cases, more[2:]]
                money -= max([self.lost(instrument, order.side, *case, pays) for case in cases], default=0)
        if more and more[0] is None:
            money -= self.lost(instrument, *more[1:], pays)
        return money

    def lost(self, instrument: Instrument, side: int, price: int, qty: int, pays: bool) -> int:
        cost = self.cost(instrument, side, price, qty)
        return cost if (side == BUY) != pays else max(0, cost - qty * PAYOUT)

    def worst_market(self, instrument: Instrument, more: Any = None) -> int:
        return min(self.made(instrument, pays, more=more) for pays in (False, True))

    def worst_event(self, instrument: Instrument, more: Any = None) -> int:
        """Return the lowest of what the event makes over every outcome that can be, each added up by itself."""
        markets = [each for each in self.instruments if each.event == instrument.event]
        outcomes = list(product((False, True), repeat=len(markets)))
        if instrument.event in self.limits.exclusive_events:
            outcomes = [outcome for outcome in outcomes if sum(outcome) <= 1]
        asked = {each: more if each is instrument else None for each in markets}
        return min(
            sum(self.made(each, pays, more=asked[each]) for each, pays in zip(markets, outcome, strict=True))
            for outcome in outcomes
        )

    def pnl(self) -> int:
        cash = sum((-qty if side == BUY else qty) * price - fee for _, side, qty, price, fee in self.fills)
        return cash + sum(self.worth(each) for each in self.instruments)

    def worth(self, instrument: Instrument) -> int:
        """Return what closing the position would bring."""
        position = self.position(instrument)
        if instrument not in self.tops:
            prices = [price for where, _, _, price, _ in self.fills if where is instrument]
            return position * (prices[-1] if prices else 0)
        bid, ask = self.tops[instrument]
        if position > 0:
            return position * (0 if bid == NO_BID else bid)
        return position * (PAYOUT if ask == NO_ASK else ask)

    # What happens

    def fill(self, instrument: Instrument, side: int, qty: int, price: int, fee: int) -> bool:
        self.fills.append((instrument, side, qty, price, fee))
        return self.judge_loss()

    def mark(self, instrument: Instrument, bid: int, ask: int) -> bool:
        if bid < ask:
            self.tops[instrument] = bid, ask
        return self.judge_loss()

    def has_lost(self) -> bool:
        pnl = self.pnl()
        self.high = max(self.high, pnl)
        return pnl < max(-self.limits.max_daily_loss, self.high - self.limits.max_drawdown)

    def judge_loss(self) -> bool:
        if not self.has_lost() or self.state is not TradingState.ACTIVE:
            return True
        self.state = TradingState.HALT
        return False

    def turn(self, state: TradingState) -> None:
        """Take another state; whoever lets trading go on accepts a drawdown, though no loss of the day."""
        is_resumed = state is TradingState.ACTIVE and self.state is not TradingState.ACTIVE
        if is_resumed and self.has_lost() and self.pnl() >= -self.limits.max_daily_loss:
            self.high = self.pnl()
        self.state = state

    # Questions

    def check_new(
        self, instrument: Instrument, side: int, price: int, qty: int, book: FakeBook, now_ns: int
    ) -> RiskReject:
        code = self.market(instrument) or self.request(instrument, side, price, qty, qty, None, book, now_ns)
        if code:
            return code
        same = [at_ns for at_ns, *order in self.sent if order == [instrument, side, price, qty]]
        window = self.limits.duplicates
        if window and sum(now_ns - at_ns < window.window_ns for at_ns in same) >= window.max_orders:
            return RiskReject.DUPLICATE
        if not self.take(self.limits.rate.new if self.limits.rate else None, now_ns):
            return RiskReject.RATE
        self.sent.append((now_ns, instrument, side, price, qty))
        return RiskReject.NONE

    def check_replace(self, order: Order, price: int, qty: int, book: FakeBook, now_ns: int) -> RiskReject:
        leaves_qty = qty - order.cum_qty
        code = self.market(order.instrument)
        if not code and price == order.price and qty <= order.order_qty:
            code = RiskReject.NONE if leaves_qty > 0 else RiskReject.QTY
        elif not code:
            code = self.request(order.instrument, order.side, price, qty, leaves_qty, order, book, now_ns)
        if not code and not self.take(self.limits.rate.amend if self.limits.rate else None, now_ns):
            return RiskReject.RATE
        return code

    def check_cancel(self, now_ns: int) -> RiskReject:
        if self.limits.rate:
            self.refill(now_ns)
            self.tokens = max(0, self.tokens - self.limits.rate.cancel * SECOND)
        return RiskReject.NONE

    def refill(self, now_ns: int) -> None:
        full = self.rate.burst * SECOND
        self.tokens = min(full, self.tokens + (now_ns - self.tokens_ns) * self.rate.per_second)
        self.tokens_ns = now_ns

    def take(self, tokens: int | None, now_ns: int) -> bool:
        if tokens is None:
            return True
        self.refill(now_ns)
        if self.tokens < (tokens + self.rate.cancel_reserve) * SECOND:
            return False
        self.tokens -= tokens * SECOND
        return True

    def market(self, instrument: Instrument) -> RiskReject:
        if self.state is TradingState.HALT:
            return RiskReject.HALTED
        return RiskReject.MARKET_STOPPED if instrument in self.closed else RiskReject.NONE

    def request(
        self,
        instrument: Instrument,
        side: int,
        price: int,
        order_qty: int,
        leaves_qty: int,
        order: Order | None,
        book: FakeBook,
        now_ns: int,
    ) -> RiskReject:
        limits = self.limits
        held = order if order is not None and self.cases(order) else None
        more_qty = max(0, leaves_qty - (self.qty(held) if held else 0))
        more_cost = self.cost(instrument, side, price, leaves_qty) - (self.order_cost(held) if held else 0)
        side_worst = self.side_worst(instrument, side) + more_qty
        more_worst = max(0, side_worst - self.worst(instrument))
        others = [each for each in self.open_orders() if each.instrument is instrument and each.side != side]
        their_prices = [their_price for each in others for their_price, _ in self.cases(each)]
        total_cost = sum(self.order_cost(each) for each in self.orders)
        event, gross = self.event(instrument.event), sum(self.worst(each) for each in self.instruments)
        is_active = self.state is TradingState.ACTIVE
        is_reducing = self.state is TradingState.REDUCE_ONLY or instrument in self.reducing
        more = held, side, price, leaves_qty
        market, market_then = self.worst_market(instrument), self.worst_market(instrument, more)
        whole, whole_then = self.worst_event(instrument), self.worst_event(instrument, more)
        checks = (
            (RiskReject.DAILY_LOSS, is_active and self.pnl() < -limits.max_daily_loss),
            (RiskReject.DRAWDOWN, is_active and self.has_lost()),
            (RiskReject.QTY, leaves_qty <= 0),
            (RiskReject.MAX_ORDER_QTY, order_qty > limits.max_order_qty),
            (RiskReject.PRICE_BAND, not 0 < price < PAYOUT),
            (RiskReject.PRICE_GRID, not instrument.is_valid_price(price)),
            (RiskReject.MAX_ORDER_NOTIONAL, order_qty * price > limits.max_order_notional),
            (RiskReject.MAX_ORDER_COST, self.cost(instrument, side, price, order_qty) > limits.max_order_cost),
            (RiskReject.REDUCE_ONLY, side_worst > 0 and is_reducing),
            (RiskReject.MAX_OPEN_ORDERS, not held and len(self.open_orders()) >= limits.max_open_orders),
            (RiskReject.MAX_OPEN_COST, more_cost > 0 and total_cost + more_cost > limits.max_open_cost),
            (RiskReject.MAX_POSITION, more_qty and side_worst > limits.max_position),
            (RiskReject.MAX_EVENT_POSITION, more_worst and event + more_worst > limits.max_event_position),
            (RiskReject.MAX_GROSS_POSITION, more_worst and gross + more_worst > limits.max_gross_position),
            (RiskReject.MAX_MARKET_LOSS, market_then < min(market, -limits.max_market_loss)),
            (RiskReject.MAX_EVENT_LOSS, whole_then < min(whole, -limits.max_event_loss)),
            (RiskReject.SELF_MATCH, any(price >= p if side == BUY else price <= p for p in their_prices)),
            (RiskReject.BOOK_STALE, book.is_stale),
            (RiskReject.BOOK_CROSSED, book.is_crossed),
            (RiskReject.BOOK_OLD, now_ns - self.heard_ns > limits.max_book_age_ns),
            (RiskReject.BOOK_EMPTY, self.has_collar() and book.best_bid == NO_BID and book.best_ask == NO_ASK),
            (RiskReject.PRICE_COLLAR, self.is_through(side, price, book)),
        )
        return next((code for code, is_wrong in checks if is_wrong), RiskReject.NONE)

    def has_collar(self) -> bool:
        return self.limits.collar_own < NO_LIMIT or self.limits.collar_opposite < NO_LIMIT

    def is_through(self, side: int, price: int, book: FakeBook) -> bool:
        bid = None if book.best_bid == NO_BID else book.best_bid
        ask = None if book.best_ask == NO_ASK else book.best_ask
        own, opposite = (bid, ask) if side == BUY else (ask, bid)
        reach = [
            (best, limit)
            for best, limit in (
                (own, self.limits.collar_own),
                (own if opposite is None else opposite, self.limits.collar_opposite),
            )
            if best is not None
        ]
        return any((price - best if side == BUY else best - price) > limit for best, limit in reach)
