"""Orders in doubt and status answers; letters are those of the FIX order state change matrices."""

from typing import Any

import pytest

from engine.fix import Exec, Status
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.table import Outcome
from tests.support.order_reports import ack, cancel_reject, canceled, fill, open_order, replaced, report, state

# Doubt


def test_disconnect_puts_unanswered_requests_in_doubt_and_nothing_else(orders: Orders) -> None:
    unanswered, working, cancelling, replacing = (open_order(orders) for _ in range(4))
    for each in (working, cancelling, replacing):
        orders.apply(ack(each))
    orders.request_cancel(cancelling, 5)
    orders.request_replace(replacing, 4300, 12, 5)
    assert orders.on_disconnect() == [unanswered, cancelling, replacing]
    assert [each.ord_status for each in orders.live()] == ["u", "0", "u", "u"]
    assert [each.worst_leaves_qty for each in orders.live()] == [10, 10, 10, 12]
    assert orders.on_disconnect() == []


def test_order_whose_outcome_the_venue_does_not_know_is_in_doubt(orders: Orders) -> None:
    opened = open_order(orders)
    change = orders.apply(report("A1-1", Exec.REJECTED, Status.UNKNOWN, reason=99, text="EXCHANGE_UNAVAILABLE"))
    assert (change.kind, change.is_terminal, state(opened)) == (
        Outcome.IN_DOUBT, False, (Status.UNKNOWN, 10, 0, 10, ""),
    )  # fmt: skip
    assert orders.apply(fill(opened, 4, "E1")).kind == Outcome.FILLED
    assert opened.ord_status == Status.PARTIALLY_FILLED


def test_unknown_order_can_be_cancelled_again(orders: Orders, order: Order) -> None:
    orders.request_cancel(order, 5)
    orders.on_disconnect()
    assert (order.can_cancel, order.can_replace) == (True, False)
    orders.request_cancel(order, 6)
    assert (order.pending_cl_ord_id, order.can_cancel) == ("A1-3", False)
    late = orders.apply(report("A1-2", "", Status.NEW, msg_type="9", cxl_rej_response_to="1"))  # of the lost one
    assert (late.kind, order.ord_status, order.pending_cl_ord_id) == (Outcome.CANCEL_REJECTED, "u", "A1-3")
    assert orders.apply(canceled(order)).is_terminal


def test_fill_does_not_settle_the_doubt_about_a_cancel(orders: Orders, order: Order) -> None:
    orders.request_cancel(order, 5)
    orders.on_disconnect()
    orders.apply(fill(order, 4, "E1"))
    assert state(order) == (Status.UNKNOWN, 10, 4, 6, "F")
    orders.apply(fill(order, 6, "E2"))
    assert (state(order), orders.live()) == ((Status.FILLED, 10, 10, 0, ""), [])


