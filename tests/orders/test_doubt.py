"""Orders in doubt, status answers, busts, corrects and repeats; letters are those of the FIX order state matrices."""

from typing import Any

import pytest

from engine.fix import Exec, Status
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.table import Outcome
from tests.support.order_reports import ack, cancel_reject, canceled, fill, open_order, replaced, report, state, traded


@pytest.fixture
def orders() -> Orders:
    return Orders("A1")


@pytest.fixture
def order(orders: Orders) -> Order:
    """An acknowledged order: buy 10 at 0.42."""
    opened = open_order(orders)
    orders.apply(ack(opened, order_id="V1"))
    return opened


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


# J: busts and corrects


def test_busts_and_corrects_of_a_filled_order(orders: Orders, order: Order) -> None:  # J.1.a
    def cut(exec_type: str, exec_id: str, exec_ref_id: str, **fields: Any) -> tuple[object, ...]:
        change = orders.apply(report("A1-1", exec_type, exec_id=exec_id, exec_ref_id=exec_ref_id, **fields))
        return change.kind, traded(change), state(order), order.cum_cost

    orders.apply(fill(order, 1, "C", price=100))
    orders.apply(fill(order, 9, "D", price=110))
    assert orders.live() == []
    assert cut(Exec.TRADE_CANCEL, "E", "C", cum_qty=9, leaves_qty=1, last_qty=0) == (
        Outcome.BUSTED, (1, 100, 7, 0, 0, 0), (Status.PARTIALLY_FILLED, 10, 9, 1, ""), 990,
    )  # fmt: skip
    assert orders.live() == [order]
    assert cut(Exec.TRADE_CORRECT, "F", "D", cum_qty=9, leaves_qty=1, last_qty=9, last_px=100, fee=5) == (
        Outcome.CORRECTED, (9, 110, 7, 9, 100, 5), (Status.PARTIALLY_FILLED, 10, 9, 1, ""), 900,
    )  # fmt: skip
    orders.apply(fill(order, 1, "G", price=120))
    assert cut(Exec.TRADE_CORRECT, "H", "F", cum_qty=10, leaves_qty=0, last_qty=9, last_px=120, ord_status="2") == (
        Outcome.CORRECTED, (9, 100, 5, 9, 120, 0), (Status.FILLED, 10, 10, 0, ""), 1200,
    )  # fmt: skip
    assert orders.live() == []


def test_bust_of_a_cancelled_order_leaves_it_cancelled(orders: Orders, order: Order) -> None:  # J.1.b
    orders.apply(fill(order, 5, "B"))
    orders.apply(canceled(order))
    bust = report("A1-1", Exec.TRADE_CANCEL, Status.CANCELED, exec_id="E", exec_ref_id="B", cum_qty=0, leaves_qty=0)
    change = orders.apply(bust)
    assert (change.kind, change.is_terminal, traded(change)) == (Outcome.BUSTED, True, (5, 4200, 7, 0, 0, 0))
    assert state(order) == (Status.CANCELED, 10, 0, 0, "")
    assert orders.apply(bust).kind == Outcome.DUPLICATE
    assert orders.apply(fill(order, 4, "F", leaves_qty=0)).kind == Outcome.FILLED


def test_bust_that_gives_nothing_back_to_a_filled_order_leaves_it_over(orders: Orders, order: Order) -> None:
    orders.apply(fill(order, 10, "B"))
    bust = report("A1-1", Exec.TRADE_CANCEL, Status.FILLED, exec_id="E", exec_ref_id="B", cum_qty=0, leaves_qty=0)
    assert (orders.apply(bust).kind, state(order), orders.live()) == (
        Outcome.BUSTED, (Status.CANCELED, 10, 0, 0, ""), [],
    )  # fmt: skip


