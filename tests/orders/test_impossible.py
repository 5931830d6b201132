"""Reports that contradict themselves, or say what cannot be: no money is booked by them, and no order lost."""

from typing import Any

import pytest

from engine.fix import Exec, Status
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.table import Outcome
from engine.runtime.notices import NoticeKind
from tests.support.order_reports import ack, cancel_reject, fill, open_order, replaced, report, state, traded

RULE_FEE = 9


@pytest.fixture
def charged() -> tuple[Orders, Order]:
    """An account whose rule charges `RULE_FEE` a fill, and an acknowledged order: buy 10 at 0.42."""
    orders = Orders("A1", lambda order, price, qty, is_taker: RULE_FEE)
    order = open_order(orders)
    orders.apply(ack(order))
    return orders, order


# Fees


@pytest.mark.parametrize("fee", [2**63 - 1, 10**15, -(10**15), 3 * 10_000 + 100_000_001])
def test_o13_fee_that_cannot_be_costs_no_fill_and_is_told(charged: tuple[Orders, Order], fee: int) -> None:
    orders, order = charged
    change = orders.apply(fill(order, 3, "E1", fee=fee))
    assert (change.kind, change.fee, order.cum_qty) == (Outcome.FILLED, RULE_FEE, 3)
    assert change.notice == (
        NoticeKind.REPORT_ROUNDED, f"ClOrdID(11) 'A1-1': tag 137 left out: {fee} for a fill of 3 cannot be",
    )  # fmt: skip
    correct = report("A1-1", Exec.TRADE_CORRECT, "1", exec_id="E2", exec_ref_id="E1", last_qty=3, last_px=4100, fee=fee)
    assert traded(orders.apply(correct)) == (3, 4200, RULE_FEE, 3, 4100, RULE_FEE)


@pytest.mark.parametrize("fee", [0, 7, -7, 3 * 10_000 + 100_000_000, -(3 * 10_000 + 100_000_000)])
def test_o13_any_fee_that_may_be_is_taken(charged: tuple[Orders, Order], fee: int) -> None:
    change = charged[0].apply(fill(charged[1], 3, "E1", fee=fee))
    assert (change.fee, change.notice) == (fee, None)


# Fills and what undoes them


def test_s5_fill_that_fills_an_order_by_its_status_alone_says_that_fills_are_missing(
    orders: Orders, order: Order
) -> None:
    whole = report("A1-1", Exec.TRADE, Status.FILLED, exec_id="E1", last_qty=3, last_px=4200)
    assert (orders.apply(whole).kind, state(order)) == (Outcome.UNKNOWN, (Status.UNKNOWN, 10, 0, 10, ""))


def test_fill_that_fills_what_a_replace_in_flight_leaves_may_say_filled(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4200, 3, 5)
    change = orders.apply(fill(order, 3, "E1", leaves_qty=0, ord_status=Status.FILLED))
    assert change.kind == Outcome.FILLED


@pytest.mark.parametrize("flag", ["poss_dup", "poss_resend"])
@pytest.mark.parametrize("exec_type", [Exec.TRADE, "1", Exec.TRADE_CANCEL, Exec.TRADE_CORRECT])
def test_s5_resent_fill_that_was_never_seen_is_no_duplicate(flag: str, exec_type: str) -> None:
    orders = Orders("A1")
    order = open_order(orders)
    orders.apply(report("A1-1", Exec.REJECTED, Status.REJECTED))
    change = orders.apply(fill(order, 3, "E1", exec_type=exec_type, **{flag: True}))
    assert (change.kind, order.ord_status, orders.live()) == (Outcome.UNKNOWN, Status.UNKNOWN, [order])


@pytest.mark.parametrize(
    ("exec_type", "fields"),
    [
        (Exec.TRADE_CORRECT, {"last_qty": 11, "last_px": 4200, "cum_qty": 11, "leaves_qty": 0}),
        (Exec.TRADE_CORRECT, {"last_qty": 11, "last_px": 4200, "ord_status": Status.FILLED}),
        (Exec.TRADE_CORRECT, {"last_qty": 9, "last_px": 4200, "cum_qty": 9, "leaves_qty": 2}),
        (Exec.TRADE_CANCEL, {"cum_qty": 0, "leaves_qty": 11}),
    ],
)
def test_o13_bust_or_correction_to_more_than_the_order_contradicts(
    orders: Orders, order: Order, exec_type: str, fields: dict[str, Any]
) -> None:
    orders.apply(fill(order, 10, "E1"))
    undoing = report("A1-1", exec_type, exec_id="E2", exec_ref_id="E1")
    for name, value in fields.items():
        setattr(undoing, name, value)
    change = orders.apply(undoing)
    assert (change.kind, traded(change), order.order_qty, order.cum_qty) == (Outcome.UNKNOWN, (0,) * 6, 10, 10)


def bust(exec_id: str, qty: int, price: int, **fields: Any) -> Any:
    return report("A1-1", Exec.TRADE_CANCEL, "1", exec_id=exec_id, last_qty=qty, last_px=price, **fields)


