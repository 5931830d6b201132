"""Random trading through risk and through a plain reference that adds everything up anew: equal at every step."""

import random
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from engine.book import NO_ASK, NO_BID
from engine.fix import BUY, SELL, Msg, Status, Type
from engine.orders.order import Order, restore_fields
from engine.orders.table import TERMINAL
from engine.portfolio import Portfolio
from engine.risk import Risk, RiskReject, TradingState
from engine.risk.fee_bound import FeeBound
from engine.risk.limits import DuplicateLimit, RateLimit
from tests.support.reference_risk import SECOND, ReferenceRisk
from tests.support.risks import NO_LIMITS, NOW, FakeBook, markets

REPLACE = Msg.ORDER_CANCEL_REPLACE_REQUEST
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
    "max_market_loss": 30_000,
    "max_event_loss": 40_000,
    "exclusive_events": ("WEATHER",),
    "max_daily_loss": 2_000,
    "max_drawdown": 1_500,
    "max_book_age_ns": 40,
    "rate": RateLimit(per_second=SECOND // 8, burst=30, new=10, amend=10, cancel=2, cancel_reserve=3),
    "duplicates": DuplicateLimit(max_orders=2, window_ns=400),
}
# None, and those of a venue that charges each of RAIN, SNOW and COIN in its own way
FEES: tuple[Sequence[FeeBound], ...] = (
    (),
    (FeeBound(0, 7, 10**5, 99), FeeBound(3, 7, 2 * 10**5), FeeBound(per_lot=150, per_order=10)),
)


