import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError
from engine.fix import BUY, SELL, Exec
from engine.orders.orders import Orders
from engine.portfolio.position import Position, Positions
from tests.support.order_reports import INSTRUMENTS, RAIN, SNOW, ack, fill, open_order, report

FILLS = st.lists(
    st.tuples(st.sampled_from((BUY, SELL)), st.integers(1, 10**6), st.integers(1, 9_999), st.integers(-50, 5_000)),
    max_size=40,
)


@pytest.fixture
def position() -> Position:
    return Position(RAIN)


def values(position: Position) -> tuple[int, int, int, int]:
    """(net, cost, realised, fees)"""
    return position.net, position.cost, position.realised, position.fees


def test_purchase_is_cost_and_no_profit(position: Position) -> None:
    position.fill(BUY, 300, 4200, 70)
    assert (values(position), position.cash) == ((300, 1_260_000, 0, 70), -1_260_000)
    assert (position.unrealised(4300), position.total(4300)) == (30_000, 29_930)


def test_more_of_the_same_averages_the_cost(position: Position) -> None:
    position.fill(BUY, 100, 4000, 0)
    position.fill(BUY, 200, 4300, 0)
    assert values(position) == (300, 1_260_000, 0, 0)


def test_sale_of_a_part_realises_at_the_average(position: Position) -> None:
    position.fill(BUY, 300, 4200, 0)
    position.fill(SELL, 100, 4500, 0)
    assert values(position) == (200, 840_000, 30_000, 0)


def test_sale_of_everything_leaves_no_cost(position: Position) -> None:
    position.fill(BUY, 3, 1, 0)
    position.fill(BUY, 4, 2, 0)
    position.fill(SELL, 6, 3, 0)
    position.fill(SELL, 1, 3, 0)
    assert (values(position), position.unrealised(9_999)) == ((0, 0, 10, 0), 0)


def test_short_position_has_cost_below_zero(position: Position) -> None:
    position.fill(SELL, 200, 4200, 5)
    assert (values(position), position.unrealised(4000)) == ((-200, -840_000, 0, 5), 40_000)
    position.fill(BUY, 50, 4000, 5)
    assert values(position) == (-150, -630_000, 10_000, 10)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_flip_closes_at_the_price_and_opens_at_it(position: Position, side: int) -> None:
    sign = 1 if side == BUY else -1
    position.fill(side, 100, 4000, 0)
    position.fill(BUY + SELL - side, 300, 4100, 0)
    assert values(position) == (-200 * sign, -820_000 * sign, 10_000 * sign, 0)


def test_cost_that_does_not_divide_is_split_without_loss(position: Position) -> None:
    position.fill(BUY, 3, 3333, 0)
    position.fill(BUY, 4, 3334, 0)
    position.fill(SELL, 2, 3333, 0)
    assert values(position) == (5, 16_667, -2, 0)  # 23 335 * 5 / 7 is 16 667.9; the sale brought 6 666 for 6 668
    assert position.realised + position.unrealised(5_000) == position.cash + 5 * 5_000


def test_rebate_lowers_fees(position: Position) -> None:
    position.fill(BUY, 1, 1, -3)
    assert (position.fees, position.total(1)) == (-3, 3)


def test_bust_of_the_fill_that_opened_undoes_it(position: Position) -> None:
    position.fill(BUY, 100, 5000, 10)
    position.fill(BUY, 100, 6000, 12)
    position.fill(BUY, -100, 6000, -12)
    assert (values(position), position.cash) == ((100, 500_000, 0, 10), -500_000)
    position.fill(BUY, -100, 5000, -10)
    assert (values(position), position.cash) == ((0, 0, 0, 0), 0)


def test_bust_of_the_fill_that_closed_keeps_what_it_realised_in_sight(position: Position) -> None:
    position.fill(BUY, 100, 5000, 0)
    position.fill(SELL, 100, 6000, 0)
    position.fill(SELL, -100, 6000, 0)
    assert values(position) == (100, 600_000, 100_000, 0)
    assert position.total(5_500) == 100 * 500


