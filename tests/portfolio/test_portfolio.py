"""What fills, busts and settlements do to money: positions by the average-cost method, and the sums over them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError, OrderError
from engine.fix import BUY, SELL, Exec
from engine.instrument import Instrument, PriceBand
from engine.orders.orders import Orders
from engine.portfolio import Portfolio, Position, Totals
from tests.support.order_reports import INSTRUMENTS, RAIN, SNOW, ack, fill, open_order, report
from tests.support.risks import markets

FILLS = st.lists(
    st.tuples(st.sampled_from((BUY, SELL)), st.integers(1, 10**6), st.integers(1, 9_999), st.integers(-50, 5_000)),
    max_size=40,
)
MOST = 2**63 - 1


class Account:
    """One portfolio, looked at through its first market."""

    def __init__(self) -> None:
        self.portfolio = Portfolio(INSTRUMENTS)
        self.position = self.portfolio[RAIN]

    def fill(self, side: int, qty: int, price: int, fee: int = 0) -> None:
        self.portfolio.fill(RAIN, side, qty, price, fee)
        self.portfolio._check()

    def mark(self, price: int) -> Position:
        """Value the position at one price, whichever way it is held."""
        self.portfolio.mark(RAIN, price, price + 1 if self.position.net > 0 else price)
        if self.position.net < 0:
            self.portfolio.mark(RAIN, price - 1, price)
        self.portfolio._check()
        return self.position


@pytest.fixture
def account() -> Account:
    return Account()


def values(each: Totals) -> tuple[int, int, int, int]:
    """(cash, cost, realised, fees)"""
    return each.cash, each.cost, each.realised, each.fees


def held(position: Position) -> tuple[int, int, int, int]:
    """(net, cost, realised, fees)"""
    return position.net, position.cost, position.realised, position.fees


def test_purchase_is_cost_and_no_profit(account: Account) -> None:
    account.fill(BUY, 300, 4200, 70)
    assert (held(account.position), account.position.cash) == ((300, 1_260_000, 0, 70), -1_260_000)
    position = account.mark(4300)
    assert (position.unrealised, position.pnl, position.value) == (30_000, 29_930, 300 * 4300)


def test_more_of_the_same_averages_the_cost(account: Account) -> None:
    account.fill(BUY, 100, 4000)
    account.fill(BUY, 200, 4300)
    assert held(account.position) == (300, 1_260_000, 0, 0)


def test_sale_of_a_part_realises_at_the_average(account: Account) -> None:
    account.fill(BUY, 300, 4200)
    account.fill(SELL, 100, 4500)
    assert held(account.position) == (200, 840_000, 30_000, 0)


def test_sale_of_everything_leaves_no_cost(account: Account) -> None:
    account.fill(BUY, 3, 1)
    account.fill(BUY, 4, 2)
    account.fill(SELL, 6, 3)
    account.fill(SELL, 1, 3)
    assert (held(account.position), account.mark(9_999).unrealised) == ((0, 0, 10, 0), 0)


def test_short_position_has_cost_below_zero(account: Account) -> None:
    account.fill(SELL, 200, 4200, 5)
    assert (held(account.position), account.mark(4000).unrealised) == ((-200, -840_000, 0, 5), 40_000)
    account.fill(BUY, 50, 4000, 5)
    assert held(account.position) == (-150, -630_000, 10_000, 10)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_flip_closes_at_the_price_and_opens_at_it(account: Account, side: int) -> None:
    sign = 1 if side == BUY else -1
    account.fill(side, 100, 4000)
    account.fill(BUY + SELL - side, 300, 4100)
    assert held(account.position) == (-200 * sign, -820_000 * sign, 10_000 * sign, 0)


@pytest.mark.parametrize(("side", "cost", "realised"), [(BUY, 16_667, -2), (SELL, -16_668, 1)])
def test_cost_that_does_not_divide_is_split_without_loss(account: Account, side: int, cost: int, realised: int) -> None:
    sign = 1 if side == BUY else -1
    account.fill(side, 3, 3333)
    account.fill(side, 4, 3334)
    account.fill(BUY + SELL - side, 2, 3333)
    position = account.position
    assert held(position) == (5 * sign, cost, realised, 0)  # 23 335 * 5 / 7 is 16 667.9: rounded down, not to zero
    assert position.realised + position.unrealised == position.cash + position.value


def test_product_beyond_64_bits_splits_exactly(account: Account) -> None:
    account.fill(BUY, 10**14, 9_000)
    account.fill(SELL, 10**14 - 3, 9_000)  # 9 * 10**17 times 3
    assert held(account.position) == (3, 27_000, 0, 0)


def test_rebate_lowers_fees(account: Account) -> None:
    account.fill(BUY, 1, 1, -3)
    assert (account.position.fees, account.mark(1).pnl) == (-3, 3)


def test_bust_of_the_fill_that_opened_undoes_it(account: Account) -> None:
    account.fill(BUY, 100, 5000, 10)
    account.fill(BUY, 100, 6000, 12)
    account.fill(BUY, -100, 6000, -12)
    assert (held(account.position), account.position.cash) == ((100, 500_000, 0, 10), -500_000)
    account.fill(BUY, -100, 5000, -10)
    assert (held(account.position), account.position.cash) == ((0, 0, 0, 0), 0)


def test_bust_of_the_fill_that_closed_keeps_what_it_realised_in_sight(account: Account) -> None:
    account.fill(BUY, 100, 5000)
    account.fill(SELL, 100, 6000)
    account.fill(SELL, -100, 6000)
    assert held(account.position) == (100, 600_000, 100_000, 0)
    assert account.mark(5_500).pnl == 100 * 500


@pytest.mark.parametrize(
    ("net_side", "price", "realised"), [(BUY, 10_000, 580_000), (BUY, 0, -420_000), (SELL, 0, 420_000)]
)
def test_settlement_pays_the_open_quantity(account: Account, net_side: int, price: int, realised: int) -> None:
    account.fill(net_side, 100, 4200, 7)
    account.portfolio.settle(RAIN, price, 3)
    account.portfolio._check()
    assert held(account.position) == (0, 0, realised, 10)
    assert (account.position.is_settled, account.position.mark) == (True, price)
    assert account.mark(9_998).pnl == realised - 10


def test_settlement_at_a_fraction_is_exact(account: Account) -> None:
    account.fill(SELL, 250, 4200)
    account.portfolio.settle(RAIN, 3_333)
    assert held(account.position) == (0, 0, 250 * (4200 - 3333), 0)


@pytest.mark.parametrize(("side", "sign"), [(BUY, 1), (SELL, -1)])
def test_bust_after_the_settlement_is_worth_what_the_settlement_paid(account: Account, side: int, sign: int) -> None:
    account.fill(side, 100, 4200)
    account.portfolio.settle(RAIN, 10_000)
    account.fill(side, -40, 4200)
    account.mark(50)
    assert (account.position.net, account.position.pnl) == (-40 * sign, 60 * (10_000 - 4200) * sign)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(fills=FILLS, mark=st.integers(1, 9_999))
def test_profit_is_what_a_cash_ledger_says_after_every_fill(fills: list[tuple[int, int, int, int]], mark: int) -> None:
    account = Account()
    position = account.position
    ledger: list[tuple[int, int, int]] = []
    for side, qty, price, fee in fills:
        account.fill(side, qty, price, fee)
        account.mark(mark)
        signed = qty if side == BUY else -qty
        ledger.append((signed, -signed * price, fee))
        net, cash, fees = (sum(column) for column in zip(*ledger, strict=True))
        assert (position.net, position.cash, position.fees) == (net, cash, fees)
        assert position.realised + position.unrealised == cash + net * mark
        assert position.pnl == cash + net * mark - fees
        assert position.cost * net >= 0
        low, high = min(fill[2] for fill in fills), max(fill[2] for fill in fills)
        assert low * abs(net) - len(fills) <= abs(position.cost) <= high * abs(net) + len(fills)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(fills=FILLS, data=st.data())
def test_busts_in_any_order_bring_back_an_empty_ledger(
    fills: list[tuple[int, int, int, int]], data: st.DataObject
) -> None:
    account = Account()
    position = account.position
    for side, qty, price, fee in fills:
        account.fill(side, qty, price, fee)
    for side, qty, price, fee in data.draw(st.permutations(fills)):
        realised, net = position.realised, position.net
        account.fill(side, -qty, price, -fee)
        assert position.net == net + (-qty if side == BUY else qty)
        assert position.realised == realised or position.net == 0
    assert (position.net, position.cash, position.cost, position.fees) == (0, 0, 0, 0)
    assert (account.portfolio.cash, account.portfolio.fees, account.portfolio.pnl) == (0, 0, 0)


def test_portfolio_books_what_a_report_changed() -> None:
    orders, portfolio = Orders("P"), Portfolio(INSTRUMENTS)
    order = open_order(orders, side=SELL, instrument=SNOW)
    for made in (
        ack(order),
        fill(order, 4, "E1"),
        report("P-1", Exec.TRADE_CORRECT, "1", exec_id="E2", exec_ref_id="E1", last_qty=3, last_px=4300, fee=9),
    ):
        portfolio.book(orders.apply(made))
    assert [(p.instrument.symbol, p.net, p.cash, p.fees) for p in portfolio] == [
        (RAIN.symbol, 0, 0, 0),
        (SNOW.symbol, -3, 3 * 4300, 9),
    ]
    portfolio.book(orders.apply(report("P-1", Exec.TRADE_CANCEL, "0", exec_id="E3", exec_ref_id="E2", leaves_qty=10)))
    assert (portfolio[SNOW].net, portfolio[SNOW].cash, portfolio[SNOW].fees, len(portfolio)) == (0, 0, 0, 2)


def test_report_about_no_order_books_nothing(account: Account) -> None:
    change = Orders("P").apply(report("stranger", Exec.TRADE, last_qty=1, last_px=1, exec_id="E1"))
    account.portfolio.book(change)
    assert held(account.position) == (0, 0, 0, 0)


# Sums


def test_money_is_added_up_by_event_and_over_all() -> None:
    rain, snow, coin = instruments = markets()
    portfolio = Portfolio(instruments)
    portfolio.fill(rain, BUY, 10, 5_000, 7)
    portfolio.fill(snow, SELL, 4, 3_000, 2)
    portfolio.fill(coin, BUY, 2, 1_000, -1)
    portfolio.fill(coin, SELL, 2, 1_500, 4)
    portfolio.mark(rain, 4_900, 5_100)
    portfolio.mark(snow, 2_900, 3_200)
    assert values(portfolio.event("WEATHER")) == (-50_000 + 12_000, 50_000 - 12_000, 0, 9)
    assert values(portfolio.event("COINS")) == (1_000, 0, 1_000, 3)
    assert values(portfolio) == (-37_000, 38_000, 1_000, 12)
    assert [portfolio.event(name).unrealised for name in ("WEATHER", "COINS")] == [-1_000 - 800, 0]
    assert [portfolio.event(name).pnl for name in ("WEATHER", "COINS")] == [-1_809, 997]
    assert (portfolio.unrealised, portfolio.value, portfolio.pnl) == (-1_800, 49_000 - 12_800, -812)
    portfolio._check()


def test_event_of_nobody_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="SPORTS"):
        Portfolio(markets()).event("SPORTS")


def test_market_that_left_counts_over_all_and_in_no_event() -> None:
    portfolio = Portfolio(INSTRUMENTS)
    left = Instrument("LEFT", 2**31, None, event=RAIN.event)
    portfolio.admit(left)
    portfolio.fill(left, BUY, 10, 5_000, 7)
    portfolio.settle(left, 4_000)
    assert (portfolio.pnl, portfolio.event(RAIN.event).pnl, portfolio[left].pnl) == (-10_007, 0, -10_007)
    assert ([p.instrument for p in portfolio], [p.instrument for p in portfolio.gone()]) == ([RAIN, SNOW], [left])
    portfolio.start_day(1)
    portfolio.settle(left, 4_000, 5)
    assert (portfolio.day_pnl, portfolio[left].day_pnl) == (-5, -5)
    portfolio._check()


@pytest.mark.parametrize("decimals", [(2, 2), (4, 0)])
def test_market_that_left_with_other_units_is_not_added_up(decimals: tuple[int, int]) -> None:
    portfolio = Portfolio(INSTRUMENTS)
    left = Instrument("LEFT", 2**31, None, price_decimals=decimals[0], size_decimals=decimals[1])
    portfolio.admit(left)
    portfolio.fill(left, SELL, 10, 50, 7)
    assert (portfolio.pnl, portfolio[left].pnl) == (0, -7)
    portfolio._check()


@pytest.mark.parametrize(
    "stranger", [Instrument(RAIN.symbol, 0, None), Instrument("X", -1, None), Instrument("X", 2, None)]
)
def test_stranger_is_an_error_that_names_it(stranger: Instrument) -> None:
    with pytest.raises(OrderError, match=f"unknown to the portfolio: '{stranger.symbol}'"):
        Portfolio(INSTRUMENTS).fill(stranger, BUY, 1, 1, 0)


def test_instruments_out_of_order_are_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="Instrument.index"):
        Portfolio((SNOW, RAIN))


def test_instruments_of_different_units_are_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="must share price_decimals"):
        Portfolio((RAIN, Instrument("B", 1, None, size_decimals=0)))


# 64 bits


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((), (BUY, MOST, 2, 0)),  # cash
        ((), (BUY, 2, MOST, 0)),
        ((BUY, MOST, 1, 0), (BUY, 1, 1, 0)),  # net
        ((BUY, 1, 1, MOST), (BUY, 1, 1, 1)),  # fees
        ((BUY, 1, 1, MOST), (BUY, MOST // 2, 2, 0)),  # profit
        ((), (SELL, -MOST - 1, 1, 0)),
    ],
)
def test_sum_beyond_64_bits_is_an_error_that_changes_nothing(
    first: tuple[int, int, int, int] | tuple[()], second: tuple[int, int, int, int]
) -> None:
    portfolio = Portfolio((RAIN,))
    if first:
        portfolio.fill(RAIN, *first)
    before = (*held(portfolio[RAIN]), *values(portfolio), portfolio.pnl)
    with pytest.raises(OverflowError):
        portfolio.fill(RAIN, *second)
    assert (*held(portfolio[RAIN]), *values(portfolio), portfolio.pnl) == before


def test_sum_over_markets_beyond_64_bits_is_an_error() -> None:
    low = [Instrument(name, index, [PriceBand(0, 10_000, 100)]) for index, name in enumerate("AB")]
    portfolio = Portfolio(low)
    portfolio.fill(low[0], BUY, 1, 1, MOST - 5)
    with pytest.raises(OverflowError):
        portfolio.fill(low[1], BUY, 1, 1, 6)
    assert (portfolio.fees, portfolio[low[1]].fees) == (MOST - 5, 0)