class Run:
    """One random history on both."""

    def __init__(self, limits: dict[str, Any], seed: int, fees: Sequence[FeeBound] = ()) -> None:
        self.random = random.Random(seed)
        self.instruments = markets()
        self.limits = structs.replace(NO_LIMITS, **limits)
        self.portfolio = Portfolio(self.instruments)
        self.risk = Risk(self.limits, self.instruments, self.portfolio, fees)
        self.reference = ReferenceRisk(self.limits, self.instruments, fees)
        self.books = [FakeBook() for _ in self.instruments]
        self.order = self.instruments[0], BUY, 4_500, 1
        self.now_ns = NOW
        self.seen: set[RiskReject] = set()

    def step(self) -> None:
        self.now_ns += self.random.randrange(40)
        kind = self.random.choices(
            (self.new, self.replace, self.cancel, self.report, self.move_book, self.turn), (30, 15, 5, 40, 8, 4)
        )[0]
        kind()
        self.compare()

    def live(self) -> list[Order]:
        return [order for order in self.reference.orders if order.ord_status not in TERMINAL]

    def price(self) -> int:
        return self.random.choice((self.random.randrange(42, 50) * 100,) * 12 + (0, 4_450, 10_000))

    def new(self) -> None:
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

    def replace(self) -> None:
        if not self.live():
            return
        order = self.random.choice(self.live())
        price = self.random.choice((order.price, self.price()))
        qty, book = self.random.randrange(order.cum_qty + 10), self.books[order.instrument.index]
        code = self.risk.check_replace(order, price, qty, book, self.now_ns)
        self.same(code, self.reference.check_replace(order, price, qty, book, self.now_ns))
        if not code:
            restore_fields(order, pending=REPLACE, pending_price=price, pending_qty=qty)
            self.risk.update(order)

    def cancel(self) -> None:
        if self.live():
            order = self.random.choice(self.live())
            code = self.risk.check_cancel(order, self.now_ns)
            self.same(code, self.reference.check_cancel(self.now_ns))
            restore_fields(order, pending=Msg.ORDER_CANCEL_REQUEST)
            self.risk.update(order)

    def report(self) -> None:
        if not self.live():
            return
        order = self.random.choice(self.live())
        self.random.choice((self.accepted, self.traded, self.traded, self.answered, self.over, self.unknown))(order)
        self.risk.update(order)

    def accepted(self, order: Order) -> None:
        restore_fields(order, ord_status=Status.PARTIALLY_FILLED if order.cum_qty else Status.NEW)

    def traded(self, order: Order) -> None:
        qty = self.random.randrange(1, max(order.order_qty, order.pending_qty) - order.cum_qty + 1)
        restore_fields(order, cum_qty=order.cum_qty + qty)
        restore_fields(order, leaves_qty=max(0, order.order_qty - order.cum_qty))
        restore_fields(order, ord_status=Status.PARTIALLY_FILLED if order.leaves_qty else Status.FILLED)
        fill = order.instrument, order.side, qty, order.price, self.random.randrange(50)
        self.portfolio.fill(*fill)
        self.risk.update(order)
        assert self.risk.is_within_loss() is self.reference.fill(*fill)
        if not order.leaves_qty and self.random.random() < 0.7:  # else a replace stays open
            restore_fields(order, pending="", pending_price=0, pending_qty=0)

    def answered(self, order: Order) -> None:
        if order.pending_qty > order.cum_qty and self.random.random() < 0.7:
            restore_fields(order, price=order.pending_price, order_qty=order.pending_qty)
            restore_fields(order, leaves_qty=order.order_qty - order.cum_qty)
        restore_fields(order, pending="", pending_price=0, pending_qty=0)

    def over(self, order: Order) -> None:
        restore_fields(order, ord_status=self.random.choice(sorted(TERMINAL - {Status.FILLED})))
        restore_fields(order, leaves_qty=0, pending_price=0, pending_qty=0)
        restore_fields(order, pending="")

    def unknown(self, order: Order) -> None:
        restore_fields(order, ord_status=Status.UNKNOWN)
        restore_fields(order, leaves_qty=self.random.choice((0, order.leaves_qty)))

    def move_book(self) -> None:
        instrument = self.random.choice(self.instruments)
        bid = self.random.choice((NO_BID, *range(4_200, 4_900, 100)))
        ask = self.random.choice((NO_ASK, *range(4_300, 5_000, 100)))
        if self.random.random() < 0.1:
            bid, ask = NO_BID, NO_ASK
        self.books[instrument.index] = FakeBook(bid, ask, self.random.random() < 0.1)
        self.risk.heard_ns = self.reference.heard_ns = self.now_ns
        self.portfolio.mark(instrument, bid, ask)
        assert self.risk.is_within_loss() is self.reference.mark(instrument, bid, ask)

    def turn(self) -> None:
        instrument, is_open = self.random.choice(self.instruments), self.random.random() < 0.7
        self.risk.set_stops(instrument, 0 if is_open else 1)
        (self.reference.closed.discard if is_open else self.reference.closed.add)(instrument)
        is_reducing = self.random.random() < 0.2
        self.risk.set_reduce_only(instrument, is_reducing)
        (self.reference.reducing.add if is_reducing else self.reference.reducing.discard)(instrument)
        self.reference.turn(self.random.choice((*TradingState, *[TradingState.ACTIVE] * 5)))
        self.risk.set_state(self.reference.state, "turned")

    def same(self, code: int, expected: RiskReject) -> None:
        assert RiskReject(code) is expected  # type: ignore[call-arg]
        self.seen.add(expected)

    def compare(self) -> None:
        exposure, reference = self.risk.exposure, self.reference
        exposure._check()
        self.portfolio._check()
        assert self.risk.state is reference.state
        found = SimpleNamespace(orders=exposure.open_orders, cost=exposure.open_cost, pnl=self.portfolio.day_pnl)
        assert found == SimpleNamespace(
            orders=len(reference.open_orders()),
            cost=sum(reference.order_cost(order) for order in reference.orders),
            pnl=reference.pnl(),
        )
        for instrument in self.instruments:
            assert exposure.position(instrument) == reference.position(instrument)
            assert exposure.worst_position(instrument) == reference.worst(instrument)
            assert exposure.event_position(instrument.event) == reference.event(instrument.event)
            assert exposure.market_loss(instrument) == reference.worst_market(instrument)
            assert exposure.event_loss(instrument.event) == reference.worst_event(instrument)


def choices() -> st.SearchStrategy[dict[str, Any]]:
    """Any of the tight limits, the others none."""
    return st.fixed_dictionaries({}, optional={name: st.just(limit) for name, limit in TIGHT.items()})


@settings(max_examples=60, deadline=None, derandomize=True)
@given(choices(), st.integers(0, 2**32), st.sampled_from(FEES))
def test_random_trading_equals_the_reference(limits: dict[str, Any], seed: int, fees: Sequence[FeeBound]) -> None:
    run = Run(limits, seed, fees)
    for _ in range(60):
        run.step()


@pytest.mark.parametrize("seed", range(4))
def test_long_run_under_every_limit_equals_the_reference(seed: int) -> None:
    run = Run(TIGHT, seed, FEES[seed % 2])
    for _ in range(400):
        run.step()


def test_random_trading_meets_nearly_every_code() -> None:
    seen = set()
    for seed in range(80):
        kept = random.Random(seed).sample(sorted(TIGHT), 3)
        run = Run({name: TIGHT[name] for name in kept}, seed)
        for _ in range(60):
            run.step()
        seen |= run.seen
    assert {code.name for code in set(RiskReject) - seen} == {
        "UNKNOWN_MARKET", "RESTRICTED", "SIDE", "ORD_TYPE", "BOOK_MISSING", "TIME_IN_FORCE",
        "DRAWDOWN",  # it halts first, and whoever resumes accepts it
        "NOT_OFFERED",  # judged by what the venue offers, beside risk
    }  # fmt: skip
