"""Orders from request to fill; scenario letters are those of the FIX order state change matrices."""

import re
from typing import Any

import pytest

from engine import fix
from engine.errors import ConfigError, OrderError
from engine.fix import BUY, Exec, Status
from engine.orders.order import RESTORED, Order, restore_fields
from engine.orders.orders import Orders
from engine.orders.report import ABSENT
from engine.orders.table import Outcome
from tests.support.order_reports import RAIN, SNOW, ack, canceled, fill, open_order, report, state, traded


@pytest.fixture
def orders() -> Orders:
    return Orders("A1", lambda instrument, price, qty, is_taker: price * qty // 100 if is_taker else 0)


@pytest.fixture
def order(orders: Orders) -> Order:
    """An acknowledged order: buy 10 at 0.42."""
    opened = open_order(orders)
    assert orders.apply(ack(opened, order_id="V1", leaves_qty=10, cum_qty=0)).kind == Outcome.ACCEPTED
    return opened


# Ids


def test_ids_are_unique_and_of_the_characters_every_venue_takes() -> None:
    first, second = Orders("n1"), Orders("n")
    ids = [first.next_cl_ord_id() for _ in range(20)] + [second.next_cl_ord_id() for _ in range(120)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[A-Za-z0-9-]{1,36}", cl_ord_id) for cl_ord_id in ids)


@pytest.mark.parametrize("nonce", ["", "a" * 21, "a_b", "ä", "a b"])
def test_nonce_that_some_venue_refuses_is_a_configuration_error(nonce: str) -> None:
    with pytest.raises(ConfigError, match="nonce"):
        Orders(nonce)


def test_longest_nonce_leaves_room_for_its_counter() -> None:
    orders = Orders("a" * 20)
    orders.restore_cl_ord_id(f"{orders.nonce}-{10**15 - 2}")
    assert len(orders.next_cl_ord_id()) == 36


def test_restored_id_is_not_given_out_again(orders: Orders) -> None:
    for cl_ord_id in ("A1-7", "A1-5", "A1-", "B1-99", "A1-x"):
        orders.restore_cl_ord_id(cl_ord_id)
    assert orders.next_cl_ord_id() == "A1-8"


# Requests


def test_open_counts_at_once(orders: Orders) -> None:
    opened = open_order(orders, side=fix.SELL)
    assert (orders.live(), orders.live_count, orders.opened, orders.by_id("A1-1")) == ([opened], 1, 1, opened)
    assert state(opened) == (Status.PENDING_NEW, 10, 0, 10, "")


@pytest.mark.parametrize("qty", [0, -1])
def test_open_without_quantity_is_refused(orders: Orders, qty: int) -> None:
    with pytest.raises(OrderError, match=r"OrderQty\(38\)"):
        open_order(orders, qty=qty)


def test_cancel_of_an_unacknowledged_order_is_allowed(orders: Orders) -> None:
    opened = open_order(orders)
    orders.request_cancel(opened, 5)
    assert (opened.pending, opened.pending_cl_ord_id, opened.sent_ns) == ("F", "A1-2", 5)
    assert orders.by_id("A1-2") is opened


def test_replace_of_an_unacknowledged_order_is_refused(orders: Orders) -> None:
    with pytest.raises(OrderError, match="working order"):
        orders.request_replace(open_order(orders), 4300, 12, 5)


def test_second_request_in_flight_is_refused(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    assert (order.can_cancel, order.can_replace) == (False, False)
    with pytest.raises(OrderError, match="in flight"):
        orders.request_cancel(order, 6)
    with pytest.raises(OrderError, match="in flight"):
        orders.request_replace(order, 4400, 13, 6)
    assert (order.pending_price, order.pending_qty, order.pending_cl_ord_id) == (4300, 12, "A1-2")


def test_request_of_a_finished_order_is_refused(orders: Orders, order: Order) -> None:
    orders.apply(canceled(order))
    with pytest.raises(OrderError, match="nothing is left"):
        orders.request_cancel(order, 5)
    with pytest.raises(OrderError, match="'A1-1'"):
        orders.request_replace(order, 4300, 12, 5)


def test_replace_to_no_more_than_was_filled_is_refused(orders: Orders, order: Order) -> None:
    orders.apply(fill(order, 4, "E1"))
    with pytest.raises(OrderError, match="cancel it instead"):
        orders.request_replace(order, 4300, 4, 5)
    assert (order.pending, order.pending_qty) == ("", 0)


# Acknowledgement and fills


def test_pending_reports_change_nothing(orders: Orders) -> None:
    opened = open_order(orders)
    change = orders.apply(report("A1-1", Exec.PENDING_NEW, Status.VENUE_PENDING_NEW, order_id="0", exec_id="-1;-1"))
    assert (change.kind, opened.order_id, state(opened)) == (Outcome.NOTHING, "", (Status.PENDING_NEW, 10, 0, 10, ""))


def test_ack_at_another_price_moves_the_order_there(orders: Orders) -> None:
    limit, market = open_order(orders), open_order(orders, ord_type=fix.Type.MARKET)
    orders.apply(ack(limit, price=4100))
    orders.apply(ack(market, price=0))
    assert (limit.price, market.price) == (4100, 4200)


def test_fills_add_up(orders: Orders, order: Order) -> None:
    part = orders.apply(fill(order, 4, "E1", price=4200, is_taker=True))
    assert (part.kind, part.order, part.is_terminal, part.is_taker) == (Outcome.FILLED, order, False, True)
    assert traded(part) == (0, 0, 0, 4, 4200, 7)
    rest = orders.apply(fill(order, 6, "E2", price=4100, fee=ABSENT, is_taker=True))
    assert (rest.kind, rest.is_terminal, traded(rest)) == (Outcome.FILLED, True, (0, 0, 0, 6, 4100, 246))
    assert state(order) == (Status.FILLED, 10, 10, 0, "")
    assert order.cum_cost == 4 * 4200 + 6 * 4100
    assert (orders.live_count, orders.by_id("A1-1")) == (0, order)


def test_fill_of_fix_42_kind_is_a_fill(orders: Orders, order: Order) -> None:
    kinds = [orders.apply(fill(order, 5, exec_id, exec_type=kind)).kind for exec_id, kind in (("E1", "1"), ("E2", "2"))]
    assert (kinds, order.ord_status) == ([Outcome.FILLED] * 2, Status.FILLED)


def test_fill_before_the_ack_stands_and_the_ack_adds_nothing(orders: Orders) -> None:
    opened = open_order(orders)
    assert orders.apply(fill(opened, 4, "E1")).kind == Outcome.FILLED
    late = orders.apply(ack(opened, cum_qty=0, leaves_qty=10, order_id="V7"))
    assert (late.kind, state(opened)) == (Outcome.NOTHING, (Status.PARTIALLY_FILLED, 10, 4, 6, ""))
    assert opened.order_id == "V7"


def test_repeated_exec_id_counts_once(orders: Orders, order: Order) -> None:
    first = fill(order, 4, "E1")
    orders.apply(first)
    again = orders.apply(first)
    assert (again.kind, again.last_qty, state(order)) == (
        Outcome.DUPLICATE, 0, (Status.PARTIALLY_FILLED, 10, 4, 6, ""),
    )  # fmt: skip


def test_exec_id_of_another_order_is_not_a_repeat(orders: Orders, order: Order) -> None:
    other = open_order(orders)
    assert [orders.apply(fill(each, 4, "E1")).kind for each in (order, other)] == [Outcome.FILLED] * 2


def test_change_of_a_fill_does_not_linger(orders: Orders, order: Order) -> None:
    orders.apply(fill(order, 4, "E1"))
    assert traded(orders.apply(canceled(order))) == (0,) * 6


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"last_qty": 11, "cum_qty": 11, "leaves_qty": 0}, "overfill"),
        ({"cum_qty": 3}, "CumQty"),
        ({"cum_qty": 5}, "CumQty"),
        ({"leaves_qty": 5}, "LeavesQty"),
        ({"leaves_qty": 0}, "LeavesQty"),
        ({"last_qty": 0}, "LastQty"),
        ({"last_qty": ABSENT}, "LastQty"),
        ({"last_px": ABSENT}, "LastPx"),
        ({"exec_id": ""}, "ExecID"),
        ({"symbol": SNOW.symbol}, "Symbol"),
        ({"side": fix.SELL}, "Side"),
    ],
)
def test_fill_that_contradicts_is_not_applied_and_puts_the_order_in_doubt(
    orders: Orders, order: Order, fields: dict[str, Any], fault: str
) -> None:
    change = orders.apply(fill(order, 4, "E1", **fields))
    assert (change.kind, change.last_qty, change.is_terminal) == (Outcome.UNKNOWN, 0, False)
    assert fault in change.text
    assert "'A1-1'" in change.text
    assert (state(order), order.executions) == ((Status.UNKNOWN, 10, 0, 10, ""), {})


