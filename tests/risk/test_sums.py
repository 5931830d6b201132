"""What counts against the limits: positions, open orders, replaces; and what an earlier run left."""

import pytest

from engine.errors import OrderError
from engine.fix import BUY, SELL, Msg, Status
from engine.risk import RiskReject
from tests.support.risks import Desk

NONE = RiskReject.NONE


# Sums


@pytest.mark.parametrize(
    ("fill", "open_order", "order", "worst"),
    [
        ((BUY, 30), (BUY, 4_500, 20), (BUY, 4_500, 10), 60),  # long, longer
        ((SELL, 30), (SELL, 4_700, 20), (SELL, 4_700, 10), 60),
        ((BUY, 30), (SELL, 4_700, 20), (BUY, 4_500, 10), 40),  # our sale may never trade
        ((BUY, 30), (SELL, 4_700, 80), (SELL, 4_700, 10), 60),  # through zero
        ((SELL, 30), (BUY, 4_500, 80), (BUY, 4_500, 10), 60),
    ],
)
@pytest.mark.parametrize("limit", ["max_position", "max_event_position", "max_gross_position"])
def test_position_counts_fills_and_open_orders_at_their_worst(
    limit: str, fill: tuple[int, int], open_order: tuple[int, int, int], order: tuple[int, int, int], worst: int
) -> None:
    for value, passes in (worst + 1, True), (worst, True), (worst - 1, False):
        desk = Desk(**{limit: value})
        desk.fill(*fill)
        desk.open(*open_order)
        assert (desk.new(*order) is NONE) is passes


def test_event_position_adds_its_markets_and_no_others() -> None:
    desk = Desk(max_event_position=100)
    desk.fill(BUY, 60, instrument=desk.rain)
    desk.fill(SELL, 60, instrument=desk.coin)
    assert desk.risk.exposure.event_position("WEATHER") == 60
    assert desk.new(SELL, 4_700, 40, desk.snow) is NONE
    assert desk.new(SELL, 4_700, 41, desk.snow) is RiskReject.MAX_EVENT_POSITION
    assert desk.new(SELL, 4_700, 40, desk.coin) is NONE


def test_gross_position_adds_all_markets() -> None:
    desk = Desk(max_gross_position=100)
    desk.fill(BUY, 60, instrument=desk.rain)
    desk.fill(SELL, 30, instrument=desk.coin)
    assert desk.risk.exposure.gross_position == 90
    assert desk.new(BUY, 4_500, 10, desk.snow) is NONE
    assert desk.new(BUY, 4_500, 11, desk.snow) is RiskReject.MAX_GROSS_POSITION


@pytest.mark.parametrize("limit", ["max_position", "max_event_position", "max_gross_position"])
def test_position_beyond_its_limit_may_shrink(limit: str) -> None:
    desk = Desk(**{limit: 50})
    desk.fill(BUY, 100)
    assert desk.new(SELL, 4_700, 100) is NONE
    assert desk.new(BUY, 4_500, 1) is not NONE


def test_sent_order_counts_at_once() -> None:
    desk = Desk(max_open_cost=10_000)
    assert desk.new(BUY, 4_500, 2) is NONE
    desk.open(BUY, 4_500, 2, status=Status.PENDING_NEW)
    assert (desk.risk.exposure.open_orders, desk.risk.exposure.open_cost) == (1, 9_000)
    assert desk.new(BUY, 1_000, 1) is NONE
    assert desk.new(BUY, 1_100, 1) is RiskReject.MAX_OPEN_COST


@pytest.mark.parametrize(
    "status", [Status.FILLED, Status.CANCELED, Status.REJECTED, Status.EXPIRED, Status.DONE_FOR_DAY]
)
def test_order_that_is_over_counts_for_nothing(status: str) -> None:
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.told(order, ord_status=status, leaves_qty=0)
    desk.told(order)
    exposure = desk.risk.exposure
    assert (exposure.open_orders, exposure.open_cost, exposure.worst_position(desk.rain)) == (0, 0, 0)