def test_replace_lost_and_cancelled_counts_at_its_worst_until_answered(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    orders.on_disconnect()
    orders.request_cancel(order, 6)
    assert (order.pending, order.worst_leaves_qty) == ("F", 12)
    assert orders.apply(report("A1-2", Exec.REPLACED, Status.NEW, price=4300, order_qty=12)).kind == Outcome.REPLACED
    assert (order.cl_ord_id, order.price, state(order)) == ("A1-2", 4300, (Status.UNKNOWN, 12, 0, 12, "F"))
    orders.apply(cancel_reject(order, Status.NEW))
    assert state(order) == (Status.NEW, 12, 0, 12, "")


def test_refused_cancel_does_not_settle_a_replace_lost_before_it(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    orders.on_disconnect()
    orders.request_cancel(order, 6)
    orders.apply(cancel_reject(order, Status.NEW))
    assert (state(order), order.worst_leaves_qty) == ((Status.UNKNOWN, 10, 0, 10, ""), 12)


@pytest.mark.parametrize(
    ("qty", "after"), [(10, (Status.FILLED, 10, 10, 0, "")), (12, (Status.PARTIALLY_FILLED, 12, 10, 2, ""))]
)
def test_order_filled_while_its_replace_was_lost_is_in_doubt_until_the_venue_says(
    orders: Orders, order: Order, qty: int, after: tuple[str, int, int, int, str]
) -> None:
    orders.request_replace(order, 4300, 12, 5)
    orders.on_disconnect()
    assert orders.apply(fill(order, 10, "E1", poss_dup=True)).kind == Outcome.FILLED
    assert (state(order), order.worst_leaves_qty) == ((Status.UNKNOWN, 10, 10, 0, "G"), 2)
    price = 4300 if qty == 12 else 4200
    answer = report("A1-1", Exec.ORDER_STATUS, after[0], price=price, order_qty=qty, cum_qty=10, leaves_qty=qty - 10)
    assert orders.apply(answer).kind == Outcome.ACCEPTED
    assert (state(order), order in orders.live()) == (after, qty == 12)


def test_order_filled_while_its_replace_was_lost_is_settled_by_the_refusal_of_a_cancel(
    orders: Orders, order: Order
) -> None:
    orders.request_replace(order, 4300, 12, 5)
    orders.on_disconnect()
    orders.apply(fill(order, 10, "E1", poss_dup=True))
    orders.request_cancel(order, 6)
    assert orders.apply(cancel_reject(order, Status.FILLED)).is_terminal
    assert (state(order), orders.live()) == ((Status.FILLED, 10, 10, 0, ""), [])


@pytest.mark.parametrize("cum_qty", [0, 4], ids=["as it was", "as it is"])
def test_late_ack_of_a_filled_order_in_doubt_contradicts_nothing(orders: Orders, cum_qty: int) -> None:
    opened = open_order(orders)
    orders.request_cancel(opened, 5)
    orders.on_disconnect()
    orders.apply(fill(opened, 4, "E1"))
    assert orders.apply(ack(opened, cum_qty=cum_qty, leaves_qty=10 - cum_qty)).kind == Outcome.ACCEPTED
    assert state(opened) == (Status.UNKNOWN, 10, 4, 6, "F")


def test_order_in_doubt_after_a_contradiction_can_be_cancelled(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    assert orders.apply(fill(order, 4, "E1", cum_qty=5)).kind == Outcome.UNKNOWN
    orders.request_cancel(order, 6)
    assert (order.pending, order.worst_leaves_qty) == ("F", 12)


def test_replace_lost_then_refused_late_no_longer_counts(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    orders.on_disconnect()
    orders.request_cancel(order, 6)
    orders.apply(report("A1-2", "", Status.NEW, msg_type="9", cxl_rej_response_to="2"))
    assert (order.pending_cl_ord_id, order.worst_leaves_qty, order.ord_status) == ("A1-3", 10, "u")


def test_late_answers_after_a_reconnect_settle_the_doubt(orders: Orders, order: Order) -> None:
    unanswered = open_order(orders)
    orders.request_replace(order, 4300, 12, 5)
    orders.on_disconnect()
    orders.apply(replaced(order, poss_dup=True))
    orders.apply(ack(unanswered, poss_dup=True))
    assert [each.ord_status for each in (order, unanswered)] == ["0", "0"]


# G: status answers


@pytest.mark.parametrize(
    ("ord_status", "kind", "after"),
    [
        (Status.NEW, Outcome.ACCEPTED, (Status.NEW, 10, 0, 10, "")),
        (Status.REPLACED, Outcome.ACCEPTED, (Status.NEW, 10, 0, 10, "")),
        (Status.CANCELED, Outcome.CANCELED, (Status.CANCELED, 10, 0, 0, "")),
        (Status.EXPIRED, Outcome.EXPIRED, (Status.EXPIRED, 10, 0, 0, "")),
        (Status.REJECTED, Outcome.REJECTED, (Status.REJECTED, 10, 0, 0, "")),
        (Status.PENDING_CANCEL, Outcome.NOTHING, (Status.UNKNOWN, 10, 0, 10, "F")),
        (Status.FILLED, Outcome.UNKNOWN, (Status.UNKNOWN, 10, 0, 10, "F")),  # with no fill to show for it
        ("?", Outcome.UNKNOWN, (Status.UNKNOWN, 10, 0, 10, "F")),
    ],
)
def test_status_answer_settles_an_unknown_order(
    orders: Orders, order: Order, ord_status: str, kind: int, after: tuple[str, int, int, int, str]
) -> None:
    orders.request_cancel(order, 5)
    orders.on_disconnect()
    change = orders.apply(report("A1-1", Exec.ORDER_STATUS, ord_status, exec_id="0", cum_qty=0))
    assert (change.kind, state(order)) == (kind, after)


@pytest.mark.parametrize(
    ("price", "qty", "cl_ord_id"), [(4300, 12, "A1-2"), (4200, 10, "A1-1")], ids=["accepted", "not accepted"]
)
def test_status_answer_tells_whether_a_lost_replace_took_effect(
    orders: Orders, order: Order, price: int, qty: int, cl_ord_id: str
) -> None:
    orders.request_replace(order, 4300, 12, 5)
    orders.on_disconnect()
    status = report("A1-1", Exec.ORDER_STATUS, Status.NEW, price=price, order_qty=qty, leaves_qty=qty, cum_qty=0)
    assert orders.apply(status).kind == Outcome.ACCEPTED
    assert (order.cl_ord_id, order.price, state(order)) == (cl_ord_id, price, (Status.NEW, qty, 0, qty, ""))
    assert order.pending_qty == 0


def test_status_answer_that_cannot_tell_about_a_lost_replace_halts(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    orders.on_disconnect()
    change = orders.apply(report("A1-1", Exec.ORDER_STATUS, Status.NEW))
    assert (change.kind, order.worst_leaves_qty) == (Outcome.UNKNOWN, 12)
    assert "whether the replace took effect" in change.text


def test_status_answer_with_unseen_fills_halts_until_they_are_brought_in(orders: Orders, order: Order) -> None:
    orders.request_cancel(order, 5)
    orders.on_disconnect()
    status = report("A1-1", Exec.ORDER_STATUS, Status.PARTIALLY_FILLED, cum_qty=4, leaves_qty=6)
    assert orders.apply(status).kind == Outcome.UNKNOWN
    orders.apply(fill(order, 4, "E1"))
    assert orders.apply(status).kind == Outcome.ACCEPTED
    assert state(order) == (Status.PARTIALLY_FILLED, 10, 4, 6, "")


def test_status_answer_to_a_new_order_acknowledges_it_and_keeps_its_cancel(orders: Orders) -> None:
    opened = open_order(orders)
    orders.request_cancel(opened, 5)
    change = orders.apply(report("A1-1", Exec.ORDER_STATUS, Status.NEW, order_id="V1"))
    assert (change.kind, opened.order_id, state(opened)) == (Outcome.ACCEPTED, "V1", (Status.NEW, 10, 0, 10, "F"))


def test_status_answer_that_agrees_changes_nothing(orders: Orders, order: Order) -> None:
    change = orders.apply(report("A1-1", Exec.ORDER_STATUS, Status.NEW, cum_qty=0, leaves_qty=10))
    assert (change.kind, state(order)) == (Outcome.NOTHING, (Status.NEW, 10, 0, 10, ""))


def test_status_answer_while_a_replace_is_in_flight_may_show_its_terms(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    change = orders.apply(report("A1-1", Exec.ORDER_STATUS, Status.NEW, cum_qty=0, leaves_qty=12))
    assert (change.kind, state(order)) == (Outcome.NOTHING, (Status.NEW, 10, 0, 10, "G"))


@pytest.mark.parametrize("fields", [{"cum_qty": 4}, {"leaves_qty": 9}])
def test_status_answer_that_contradicts_halts(orders: Orders, order: Order, fields: dict[str, Any]) -> None:
    assert orders.apply(report("A1-1", Exec.ORDER_STATUS, Status.NEW, **fields)).kind == Outcome.UNKNOWN
