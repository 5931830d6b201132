"""What a venue changes by itself, and prices that cannot be."""

from typing import Any

import pytest

from engine import fix
from engine.fix import Exec, Status
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.table import Outcome
from engine.runtime.notices import NoticeKind
from tests.support.order_reports import ack, canceled, fill, open_order, replaced, report, state

# S12: changes that nobody here asked for


def test_s12_unsolicited_replaced_gives_the_order_the_terms_of_the_venue(orders: Orders, order: Order) -> None:
    amended = report("A1-1", Exec.REPLACED, Status.REPLACED, order_qty=8, price=4000, cum_qty=0, leaves_qty=8)
    amended.exec_id = "X1"
    change = orders.apply(amended)
    assert (change.kind, order.price, state(order)) == (Outcome.REPLACED, 4000, (Status.NEW, 8, 0, 8, ""))
    assert change.notice is not None
    assert change.notice[0] == NoticeKind.CHANGED_BY_VENUE
    assert "38=8 44=4000" in change.notice[1]
    assert (order.can_cancel, order.can_replace, order.cl_ord_id) == (True, True, "A1-1")
    assert orders.apply(amended).kind == Outcome.DUPLICATE


@pytest.mark.parametrize(
    "ids", [{"cl_ord_id": "DESK-7", "orig_cl_ord_id": "A1-1"}, {"cl_ord_id": "", "order_id": "V1"}]
)
def test_s12_amendment_under_an_id_of_the_desk_finds_its_order(
    orders: Orders, order: Order, ids: dict[str, str]
) -> None:
    amended = report(**{"exec_type": Exec.REPLACED, "ord_status": Status.NEW, **ids}, order_qty=8, price=4000)
    assert (orders.apply(amended).kind, order.price, order.order_qty) == (Outcome.REPLACED, 4000, 8)