def test_missed_fill_can_be_brought_in_before_the_one_that_showed_the_gap(orders: Orders, order: Order) -> None:
    shows_gap = fill(order, 4, "E2", cum_qty=7, leaves_qty=3)
    assert orders.apply(shows_gap).kind == Outcome.UNKNOWN
    assert [orders.apply(each).kind for each in (fill(order, 3, "E1"), shows_gap)] == [Outcome.FILLED] * 2
    assert state(order) == (Status.PARTIALLY_FILLED, 10, 7, 3, "")


def test_symbol_and_side_of_the_order_pass(orders: Orders, order: Order) -> None:
    assert orders.apply(fill(order, 4, "E1", symbol=RAIN.symbol, side=fix.BUY)).kind == Outcome.FILLED


@pytest.mark.parametrize(
    ("tif", "ord_type", "ord_status"),
    [
        (fix.Tif.IOC, fix.Type.LIMIT, Status.PARTIALLY_FILLED),
        (fix.Tif.FOK, fix.Type.LIMIT, Status.PARTIALLY_FILLED),
        (fix.Tif.DAY, fix.Type.MARKET, Status.PARTIALLY_FILLED),
        (fix.Tif.GTC, fix.Type.LIMIT, Status.CANCELED),
    ],
)
def test_fill_that_leaves_nothing_ends_an_order_that_cannot_rest(
    orders: Orders, tif: str, ord_type: str, ord_status: str
) -> None:
    opened = open_order(orders, tif=tif, ord_type=ord_type)
    change = orders.apply(fill(opened, 4, "E1", leaves_qty=0, ord_status=ord_status))
    assert (change.kind, change.is_terminal, state(opened)) == (
        Outcome.FILLED, True, (Status.CANCELED, 10, 4, 0, ""),
    )  # fmt: skip


def test_ioc_that_fills_is_filled(orders: Orders) -> None:
    opened = open_order(orders, tif=fix.Tif.IOC)
    orders.apply(fill(opened, 10, "E1"))
    assert opened.ord_status == Status.FILLED


def test_python_writes_into_no_order() -> None:
    order = Order("A1", RAIN, BUY, 4_500, 10)
    names = [name for name in Order.__dict__ if not name.startswith("_") and not callable(getattr(order, name))]
    assert set(names) > RESTORED
    for name in names:
        before = getattr(order, name)
        with pytest.raises(AttributeError):
            setattr(order, name, before)


def test_restored_fields_are_taken_and_others_stay() -> None:
    order = Order("A1", RAIN, BUY, 4_500, 10)
    restore_fields(order, ord_status=Status.NEW, cum_qty=3)
    assert (order.ord_status, order.cum_qty, order.leaves_qty, order.price) == (Status.NEW, 3, 10, 4_500)
    with pytest.raises(KeyError, match="no field of an order: colour"):
        restore_fields(order, colour=1, price=2)
    assert order.price == 4_500