@pytest.mark.parametrize(("qty", "price"), [(3, 4100), (2, 4200), (6, 4200)])
def test_s5_bust_without_reference_of_what_never_traded_contradicts(
    orders: Orders, order: Order, qty: int, price: int
) -> None:
    orders.apply(fill(order, 3, "E1"))
    orders.apply(fill(order, 3, "E2"))
    change = orders.apply(bust("E3", qty, price))
    assert (change.kind, traded(change), order.cum_qty) == (Outcome.UNKNOWN, (0,) * 6, 6)


def test_s5_fill_is_busted_once_with_and_without_reference(orders: Orders, order: Order) -> None:
    orders.apply(fill(order, 3, "E1", fee=5))
    assert traded(orders.apply(bust("E2", 3, 4200))) == (3, 4200, 5, 0, 0, 0)  # at the fee that was paid
    again = [orders.apply(bust(exec_id, 3, 4200, exec_ref_id=ref)).kind for exec_id, ref in (("E3", ""), ("E4", "E1"))]
    assert (again, order.cum_qty, order.executions) == ([Outcome.UNKNOWN] * 2, 0, {"E1": None, "E2": None})


# The end of an order, and its beginning


@pytest.mark.parametrize("exec_type", [Exec.CANCELED, Exec.EXPIRED, Exec.REJECTED])
@pytest.mark.parametrize("ord_status", [Status.NEW, Status.PARTIALLY_FILLED, Status.REPLACED])
def test_order_that_works_by_its_status_is_not_taken_for_over(exec_type: str, ord_status: str) -> None:
    orders = Orders("A1")
    order = open_order(orders)
    change = orders.apply(report("A1-1", exec_type, ord_status, leaves_qty=10))
    assert (change.kind, state(order), orders.live()) == (
        Outcome.UNKNOWN, (Status.UNKNOWN, 10, 0, 10, ""), [order],
    )  # fmt: skip


@pytest.mark.parametrize("ord_status", [Status.CANCELED, Status.PENDING_CANCEL, Status.PENDING_REPLACE, ""])
def test_cancel_under_any_status_that_an_over_order_may_have_is_taken(
    orders: Orders, order: Order, ord_status: str
) -> None:
    assert orders.apply(report("A1-1", Exec.CANCELED, ord_status)).kind == Outcome.CANCELED


def test_acknowledgement_of_a_rejected_order_contradicts() -> None:
    orders = Orders("A1")
    order = open_order(orders)
    change = orders.apply(report("A1-1", Exec.NEW, Status.REJECTED))
    assert (change.kind, order.ord_status) == (Outcome.UNKNOWN, Status.UNKNOWN)


# Replaces


@pytest.mark.parametrize(
    "fields", [{"price": 4400}, {"order_qty": 16, "leaves_qty": 16}], ids=["worse price", "larger quantity"]
)
def test_s12_answer_to_our_replace_with_more_than_was_asked_for_contradicts(
    orders: Orders, order: Order, fields: dict[str, int]
) -> None:
    orders.request_replace(order, 4300, 15, 5)
    change = orders.apply(replaced(order, **fields))
    assert (change.kind, order.price, order.order_qty, order.worst_leaves_qty) == (Outcome.UNKNOWN, 4200, 10, 15)


@pytest.mark.parametrize("fields", [{"price": 4100}, {"order_qty": 12, "leaves_qty": 12}])
def test_s12_answer_to_our_replace_with_less_than_was_asked_for_is_taken(
    orders: Orders, order: Order, fields: dict[str, int]
) -> None:
    orders.request_replace(order, 4300, 15, 5)
    assert orders.apply(replaced(order, **fields)).kind == Outcome.REPLACED


@pytest.mark.parametrize("exec_type", [Exec.RESTATED, Exec.REPLACED, Exec.ORDER_STATUS])
@pytest.mark.parametrize("qty", [0, -5, 2**48, 2**62])
def test_s12_quantity_that_no_order_can_have_is_not_taken(
    orders: Orders, order: Order, exec_type: str, qty: int
) -> None:
    orders.doubt(order)
    change = orders.apply(report("A1-1", exec_type, "0", order_qty=qty, leaves_qty=qty, cum_qty=0, price=4200))
    assert (change.kind, order.order_qty) == (Outcome.UNKNOWN, 10)


def test_replace_that_is_refused_after_its_quantity_has_filled_contradicts(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4200, 15, 5)
    orders.apply(fill(order, 11, "E1", leaves_qty=4))
    change = orders.apply(cancel_reject(order, Status.PARTIALLY_FILLED, "2"))
    assert (change.kind, order.ord_status, order.cum_qty) == (Outcome.UNKNOWN, Status.UNKNOWN, 11)


def test_replace_that_is_refused_after_the_old_quantity_has_filled_is_refused(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4200, 15, 5)
    orders.apply(fill(order, 10, "E1", leaves_qty=5))
    assert orders.apply(cancel_reject(order, Status.FILLED, "2")).kind == Outcome.CANCEL_REJECTED


@pytest.mark.parametrize(("response_to", "pending"), [("1", "G"), ("2", ""), ("", "")])
def test_refused_cancel_of_somebody_else_leaves_our_replace_in_flight(
    orders: Orders, order: Order, response_to: str, pending: str
) -> None:
    orders.request_replace(order, 4200, 15, 5)
    orders.apply(cancel_reject(order, Status.NEW, response_to, cl_ord_id="DESK-1"))
    assert (order.pending, order.worst_leaves_qty) == (pending, 15 if pending else 10)