def test_s12_amendment_while_our_replace_is_in_flight_leaves_the_request_open(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    amended = report("A1-1", Exec.REPLACED, Status.NEW, order_qty=8, price=4000, cum_qty=0, leaves_qty=8)
    assert orders.apply(amended).kind == Outcome.REPLACED
    assert (order.price, state(order), order.pending_qty) == (4000, (Status.NEW, 8, 0, 8, "G"), 12)
    change = orders.apply(replaced(order))
    assert (change.kind, change.notice, order.price, state(order)) == (
        Outcome.REPLACED, None, 4300, (Status.NEW, 12, 0, 12, ""),
    )  # fmt: skip


def test_s12_amendment_that_makes_a_filled_order_larger_brings_it_back(orders: Orders, order: Order) -> None:
    orders.apply(fill(order, 10, "E1"))
    change = orders.apply(report("A1-1", Exec.REPLACED, "1", order_qty=15, cum_qty=10, leaves_qty=5))
    assert (change.kind, change.is_terminal, state(order)) == (Outcome.REPLACED, False, ("1", 15, 10, 5, ""))
    assert orders.live() == [order]


def test_s12_amendment_before_the_acknowledgement_is_one_too(orders: Orders) -> None:
    opened = open_order(orders)
    orders.apply(report("A1-1", Exec.REPLACED, Status.NEW, order_qty=8, price=4000, leaves_qty=8, cum_qty=0))
    assert (opened.price, state(opened)) == (4000, (Status.NEW, 8, 0, 8, ""))


@pytest.mark.parametrize("fields", [{"leaves_qty": 3}, {"cum_qty": 2}, {"price": 50_000}, {"price": 0}, {"price": -5}])
def test_amendment_that_does_not_add_up_or_names_no_price_contradicts(
    orders: Orders, order: Order, fields: dict[str, Any]
) -> None:
    amended = report("A1-1", Exec.REPLACED, Status.NEW, order_qty=8, **{"price": 4000, "leaves_qty": 8, **fields})
    assert orders.apply(amended).kind == Outcome.UNKNOWN
    assert (order.price, order.order_qty) == (4200, 10)


@pytest.mark.parametrize(
    ("exec_type", "fields"),
    [
        (Exec.CANCELED, {}),
        (Exec.EXPIRED, {}),
        (Exec.DONE_FOR_DAY, {"leaves_qty": 0}),
        (Exec.SUSPENDED, {}),
        (Exec.RESTATED, {"order_qty": 8}),
        (Exec.TRADE_CANCEL, {"exec_ref_id": "E1", "exec_id": "E2", "leaves_qty": 10}),
        (Exec.TRADE_CORRECT, {"exec_ref_id": "E1", "exec_id": "E2", "last_qty": 4, "last_px": 4100}),
    ],
)
def test_s12_whatever_a_venue_does_by_itself_is_told(
    orders: Orders, order: Order, exec_type: str, fields: dict[str, Any]
) -> None:
    orders.apply(fill(order, 4, "E1"))
    change = orders.apply(report("A1-1", exec_type, text="by the desk", **fields))
    assert change.kind != Outcome.UNKNOWN, change.text
    assert change.notice is not None
    assert change.notice[0] == NoticeKind.CHANGED_BY_VENUE
    assert "by the desk" in change.notice[1]


def test_what_we_asked_for_is_not_told(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    assert orders.apply(replaced(order)).notice is None
    orders.request_cancel(order, 6)
    assert orders.apply(canceled(order)).notice is None
    immediate = open_order(orders, tif=fix.Tif.IOC)
    orders.apply(ack(immediate))
    assert orders.apply(canceled(immediate)).notice is None


# O13: prices that cannot be


@pytest.mark.parametrize("side", [fix.BUY, fix.SELL])
@pytest.mark.parametrize("price", [50_000, 10_000, 0, -5_000])
def test_o13_fill_at_a_price_that_no_contract_has_is_not_booked(orders: Orders, side: int, price: int) -> None:
    order = open_order(orders, side=side)
    orders.apply(ack(order))
    change = orders.apply(fill(order, 4, "E1", price=price))
    assert (change.kind, change.last_qty, order.cum_qty) == (Outcome.UNKNOWN, 0, 0)
    assert f"LastPx(31) {price} cannot be" in change.text


@pytest.mark.parametrize("ord_type", [fix.Type.LIMIT, fix.Type.MARKET])
@pytest.mark.parametrize(("side", "worse", "better"), [(fix.BUY, 4201, 4199), (fix.SELL, 4199, 4201)])
def test_o13_fill_beyond_the_limit_or_bound_is_not_booked_and_a_better_one_is(
    orders: Orders, side: int, worse: int, better: int, ord_type: str
) -> None:
    order = open_order(orders, side=side, ord_type=ord_type)
    orders.apply(ack(order))
    assert orders.apply(fill(order, 4, "E1", price=better)).kind == Outcome.FILLED
    assert orders.apply(fill(order, 4, "E2", price=worse)).kind == Outcome.UNKNOWN
    assert order.cum_qty == 4


@pytest.mark.parametrize(("side", "price"), [(fix.BUY, 4300), (fix.SELL, 4100)])
def test_fill_may_be_at_the_price_of_a_replace_in_flight(orders: Orders, side: int, price: int) -> None:
    order = open_order(orders, side=side)
    orders.apply(ack(order))
    orders.request_replace(order, price, 10, 5)
    assert orders.apply(fill(order, 4, "E1", price=price)).kind == Outcome.FILLED
    assert orders.apply(fill(order, 4, "E2", price=price + (1 if side == fix.BUY else -1))).kind == Outcome.UNKNOWN


@pytest.mark.parametrize("last_px", [50_000, 4201, -1])
def test_o13_correction_to_a_price_that_cannot_be_is_not_booked(orders: Orders, order: Order, last_px: int) -> None:
    orders.apply(fill(order, 4, "E1"))
    correct = report("A1-1", Exec.TRADE_CORRECT, "1", exec_id="E2", exec_ref_id="E1", last_qty=4, last_px=last_px)
    assert (orders.apply(correct).kind, order.cum_cost) == (Outcome.UNKNOWN, 4 * 4200)


@pytest.mark.parametrize(("side", "worse", "better"), [(fix.BUY, 4201, 4100), (fix.SELL, 4199, 4300)])
def test_acknowledgement_at_a_worse_price_is_in_doubt_until_the_venue_says_it_again(
    orders: Orders, side: int, worse: int, better: int
) -> None:
    slid, order = (open_order(orders, side=side) for _ in range(2))
    assert orders.apply(ack(slid, price=better)).kind == Outcome.ACCEPTED
    assert slid.price == better
    assert orders.apply(ack(order, price=worse)).kind == Outcome.UNKNOWN
    answer = report(order.cl_ord_id, Exec.ORDER_STATUS, Status.NEW, price=worse, cum_qty=0, leaves_qty=10)
    assert (orders.apply(answer).kind, order.price, order.ord_status) == (Outcome.ACCEPTED, worse, Status.NEW)


def test_market_without_a_payout_has_prices_above_it(orders: Orders) -> None:
    share = Instrument("ACME", 0, None)
    order = open_order(orders, price=1_500_000, instrument=share)
    orders.apply(ack(order))
    assert orders.apply(fill(order, 4, "E1", price=1_400_000)).kind == Outcome.FILLED
    assert orders.apply(fill(order, 4, "E2", price=0)).kind == Outcome.UNKNOWN
