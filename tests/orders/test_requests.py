"""Cancels and replaces, and what races them; letters are those of the FIX order state change matrices."""

import pytest

from engine.fix import Exec, Status
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.table import Outcome
from tests.support.order_reports import cancel_reject, canceled, fill, replaced, report, state, traded

# B: cancel


def test_fill_after_cancel_request_keeps_leaves_qty(orders: Orders, order: Order) -> None:  # B.1.b
    orders.request_cancel(order, 5)
    orders.apply(report("A1-2", Exec.PENDING_CANCEL, Status.PENDING_CANCEL, orig_cl_ord_id="A1-1"))
    change = orders.apply(fill(order, 4, "E1", ord_status=Status.PENDING_CANCEL))
    assert (change.kind, state(order)) == (Outcome.FILLED, (Status.PARTIALLY_FILLED, 10, 4, 6, "F"))
    change = orders.apply(canceled(order))
    assert (change.kind, change.is_terminal, state(order)) == (
        Outcome.CANCELED, True, (Status.CANCELED, 10, 4, 0, ""),
    )  # fmt: skip


def test_cancel_that_comes_too_late_is_refused_after_the_fill(orders: Orders, order: Order) -> None:  # B.1.c
    orders.request_cancel(order, 5)
    assert orders.apply(fill(order, 10, "E1")).is_terminal
    assert (order.pending, orders.live_count) == ("", 0)
    change = orders.apply(report("A1-2", "", Status.FILLED, msg_type="9", reason=0, text="too late"))
    assert (change.kind, change.reason, change.text, state(order)) == (
        Outcome.CANCEL_REJECTED, 0, "too late", (Status.FILLED, 10, 10, 0, ""),
    )  # fmt: skip


def test_refused_cancel_leaves_the_order_as_it_was(orders: Orders, order: Order) -> None:
    orders.request_cancel(order, 5)
    change = orders.apply(cancel_reject(order, Status.NEW, reason=2))
    assert (change.kind, change.reason, state(order)) == (
        Outcome.CANCEL_REJECTED, 2, (Status.NEW, 10, 0, 10, ""),
    )  # fmt: skip
    orders.request_cancel(order, 6)


def test_refusal_that_names_only_the_order_answers_the_cancel(orders: Orders, order: Order) -> None:
    for ids in ({"cl_ord_id": "A1-1"}, {"cl_ord_id": "V9", "orig_cl_ord_id": "A1-1"}):
        orders.request_cancel(order, 5)
        assert orders.apply(cancel_reject(order, Status.NEW, **ids)).kind == Outcome.CANCEL_REJECTED
        assert state(order) == (Status.NEW, 10, 0, 10, "")


@pytest.mark.parametrize("ord_status", [Status.REJECTED, Status.CANCELED, Status.FILLED, ""])
def test_cancel_refused_for_an_order_that_is_gone_puts_it_in_doubt(
    orders: Orders, order: Order, ord_status: str
) -> None:
    orders.request_cancel(order, 5)
    change = orders.apply(cancel_reject(order, ord_status, reason=1))
    assert (change.kind, change.is_terminal, state(order)) == (
        Outcome.CANCEL_REJECTED, False, (Status.UNKNOWN, 10, 0, 10, ""),
    )  # fmt: skip
    assert orders.apply(fill(order, 10, "E1")).is_terminal  # the fill that was on its way


def test_unsolicited_cancel_is_a_cancel(orders: Orders, order: Order) -> None:
    change = orders.apply(report("A1-1", Exec.CANCELED, Status.CANCELED))
    assert (change.kind, change.is_terminal, orders.live()) == (Outcome.CANCELED, True, [])


@pytest.mark.parametrize(
    "ids",
    [{"orig_cl_ord_id": "A1-1"}, {"order_id": "V1"}, {"orig_cl_ord_id": "other", "order_id": "V1"}],
)
def test_unsolicited_cancel_under_an_id_of_the_venue_finds_its_order(
    orders: Orders, order: Order, ids: dict[str, object]
) -> None:
    change = orders.apply(report("venue-made", Exec.CANCELED, Status.CANCELED, **ids))
    assert (change.kind, change.order) == (Outcome.CANCELED, order)