def test_partial_fill_moves_from_open_to_position() -> None:
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.told(order, ord_status=Status.PARTIALLY_FILLED, cum_qty=4, leaves_qty=6)
    desk.fill(BUY, 4, 4_500)
    exposure = desk.risk.exposure
    assert (exposure.position(desk.rain), exposure.worst_position(desk.rain)) == (4, 10)
    assert exposure.open_cost == 6 * 4_500


def test_unknown_order_counts_all_that_is_not_known_to_have_traded() -> None:
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.told(order, ord_status=Status.UNKNOWN, cum_qty=4, leaves_qty=0)
    assert desk.risk.exposure.open_cost == 6 * 4_500


@pytest.mark.parametrize(("price", "qty", "worst"), [(4_600, 10, 46_000), (4_400, 10, 45_000), (4_400, 20, 88_000)])
def test_pending_replace_counts_the_worse_of_old_and_new(price: int, qty: int, worst: int) -> None:
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.told(order, pending=Msg.ORDER_CANCEL_REPLACE_REQUEST, pending_price=price, pending_qty=qty)
    assert desk.risk.exposure.open_cost == worst
    assert desk.risk.exposure.worst_position(desk.rain) == max(10, qty)
    desk.told(order, pending="", pending_price=0, pending_qty=0)
    assert desk.risk.exposure.open_cost == 45_000


def test_filled_order_with_an_open_replace_counts_what_the_replace_adds() -> None:
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.told(order, ord_status=Status.FILLED, cum_qty=10, leaves_qty=0, pending_price=4_600, pending_qty=15)
    assert desk.risk.exposure.open_cost == 5 * 4_600
    assert desk.new(SELL, 4_600, 1) is RiskReject.SELF_MATCH


def test_filled_order_with_an_open_replace_stands_at_the_new_price_only() -> None:
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.told(order, ord_status=Status.FILLED, cum_qty=10, leaves_qty=0, pending_price=4_400, pending_qty=15)
    assert desk.new(SELL, 4_500, 1) is NONE
    assert desk.new(SELL, 4_400, 1) is RiskReject.SELF_MATCH


def test_replace_down_to_what_has_filled_adds_nothing() -> None:
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.told(order, cum_qty=6, leaves_qty=4, pending_price=4_900, pending_qty=6)
    assert desk.risk.exposure.open_cost == 4 * 4_500
    assert desk.new(SELL, 4_600, 1) is NONE


def test_order_of_an_unknown_market_is_an_error() -> None:
    desk, other = Desk(), Desk()
    order = other.open(BUY, 4_500, 1)
    with pytest.raises(OrderError, match="RAIN"):
        desk.risk.update(order)


def test_earlier_run_is_restored_from_its_orders_and_the_portfolio() -> None:
    desk = Desk()
    order = Desk(desk.instruments).open(SELL, 4_700, 7, status=Status.UNKNOWN)
    desk.portfolio.fill(desk.snow, SELL, 3, 4_000, 12)
    desk.portfolio.fill(desk.snow, SELL, 4, 4_001, 12)
    desk.risk.restore([order])
    exposure = desk.risk.exposure
    exposure._check()
    assert (exposure.position(desk.snow), exposure.worst_position(desk.snow)) == (-7, 7)
    assert (exposure.event_position("WEATHER"), exposure.gross_position, exposure.open_orders) == (14, 14, 1)


def test_settlement_frees_the_limits() -> None:
    desk = Desk(max_position=10, max_event_position=10, max_gross_position=10)
    desk.fill(SELL, 10)
    assert desk.new(SELL, 4_700, 1) is RiskReject.MAX_POSITION
    desk.portfolio.settle(desk.rain, 0)
    desk.risk.refresh(desk.rain)
    desk.risk.exposure._check()
    assert (desk.risk.exposure.event_position("WEATHER"), desk.risk.exposure.gross_position) == (0, 0)
    assert desk.new(SELL, 4_700, 10) is NONE


def test_fill_of_an_order_that_was_over_counts_its_position() -> None:
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.told(order, ord_status=Status.CANCELED, leaves_qty=0)
    desk.portfolio.fill(desk.rain, BUY, 4, 4_500, 0)
    desk.told(order, cum_qty=4)
    assert desk.risk.exposure.worst_position(desk.rain) == 4


