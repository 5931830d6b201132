"""Busts, corrects and repeats; letters are those of the FIX order state matrices."""

from typing import Any

import pytest

from engine.fix import Exec, Status
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.table import Outcome
from tests.support.order_reports import ack, canceled, fill, replaced, report, state, traded

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


@pytest.mark.parametrize(("last_px", "kind"), [(4100, Outcome.CORRECTED), (4300, Outcome.UNKNOWN)])
def test_fill_from_before_a_replace_is_corrected_to_what_it_may_have_traded_at(
    orders: Orders, order: Order, last_px: int, kind: int
) -> None:
    orders.apply(fill(order, 4, "B", price=4200))
    orders.request_replace(order, 4000, 10, 5)
    orders.apply(replaced(order))
    correct = report(
        "A1-2", Exec.TRADE_CORRECT, Status.PARTIALLY_FILLED, exec_id="E", exec_ref_id="B", cum_qty=4, leaves_qty=6,
        last_qty=4, last_px=last_px,
    )  # fmt: skip
    assert orders.apply(correct).kind == kind
    assert order.cum_cost == 4 * (last_px if kind == Outcome.CORRECTED else 4200)


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