def test_unsolicited_cancel_answers_the_replace_in_flight(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    assert orders.apply(report("A1-1", Exec.CANCELED, Status.CANCELED)).is_terminal
    assert (state(order), order.pending_qty) == ((Status.CANCELED, 10, 0, 0, ""), 0)


def test_cancel_that_tells_of_a_fill_we_never_saw_halts(orders: Orders, order: Order) -> None:
    change = orders.apply(canceled(order, cum_qty=4))
    assert (change.kind, state(order)) == (Outcome.UNKNOWN, (Status.UNKNOWN, 10, 0, 10, ""))
    assert "fills are missing" in change.text


def test_fill_after_the_cancel_counts_and_the_order_stays_over(orders: Orders, order: Order) -> None:  # J.1.b
    orders.apply(canceled(order))
    change = orders.apply(fill(order, 4, "E1", ord_status=Status.CANCELED, leaves_qty=0))
    assert (change.kind, change.is_terminal, traded(change)) == (Outcome.FILLED, True, (0, 0, 0, 4, 4200, 7))
    assert (state(order), orders.live()) == ((Status.CANCELED, 10, 4, 0, ""), [])


def test_order_rejected_by_its_cancel_id_is_the_refusal_of_the_cancel(orders: Orders, order: Order) -> None:
    orders.request_cancel(order, 5)
    change = orders.apply(report("A1-2", Exec.REJECTED, Status.REJECTED, orig_cl_ord_id="A1-1"))
    assert (change.kind, state(order)) == (Outcome.CANCEL_REJECTED, (Status.NEW, 10, 0, 10, ""))


# C, D, E: replace


def test_accepted_replace_gives_its_terms_to_the_order(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    assert (order.price, order.order_qty, order.worst_leaves_qty) == (4200, 10, 12)
    change = orders.apply(replaced(order))
    assert (change.kind, change.is_terminal) == (Outcome.REPLACED, False)
    assert (order.cl_ord_id, order.price, state(order)) == ("A1-2", 4300, (Status.NEW, 12, 0, 12, ""))
    assert (order.pending_qty, order.pending_price, order.worst_leaves_qty) == (0, 0, 12)


def test_replace_accepted_without_terms_takes_those_we_asked_for(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    orders.apply(report("A1-2", Exec.REPLACED, Status.NEW))
    assert (order.price, state(order)) == (4300, (Status.NEW, 12, 0, 12, ""))


def test_fill_racing_a_replace_counts_under_either_id(orders: Orders, order: Order) -> None:  # C.1.b
    orders.request_replace(order, 4300, 12, 5)
    orders.apply(fill(order, 1, "E1", cl_ord_id="A1-1"))
    assert state(order) == (Status.PARTIALLY_FILLED, 10, 1, 9, "G")
    orders.apply(replaced(order))
    assert state(order) == (Status.PARTIALLY_FILLED, 12, 1, 11, "")
    orders.apply(fill(order, 1, "E2", cl_ord_id="A1-1"))
    orders.apply(fill(order, 1, "E3", cl_ord_id="A1-2"))
    assert state(order) == (Status.PARTIALLY_FILLED, 12, 3, 9, "")


def test_filled_order_comes_back_when_its_larger_replace_is_accepted(orders: Orders, order: Order) -> None:  # C.1.c
    orders.request_replace(order, 4300, 12, 5)
    change = orders.apply(fill(order, 10, "E1"))
    assert (change.is_terminal, state(order), orders.live()) == (False, (Status.FILLED, 10, 10, 0, "G"), [order])
    assert (order.worst_leaves_qty, order.can_cancel) == (2, False)
    orders.apply(replaced(order))
    assert state(order) == (Status.PARTIALLY_FILLED, 12, 10, 2, "")


def test_filled_order_is_over_when_its_replace_is_refused(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    orders.apply(fill(order, 10, "E1"))
    change = orders.apply(cancel_reject(order, Status.FILLED, "2", reason=0))
    assert (change.kind, change.is_terminal, orders.live()) == (Outcome.CANCEL_REJECTED, True, [])
    assert (state(order), order.pending_qty) == ((Status.FILLED, 10, 10, 0, ""), 0)


def test_fill_that_overtakes_the_answer_to_its_replace_counts(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    change = orders.apply(fill(order, 11, "E1", cl_ord_id="A1-2", leaves_qty=1))
    assert (change.kind, change.is_terminal) == (Outcome.FILLED, False)
    orders.apply(fill(order, 1, "E2", cl_ord_id="A1-2", leaves_qty=0))
    orders.apply(replaced(order))
    assert (state(order), orders.live()) == ((Status.FILLED, 12, 12, 0, ""), [])


def test_one_fill_of_all_that_a_replace_asks_for_may_overtake_its_answer(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    change = orders.apply(fill(order, 12, "E1", cl_ord_id="A1-2", leaves_qty=0))
    assert (change.kind, change.last_qty, order.cum_qty) == (Outcome.FILLED, 12, 12)


def test_replace_to_what_had_filled_meanwhile_fills_the_order(orders: Orders, order: Order) -> None:  # C.3.b
    orders.request_replace(order, 4200, 7, 5)
    orders.apply(fill(order, 7, "E1"))
    change = orders.apply(replaced(order))
    assert (change.kind, change.is_terminal, state(order)) == (Outcome.REPLACED, True, (Status.FILLED, 7, 7, 0, ""))


def test_replace_to_less_than_had_filled_meanwhile_is_cut_to_the_fills(orders: Orders, order: Order) -> None:  # C.3.c
    orders.request_replace(order, 4200, 7, 5)
    orders.apply(fill(order, 8, "E1"))
    change = orders.apply(replaced(order, leaves_qty=0, order_qty=8))
    assert (change.kind, change.is_terminal, state(order)) == (Outcome.REPLACED, True, (Status.FILLED, 8, 8, 0, ""))


def test_replace_after_replace_keeps_every_id_of_the_chain(orders: Orders, order: Order) -> None:  # D.1.a
    for qty in (12, 14, 11):
        orders.request_replace(order, 4200 + qty, qty, 5)
        assert orders.apply(replaced(order)).kind == Outcome.REPLACED
    assert (order.cl_ord_id, order.price, state(order)) == ("A1-4", 4211, (Status.NEW, 11, 0, 11, ""))
    kinds = [
        orders.apply(fill(order, 1, cl_ord_id, cl_ord_id=cl_ord_id)).kind for cl_ord_id in ("A1-1", "A1-3", "A1-4")
    ]
    assert (kinds, state(order)) == ([Outcome.FILLED] * 3, (Status.PARTIALLY_FILLED, 11, 3, 8, ""))
    orders.request_cancel(order, 6)
    assert orders.apply(canceled(order, cl_ord_id="A1-2")).is_terminal


def test_refused_replace_keeps_the_old_terms_and_the_next_may_be_accepted(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)  # D.1.b
    change = orders.apply(cancel_reject(order, Status.NEW, "2", reason=99, text="INVALID_PRICE"))
    assert (change.kind, change.text, order.price) == (Outcome.CANCEL_REJECTED, "INVALID_PRICE", 4200)
    assert (state(order), order.pending_qty) == ((Status.NEW, 10, 0, 10, ""), 0)
    orders.request_replace(order, 4400, 13, 6)
    orders.apply(replaced(order))
    assert (order.cl_ord_id, order.price) == ("A1-3", 4400)


def test_repeated_replace_report_does_not_answer_the_next_replace(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    first = replaced(order, exec_id="E1")
    orders.apply(first)
    orders.request_replace(order, 4400, 13, 6)
    assert orders.apply(first).kind == Outcome.DUPLICATE
    assert (order.pending, order.price) == ("G", 4300)


def test_venue_that_repeats_its_exec_ids_can_accept_replaces(orders: Orders, order: Order) -> None:
    for qty in (12, 14):
        orders.request_replace(order, 4300, qty, 5)
        assert orders.apply(replaced(order, exec_id="0")).kind == Outcome.REPLACED


def test_restatement_changes_the_terms_and_no_request(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    change = orders.apply(report("A1-1", Exec.RESTATED, Status.NEW, order_qty=8, leaves_qty=8, price=4100))
    assert (change.kind, order.price, state(order)) == (Outcome.REPLACED, 4100, (Status.NEW, 8, 0, 8, "G"))
    assert (order.pending_price, order.pending_qty, order.cl_ord_id) == (4300, 12, "A1-1")