@pytest.mark.parametrize(
    ("net_side", "price", "realised"), [(BUY, 10_000, 580_000), (BUY, 0, -420_000), (SELL, 0, 420_000)]
)
def test_settlement_pays_the_open_quantity(position: Position, net_side: int, price: int, realised: int) -> None:
    position.fill(net_side, 100, 4200, 7)
    position.settle(price, 3)
    assert values(position) == (0, 0, realised, 10)
    assert position.total(9_999) == realised - 10


def test_settlement_at_a_fraction_is_exact(position: Position) -> None:
    position.fill(SELL, 250, 4200, 0)
    position.settle(3_333)
    assert values(position) == (0, 0, 250 * (4200 - 3333), 0)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(fills=FILLS, mark=st.integers(0, 10_000))
def test_profit_is_what_a_cash_ledger_says_after_every_fill(fills: list[tuple[int, int, int, int]], mark: int) -> None:
    position = Position(RAIN)
    ledger: list[tuple[int, int, int]] = []
    for side, qty, price, fee in fills:
        position.fill(side, qty, price, fee)
        signed = qty if side == BUY else -qty
        ledger.append((signed, -signed * price, fee))
        net, cash, fees = (sum(column) for column in zip(*ledger, strict=True))
        assert (position.net, position.cash, position.fees) == (net, cash, fees)
        assert position.realised + position.unrealised(mark) == cash + net * mark
        assert position.total(mark) == cash + net * mark - fees
        assert position.cost * net >= 0
        low, high = min(fill[2] for fill in fills), max(fill[2] for fill in fills)
        assert low * abs(net) - len(fills) <= abs(position.cost) <= high * abs(net) + len(fills)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(fills=FILLS, data=st.data())
def test_busts_in_any_order_bring_back_an_empty_ledger(
    fills: list[tuple[int, int, int, int]], data: st.DataObject
) -> None:
    position = Position(RAIN)
    for side, qty, price, fee in fills:
        position.fill(side, qty, price, fee)
    for side, qty, price, fee in data.draw(st.permutations(fills)):
        realised, net = position.realised, position.net
        position.fill(side, -qty, price, -fee)
        assert position.net == net + (-qty if side == BUY else qty)
        assert position.realised == realised or position.net == 0
    assert (position.net, position.cash, position.cost, position.fees) == (0, 0, 0, 0)


def test_positions_book_what_a_report_changed() -> None:
    orders, positions = Orders("P"), Positions(INSTRUMENTS)
    order = open_order(orders, side=SELL, instrument=SNOW)
    for made in (
        ack(order),
        fill(order, 4, "E1"),
        report("P-1", Exec.TRADE_CORRECT, "1", exec_id="E2", exec_ref_id="E1", last_qty=3, last_px=4300, fee=9),
    ):
        positions[SNOW].book(orders.apply(made))
    assert [(p.instrument.symbol, p.net, p.cash, p.fees) for p in positions] == [
        (RAIN.symbol, 0, 0, 0),
        (SNOW.symbol, -3, 3 * 4300, 9),
    ]
    positions[SNOW].book(
        orders.apply(report("P-1", Exec.TRADE_CANCEL, "0", exec_id="E3", exec_ref_id="E2", leaves_qty=10))
    )
    assert (positions[SNOW].net, positions[SNOW].cash, positions[SNOW].fees, len(positions)) == (0, 0, 0, 2)


def test_report_about_no_order_books_nothing(position: Position) -> None:
    position.book(Orders("P").apply(report("stranger", Exec.TRADE, last_qty=1, last_px=1, exec_id="E1")))
    assert values(position) == (0, 0, 0, 0)


def test_instruments_out_of_order_are_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="Instrument.index"):
        Positions((SNOW, RAIN))