# Replace and cancel


@pytest.mark.parametrize(
    ("limit", "value", "price", "qty", "code"),
    [
        ("max_order_qty", 20, 4_500, 20, RiskReject.MAX_ORDER_QTY),
        ("max_order_notional", 90_000, 4_500, 20, RiskReject.MAX_ORDER_NOTIONAL),
        ("max_order_cost", 90_000, 4_500, 20, RiskReject.MAX_ORDER_COST),
        ("max_position", 20, 4_500, 20, RiskReject.MAX_POSITION),
        ("max_event_position", 20, 4_500, 20, RiskReject.MAX_EVENT_POSITION),
        ("max_gross_position", 20, 4_500, 20, RiskReject.MAX_GROSS_POSITION),
        ("max_open_cost", 90_000, 4_500, 20, RiskReject.MAX_OPEN_COST),
        ("max_open_cost", 46_000, 4_600, 10, RiskReject.MAX_OPEN_COST),
        ("collar_own", 100, 4_600, 10, RiskReject.PRICE_COLLAR),
    ],
)
def test_replace_is_held_by_what_it_grows_to(limit: str, value: int, price: int, qty: int, code: RiskReject) -> None:
    for spare, expected in (1, NONE), (0, NONE), (-1, code):
        desk = Desk(**{limit: value + spare})
        assert desk.replace(desk.open(BUY, 4_500, 10), price, qty) is expected


def test_replace_does_not_count_as_one_more_order() -> None:
    desk = Desk(max_open_orders=1)
    assert desk.replace(desk.open(BUY, 4_500, 10), 4_600, 20) is NONE


def test_replace_counts_only_what_is_left_to_trade() -> None:
    desk = Desk(max_position=20)
    order = desk.told(desk.open(BUY, 4_500, 10), cum_qty=4, leaves_qty=6, ord_status=Status.PARTIALLY_FILLED)
    desk.fill(BUY, 4, 4_500)
    assert desk.replace(order, 4_500, 20) is NONE
    assert desk.replace(order, 4_500, 21) is RiskReject.MAX_POSITION
    assert desk.replace(order, 4_600, 4) is RiskReject.QTY
    assert desk.replace(order, 4_500, 4) is RiskReject.QTY


def test_replace_while_limits_are_exceeded_may_only_shrink() -> None:
    desk = Desk(max_position=5, max_open_cost=5, max_order_qty=5)
    order = desk.open(BUY, 4_500, 10)
    assert desk.replace(order, 4_500, 9) is NONE
    assert desk.replace(order, 4_500, 11) is RiskReject.MAX_ORDER_QTY


@pytest.mark.parametrize("limit", ["max_open_cost", "max_position", "max_event_position", "max_gross_position"])
def test_replace_to_a_cheaper_price_passes_beyond_a_limit(limit: str) -> None:
    desk = Desk(**{limit: 5})
    order = desk.open(BUY, 4_500, 10)
    assert desk.replace(order, 4_400, 10) is NONE
    assert desk.replace(order, 4_600, 11) is not NONE


def test_taking_quantity_off_needs_no_book() -> None:
    desk = Desk(collar_own=0)
    order = desk.open(BUY, 4_500, 10)
    desk.book = None
    assert desk.replace(order, 4_500, 9) is NONE
    assert desk.replace(order, 4_400, 9) is RiskReject.BOOK_MISSING


def test_replace_into_one_of_ours_is_denied() -> None:
    desk = Desk()
    order = desk.open(BUY, 4_500, 10)
    desk.open(SELL, 4_700, 10)
    assert desk.replace(order, 4_600, 10) is NONE
    assert desk.replace(order, 4_700, 10) is RiskReject.SELF_MATCH


def test_replace_in_a_market_of_others_is_denied() -> None:
    assert Desk().replace(Desk().open(BUY, 4_500, 10), 4_500, 9) is RiskReject.UNKNOWN_MARKET
