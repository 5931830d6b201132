"""An account that strategies share: whatever happens, the shares add up to the account."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import fix
from engine.errors import OrderError
from engine.fix import BUY, SELL, Exec
from engine.orders.options import options_with
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.portfolio.shared import NOBODY, SharedPortfolio
from tests.support.order_reports import INSTRUMENTS, RAIN, SNOW, ack, fill, report

NAMES = ("maker", "taker")
Act = tuple[Any, ...]
MARKETS = st.sampled_from(INSTRUMENTS)
ACTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("trade"), st.sampled_from((NOBODY, *NAMES)), MARKETS, st.sampled_from((BUY, SELL)),
            st.integers(1, 50), st.integers(1, 9_999),
        ),
        st.tuples(st.just("bust"), st.integers(0, 20)),
        st.tuples(st.just("mark"), MARKETS, st.integers(1, 9_900), st.integers(1, 99)),
        st.tuples(st.just("restate"), MARKETS, st.integers(-40, 40), st.integers(-9_000, 9_000)),
        st.tuples(st.just("settle"), MARKETS, st.integers(0, 10_000), st.integers(0, 50)),
        st.tuples(st.just("day"), st.integers(1, 9)),
    ),
    max_size=40,
)  # fmt: skip


class Book:
    """An account, and a plain one that is told the same."""

    def __init__(self) -> None:
        self.orders = Orders("A")
        self.shared, self.plain = SharedPortfolio(INSTRUMENTS, NAMES), Portfolio(INSTRUMENTS)
        self.filled: list[Order] = []
        self.count = 0

    def _both(self, act: Callable[[Portfolio], object]) -> None:
        for each in (self.shared, self.plain):
            act(each)

    def apply(self, made: Any) -> None:
        change = self.orders.apply(made)
        self._both(lambda each: each.book(change))

    def trade(self, owner: str, market: Any, side: int, qty: int, price: int) -> None:
        options = options_with(False, "", "", owner)
        order = self.orders.open(market, side, price, qty, fix.Type.LIMIT, fix.Tif.GTC, False, 0, 1, "", options)
        self.apply(ack(order))
        self.count += 1
        self.apply(fill(order, qty, f"E{self.count}", price, symbol=market.symbol, side=side))
        self.filled.append(order)

    def bust(self, which: int) -> None:
        if which < len(self.filled):
            order = self.filled[which]
            (exec_id, kept), *_ = [each for each in order.executions.items() if each[0].startswith("E")]
            if kept is not None:
                made = report(order.cl_ord_id, Exec.TRADE_CANCEL, exec_id=f"B{which}", exec_ref_id=exec_id)
                made.leaves_qty, made.cum_qty = order.order_qty, 0
                self.apply(made)

    def mark(self, market: Any, bid: int, width: int) -> None:
        self._both(lambda each: each.mark(market, bid, bid + width))

    def restate(self, market: Any, net: int, cash: int) -> None:
        self._both(lambda each: each.restate(market, net, cash, net * 10))

    def settle(self, market: Any, price: int, fee: int) -> None:
        self._both(lambda each: each.settle(market, price, fee))

    def day(self, start_ns: int) -> None:
        self._both(lambda each: each.start_day(start_ns))

    def check(self) -> None:
        shares = list(self.shared.shares.values())
        for market in INSTRUMENTS:
            for name in ("net", "cash", "fees"):
                whole = getattr(self.shared[market], name)
                assert whole == sum(getattr(each[market], name) for each in shares), (market.symbol, name)
            assert self.shared.holding(market) == self.plain.holding(market)
        for name in ("cash", "fees"):
            assert getattr(self.shared, name) == sum(getattr(each, name) for each in shares), name
        for each in (self.shared, *shares):
            each._check()


@given(ACTS)
@settings(max_examples=150, deadline=None)
def test_shares_add_up_to_the_account_whatever_happens(acts: list[Act]) -> None:
    book = Book()
    for name, *arguments in acts:
        getattr(book, name)(*arguments)
        book.check()


def test_each_share_has_what_its_own_orders_traded() -> None:
    book = Book()
    book.trade("maker", RAIN, BUY, 10, 4_000)
    book.trade("taker", RAIN, SELL, 10, 4_500)
    maker, taker = (book.shared.share(name)[RAIN] for name in NAMES)
    assert (maker.net, maker.cash, maker.fees) == (10, -40_000, 7)
    assert (taker.net, taker.cash, taker.fees) == (-10, 45_000, 7)
    assert (book.shared[RAIN].net, book.shared[RAIN].realised, book.shared.fees) == (0, 5_000, 14)


def test_settlement_pays_each_share_what_it_holds() -> None:
    book = Book()
    book.trade("maker", RAIN, BUY, 10, 4_000)
    book.trade("taker", RAIN, SELL, 4, 4_500)
    book.settle(RAIN, 10_000, 3)
    assert book.shared.settled == {NOBODY: 0, "maker": 10, "taker": -4}
    assert [book.shared.share(name).realised for name in NAMES] == [60_000, 4 * -5_500]
    assert book.shared.share(NOBODY).fees == 3


def test_what_no_trade_explains_is_nobodys() -> None:
    book = Book()
    book.trade("maker", RAIN, BUY, 10, 4_000)
    book.restate(RAIN, 12, -48_000)
    book.check()
    assert (book.shared.share(NOBODY)[RAIN].net, book.shared.share("maker")[RAIN].net) == (2, 10)


def test_an_unknown_owner_keeps_a_share_of_its_own() -> None:
    book = Book()
    book.mark(SNOW, 4_000, 100)
    book.trade("gone", SNOW, BUY, 5, 4_100)
    book.check()
    assert book.shared.share("gone")[SNOW].net == 5


def test_a_market_that_nets_to_nothing_is_held_all_the_same() -> None:
    book = Book()
    book.trade("maker", RAIN, BUY, 10, 4_000)
    book.trade("taker", RAIN, SELL, 10, 4_500)
    assert book.shared[RAIN].net == 0
    assert book.shared.is_held(RAIN)
    with pytest.raises(OrderError, match="is held"):
        book.shared.remove([RAIN])