def test_bust_of_a_filled_order_leaves_its_replace_in_flight(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    orders.apply(fill(order, 10, "B"))
    orders.apply(report("A1-1", Exec.TRADE_CANCEL, Status.FILLED, exec_id="E", exec_ref_id="B", leaves_qty=0))
    assert (state(order), orders.live()) == ((Status.FILLED, 10, 0, 0, "G"), [order])
    orders.apply(replaced(order))
    assert state(order) == (Status.NEW, 12, 0, 12, "")


def test_correct_of_a_filled_order_to_less_leaves_it_over(orders: Orders, order: Order) -> None:
    orders.apply(fill(order, 10, "B"))
    correct = report("A1-1", Exec.TRADE_CORRECT, Status.FILLED, exec_id="E", exec_ref_id="B", last_qty=8, last_px=4100)
    change = orders.apply(correct)
    assert (change.kind, change.is_terminal, traded(change)) == (Outcome.CORRECTED, True, (10, 4200, 7, 8, 4100, 0))
    assert (state(order), order.cum_cost) == ((Status.CANCELED, 10, 8, 0, ""), 32_800)


def test_bust_of_a_working_order_that_does_not_trade_again_lowers_its_quantity(orders: Orders, order: Order) -> None:
    orders.apply(fill(order, 4, "B"))
    bust = report("A1-1", Exec.TRADE_CANCEL, Status.NEW, exec_id="E", exec_ref_id="B", cum_qty=0, leaves_qty=6)
    assert (orders.apply(bust).kind, state(order)) == (Outcome.BUSTED, (Status.NEW, 6, 0, 6, ""))


def test_bust_without_reference_needs_the_fill_in_the_report(orders: Orders, order: Order) -> None:
    orders.apply(fill(order, 4, "B", price=4100))
    bare = report("A1-1", Exec.TRADE_CANCEL, Status.NEW, exec_id="E")
    assert orders.apply(bare).kind == Outcome.UNKNOWN
    whole = report("A1-1", Exec.TRADE_CANCEL, Status.NEW, exec_id="E", last_qty=4, last_px=4100, fee=7)
    change = orders.apply(whole)
    assert (change.kind, traded(change), order.cum_qty) == (Outcome.BUSTED, (4, 4100, 7, 0, 0, 0), 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"exec_ref_id": "never"},
        {"exec_ref_id": "B", "cum_qty": 1},
        {"exec_ref_id": "B", "exec_id": ""},
        {"exec_type": Exec.TRADE_CORRECT, "last_qty": 3, "last_px": 4000},
        {"exec_type": Exec.TRADE_CORRECT, "exec_ref_id": "B", "last_qty": 3},
        {"exec_type": Exec.TRADE_CORRECT, "exec_ref_id": "B", "last_qty": 11, "last_px": 4000},
        {"exec_ref_id": "B", "leaves_qty": 0, "ord_status": Status.NEW},
    ],
)
def test_bust_or_correct_that_does_not_fit_is_not_applied(orders: Orders, order: Order, fields: dict[str, Any]) -> None:
    orders.apply(fill(order, 4, "B"))
    change = orders.apply(report("A1-1", **{"exec_type": "H", "ord_status": Status.NEW, "exec_id": "E", **fields}))
    assert (change.kind, traded(change), order.cum_qty, order.cum_cost) == (Outcome.UNKNOWN, (0,) * 6, 4, 16_800)
    assert list(order.executions) == ["B"]


def test_fill_is_busted_once(orders: Orders, order: Order) -> None:
    orders.apply(fill(order, 4, "B"))
    orders.apply(fill(order, 4, "C"))
    bust = report("A1-1", Exec.TRADE_CANCEL, Status.PARTIALLY_FILLED, exec_id="E", exec_ref_id="B")
    kinds = [orders.apply(bust).kind]
    bust.exec_id = "F"
    kinds.append(orders.apply(bust).kind)
    assert (kinds, order.cum_qty) == ([Outcome.BUSTED, Outcome.UNKNOWN], 4)


# Repeats


@pytest.mark.parametrize("flag", ["poss_dup", "poss_resend"])
def test_possible_repeat_that_cannot_follow_is_a_duplicate(orders: Orders, order: Order, flag: str) -> None:
    orders.apply(canceled(order))
    assert orders.apply(ack(order, **{flag: True})).kind == Outcome.DUPLICATE
    assert order.ord_status == Status.CANCELED
    assert orders.apply(ack(order)).kind == Outcome.UNKNOWN
    assert (order.ord_status, order.leaves_qty, orders.live()) == (Status.UNKNOWN, 10, [order])


def test_possible_repeat_that_is_new_counts(orders: Orders, order: Order) -> None:
    assert orders.apply(fill(order, 4, "E1", poss_resend=True)).kind == Outcome.FILLED
    assert orders.apply(canceled(order, poss_dup=True)).kind == Outcome.CANCELED


def test_message_type_that_says_nothing_about_orders_halts(orders: Orders, order: Order) -> None:
    assert orders.apply(report("A1-1", "", msg_type="B")).kind == Outcome.UNKNOWN
