"""Random trading through risk and through a plain reference that adds everything up anew: equal at every step."""

import random
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from risks import NO_LIMITS, NOW, PAYOUT, FakeBook, markets

from engine.book import NO_ASK, NO_BID
from engine.fix import BUY, SELL, Msg, Status, Type
from engine.limits import NO_LIMIT, DuplicateLimit, RateLimit
from engine.order_table import TERMINAL
from engine.orders import Order
from engine.risk import Risk, RiskReject, TradingState

REPLACE = Msg.ORDER_CANCEL_REPLACE_REQUEST
SECOND = 10**9
TIGHT = {
    "max_order_qty": 8,
    "max_order_notional": 40_000,
    "max_order_cost": 45_000,
    "collar_opposite": 300,
    "collar_own": 500,
    "max_position": 12,
    "max_event_position": 18,
    "max_gross_position": 22,
    "max_open_orders": 6,
    "max_open_cost": 120_000,
    "max_daily_loss": 2_000,
    "max_book_age_ns": 40,
    "rate": RateLimit(per_second=SECOND // 8, burst=30, new=10, amend=10, cancel=2, cancel_reserve=3),
    "duplicates": DuplicateLimit(max_orders=2, window_ns=400),
}


class ReferenceRisk:
    """Risk as one would explain it: lists of what happened, summed whenever a question is asked."""

    def __init__(self, limits, instruments):
        self.limits = limits
        self.instruments = instruments
        self.orders = []
        self.fills = []
        self.marks = {}
        self.closed = set()
        self.state = TradingState.ACTIVE
        self.sent = []
        self.tokens = limits.rate.burst * SECOND if limits.rate else 0  # in 10**-9
        self.tokens_ns = 0

    # What counts

    def cases(self, order):
        """The (price, quantity) pairs that may turn out to be open."""
        leaves_qty = order.leaves_qty
        if order.ord_status == Status.UNKNOWN:
            leaves_qty = max(leaves_qty, order.order_qty - order.cum_qty)
        elif order.ord_status in TERMINAL:
            leaves_qty = 0
        pending = (order.pending_price, order.pending_qty - order.cum_qty) if order.pending_qty else (0, 0)
        return [(price, qty) for price, qty in ((order.price, leaves_qty), pending) if qty > 0]

    def open_orders(self):
        return [order for order in self.orders if self.cases(order)]

    def qty(self, order):
        return max([qty for _, qty in self.cases(order)], default=0)

    def order_cost(self, order):
        return max([cost(order.side, price, qty) for price, qty in self.cases(order)], default=0)

    def position(self, instrument):
        return sum(qty if side == BUY else -qty for where, side, qty, _, _ in self.fills if where is instrument)

    def side_worst(self, instrument, side):
        ours = [order for order in self.orders if order.instrument is instrument and order.side == side]
        return self.position(instrument) * (1 if side == BUY else -1) + sum(self.qty(order) for order in ours)

    def worst(self, instrument):
        return max(self.side_worst(instrument, BUY), self.side_worst(instrument, SELL))

    def event(self, name):
        return sum(self.worst(each) for each in self.instruments if each.event == name)

    def pnl(self):
        cash = sum((-qty if side == BUY else qty) * price - fee for _, side, qty, price, fee in self.fills)
        return cash + sum(self.position(each) * self.marks.get(each.index, 0) for each in self.instruments)

    # What happens

    def fill(self, instrument, side, qty, price, fee):
        if not self.position(instrument):
            self.marks[instrument.index] = price
        self.fills.append((instrument, side, qty, price, fee))
        return self.judge_loss()

    def mark(self, instrument, bid, ask):
        position = self.position(instrument)
        price = bid if position > 0 else ask
        if position and price not in (NO_BID, NO_ASK):
            self.marks[instrument.index] = price
        return self.judge_loss()

    def judge_loss(self):
        if self.state is not TradingState.ACTIVE or self.pnl() >= -self.limits.max_daily_loss:
            return True
        self.state = TradingState.HALT
        return False

    # Questions

    def check_new(self, instrument, side, price, qty, book, now_ns):
        code = self.market(instrument) or self.request(instrument, side, price, qty, qty, None, book, now_ns)
        if code:
            return code
        same = [at_ns for at_ns, *order in self.sent if order == [instrument, side, price, qty]]
        window = self.limits.duplicates
        if window and sum(now_ns - at_ns < window.window_ns for at_ns in same) >= window.max_orders:
            return RiskReject.DUPLICATE
        if not self.take(self.limits.rate and self.limits.rate.new, now_ns):
            return RiskReject.RATE
        self.sent.append((now_ns, instrument, side, price, qty))
        return RiskReject.NONE

    def check_replace(self, order, price, qty, book, now_ns):
        leaves_qty = qty - order.cum_qty
        code = self.market(order.instrument)
        if not code and price == order.price and qty <= order.order_qty:
            code = RiskReject.NONE if leaves_qty > 0 else RiskReject.QTY
        elif not code:
            code = self.request(order.instrument, order.side, price, qty, leaves_qty, order, book, now_ns)
        if not code and not self.take(self.limits.rate and self.limits.rate.amend, now_ns):
            return RiskReject.RATE
        return code

    def check_cancel(self, now_ns):
        if self.limits.rate:
            self.refill(now_ns)
            self.tokens = max(0, self.tokens - self.limits.rate.cancel * SECOND)
        return RiskReject.NONE

    def refill(self, now_ns):
        full = self.limits.rate.burst * SECOND
        self.tokens = min(full, self.tokens + (now_ns - self.tokens_ns) * self.limits.rate.per_second)
        self.tokens_ns = now_ns

    def take(self, tokens, now_ns):
        if tokens is None:
            return True
        self.refill(now_ns)
        if self.tokens < (tokens + self.limits.rate.cancel_reserve) * SECOND:
            return False
        self.tokens -= tokens * SECOND
        return True

    def market(self, instrument):
        if self.state is TradingState.HALT:
            return RiskReject.HALTED
        return RiskReject.MARKET_CLOSED if instrument in self.closed else RiskReject.NONE

    def request(self, instrument, side, price, order_qty, leaves_qty, order, book, now_ns):
        limits = self.limits
        held = order if order is not None and self.cases(order) else None
        more_qty = max(0, leaves_qty - (self.qty(held) if held else 0))
        more_cost = cost(side, price, leaves_qty) - (self.order_cost(held) if held else 0)
        side_worst = self.side_worst(instrument, side) + more_qty
        more_worst = max(0, side_worst - self.worst(instrument))
        others = [each for each in self.open_orders() if each.instrument is instrument and each.side != side]
        their_prices = [their_price for each in others for their_price, _ in self.cases(each)]
        total_cost = sum(self.order_cost(each) for each in self.orders)
        event, gross = self.event(instrument.event), sum(self.worst(each) for each in self.instruments)
        checks = (
            (RiskReject.DAILY_LOSS, self.pnl() < -limits.max_daily_loss),
            (RiskReject.QTY, leaves_qty <= 0),
            (RiskReject.MAX_ORDER_QTY, order_qty > limits.max_order_qty),
            (RiskReject.PRICE_BAND, not 0 < price < PAYOUT),
            (RiskReject.PRICE_GRID, not instrument.is_valid_price(price)),
            (RiskReject.MAX_ORDER_NOTIONAL, order_qty * price > limits.max_order_notional),
            (RiskReject.MAX_ORDER_COST, cost(side, price, order_qty) > limits.max_order_cost),
            (RiskReject.REDUCE_ONLY, self.state is TradingState.REDUCE_ONLY and side_worst > 0),
            (RiskReject.MAX_OPEN_ORDERS, not held and len(self.open_orders()) >= limits.max_open_orders),
            (RiskReject.MAX_OPEN_COST, more_cost > 0 and total_cost + more_cost > limits.max_open_cost),
            (RiskReject.MAX_POSITION, more_qty and side_worst > limits.max_position),
            (RiskReject.MAX_EVENT_POSITION, more_worst and event + more_worst > limits.max_event_position),
            (RiskReject.MAX_GROSS_POSITION, more_worst and gross + more_worst > limits.max_gross_position),
            (RiskReject.SELF_MATCH, any(price >= p if side == BUY else price <= p for p in their_prices)),
            (RiskReject.BOOK_STALE, book.is_stale),
            (RiskReject.BOOK_CROSSED, book.is_crossed),
            (RiskReject.BOOK_OLD, now_ns - book.updated_ns > limits.max_book_age_ns),
            (RiskReject.BOOK_EMPTY, self.has_collar() and book.best_bid == NO_BID and book.best_ask == NO_ASK),
            (RiskReject.PRICE_COLLAR, self.is_through(side, price, book)),
        )
        return next((code for code, is_wrong in checks if is_wrong), RiskReject.NONE)

    def has_collar(self):
        return self.limits.collar_own < NO_LIMIT or self.limits.collar_opposite < NO_LIMIT

    def is_through(self, side, price, book):
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


def cost(side, price, qty):
    return qty * (price if side == BUY else PAYOUT - price)


class Run:
    """One random history on both."""

    def __init__(self, limits, seed):
        self.random = random.Random(seed)
        self.instruments = markets()
        self.limits = structs.replace(NO_LIMITS, **limits)
        self.risk = Risk(self.limits, self.instruments)
        self.reference = ReferenceRisk(self.limits, self.instruments)
        self.books = [FakeBook() for _ in self.instruments]
        self.order = self.instruments[0], BUY, 4_500, 1
        self.now_ns = NOW
        self.seen = set()

    def step(self):
        self.now_ns += self.random.randrange(40)
        kind = self.random.choices(
            (self.new, self.replace, self.cancel, self.report, self.move_book, self.turn), (30, 15, 5, 40, 8, 4)
        )[0]
        kind()
        self.compare()

    def live(self):
        return [order for order in self.reference.orders if order.ord_status not in TERMINAL]

    def price(self):
        return self.random.choice((self.random.randrange(42, 50) * 100,) * 12 + (0, 4_450, 10_000))

    def new(self):
        if self.random.random() < 0.8:
            self.order = (
                self.random.choice(self.instruments),
                self.random.choice((BUY, SELL)),
                self.price(),
                self.random.randrange(10),
            )
        instrument, side, price, qty = self.order  # else the last one again
        book = self.books[instrument.index]
        code = self.risk.check_new(instrument, side, price, qty, Type.LIMIT, book, self.now_ns)
        self.same(code, self.reference.check_new(instrument, side, price, qty, book, self.now_ns))
        if not code:
            order = Order(str(len(self.reference.orders)), instrument, side, price, qty)
            self.reference.orders.append(order)
            self.risk.update(order)

    def replace(self):
        if not self.live():
            return
        order = self.random.choice(self.live())
        price = self.random.choice((order.price, self.price()))
        qty, book = self.random.randrange(order.cum_qty + 10), self.books[order.instrument.index]
        code = self.risk.check_replace(order, price, qty, book, self.now_ns)
        self.same(code, self.reference.check_replace(order, price, qty, book, self.now_ns))
        if not code:
            order.pending, order.pending_price, order.pending_qty = REPLACE, price, qty
            self.risk.update(order)

    def cancel(self):
        if self.live():
            order = self.random.choice(self.live())
            code = self.risk.check_cancel(order, self.now_ns)
            self.same(code, self.reference.check_cancel(self.now_ns))
            order.pending = Msg.ORDER_CANCEL_REQUEST
            self.risk.update(order)

    def report(self):
        if not self.live():
            return
        order = self.random.choice(self.live())
        self.random.choice((self.accepted, self.traded, self.traded, self.answered, self.over, self.unknown))(order)
        self.risk.update(order)

    def accepted(self, order):
        order.ord_status = Status.PARTIALLY_FILLED if order.cum_qty else Status.NEW

    def traded(self, order):
        qty = self.random.randrange(1, max(order.order_qty, order.pending_qty) - order.cum_qty + 1)
        order.cum_qty += qty
        order.leaves_qty = max(0, order.order_qty - order.cum_qty)
        order.ord_status = Status.PARTIALLY_FILLED if order.leaves_qty else Status.FILLED
        fill = order.instrument, order.side, qty, order.price, self.random.randrange(50)
        assert self.risk.on_fill(*fill) is self.reference.fill(*fill)
        if not order.leaves_qty and self.random.random() < 0.7:  # else a replace stays open
            order.pending, order.pending_price, order.pending_qty = "", 0, 0

    def answered(self, order):
        if order.pending_qty > order.cum_qty and self.random.random() < 0.7:
            order.price, order.order_qty = order.pending_price, order.pending_qty
            order.leaves_qty = order.order_qty - order.cum_qty
        order.pending, order.pending_price, order.pending_qty = "", 0, 0

    def over(self, order):
        order.ord_status = self.random.choice(sorted(TERMINAL - {Status.FILLED}))
        order.leaves_qty = order.pending_price = order.pending_qty = 0
        order.pending = ""

    def unknown(self, order):
        order.ord_status = Status.UNKNOWN
        order.leaves_qty = self.random.choice((0, order.leaves_qty))

    def move_book(self):
        instrument = self.random.choice(self.instruments)
        bid = self.random.choice((NO_BID, *range(4_200, 4_900, 100)))
        ask = self.random.choice((NO_ASK, *range(4_300, 5_000, 100)))
        if self.random.random() < 0.1:
            bid, ask = NO_BID, NO_ASK
        self.books[instrument.index] = FakeBook(bid, ask, self.random.random() < 0.1, self.now_ns)
        assert self.risk.mark(instrument, bid, ask) is self.reference.mark(instrument, bid, ask)

    def turn(self):
        instrument, is_open = self.random.choice(self.instruments), self.random.random() < 0.7
        self.risk.set_open(instrument, is_open)
        (self.reference.closed.discard if is_open else self.reference.closed.add)(instrument)
        self.reference.state = self.random.choice((*TradingState, *[TradingState.ACTIVE] * 5))
        self.risk.set_state(self.reference.state, "turned")

    def same(self, code, expected):
        assert RiskReject(code) is expected
        self.seen.add(expected)

    def compare(self):
        exposure, reference = self.risk.exposure, self.reference
        exposure._check()
        assert self.risk.state is reference.state
        found = SimpleNamespace(orders=exposure.open_orders, cost=exposure.open_cost, pnl=exposure.pnl)
        assert found == SimpleNamespace(
            orders=len(reference.open_orders()),
            cost=sum(reference.order_cost(order) for order in reference.orders),
            pnl=reference.pnl(),
        )
        for instrument in self.instruments:
            assert exposure.position(instrument) == reference.position(instrument)
            assert exposure.worst_position(instrument) == reference.worst(instrument)
            assert exposure.event_position(instrument.event) == reference.event(instrument.event)


def choices():
    """Any of the tight limits, the others none."""
    return st.fixed_dictionaries({}, optional={name: st.just(limit) for name, limit in TIGHT.items()})


@settings(max_examples=60, deadline=None, derandomize=True)
@given(choices(), st.integers(0, 2**32))
def test_random_trading_equals_the_reference(limits, seed):
    run = Run(limits, seed)
    for _ in range(60):
        run.step()


@pytest.mark.parametrize("seed", range(4))
def test_long_run_under_every_limit_equals_the_reference(seed):
    run = Run(TIGHT, seed)
    for _ in range(400):
        run.step()


def test_random_trading_meets_nearly_every_code():
    seen = set()
    for seed in range(80):
        kept = random.Random(seed).sample(sorted(TIGHT), 3)
        run = Run({name: TIGHT[name] for name in kept}, seed)
        for _ in range(60):
            run.step()
        seen |= run.seen
    assert {code.name for code in set(RiskReject) - seen} == {
        "UNKNOWN_MARKET", "RESTRICTED", "SIDE", "ORD_TYPE", "BOOK_MISSING",
    }  # fmt: skip
