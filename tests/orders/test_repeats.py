"""An ExecID(17) that comes again: the same report, or another execution under its name."""

from typing import Any

import pytest

from engine.fix import Exec, Status
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.repeats import MOST_EXECUTIONS
from engine.orders.table import Outcome
from engine.runtime.notices import NoticeKind
from tests.support.order_reports import fill, report, state, traded


def test_s5_second_fill_under_the_same_exec_id_counts_and_is_told(orders: Orders, order: Order) -> None:
    first = fill(order, 3, "E1")
    orders.apply(first)
    change = orders.apply(fill(order, 7, "E1"))
    assert (change.kind, traded(change), state(order)) == (
        Outcome.FILLED, (0, 0, 0, 7, 4200, 7), (Status.FILLED, 10, 10, 0, ""),
    )  # fmt: skip
    assert change.notice is not None
    assert change.notice[0] == NoticeKind.EXEC_ID_REPEATED
    assert [kept for _, kept in order.kept("E1")] == [(3, 4200, 7, 3), (7, 4200, 7, 10)]
    again = orders.apply(first)
    assert (again.kind, again.notice, order.cum_qty) == (Outcome.DUPLICATE, None, 10)


def test_s5_fill_of_the_same_size_under_the_same_exec_id_counts_by_its_cum_qty(orders: Orders, order: Order) -> None:
    reports = [fill(order, 3, "E1"), fill(order, 3, "E1", cum_qty=6, leaves_qty=4)]
    kinds = [orders.apply(each).kind for each in (*reports, *reports)]
    assert kinds == [Outcome.FILLED] * 2 + [Outcome.DUPLICATE] * 2
    assert order.cum_qty == 6


@pytest.mark.parametrize(
    "fields",
    [
        {"cum_qty": 9},  # nothing adds up to it
        {"cum_qty": 3},  # the sum that was reached already, by another quantity
        {"cum_qty": -(2**63)},  # no sum at all
        {"last_px": 4100, "last_qty": 3, "cum_qty": 3},  # another price
    ],
)
def test_s5_repeated_exec_id_that_fits_nothing_contradicts(
    orders: Orders, order: Order, fields: dict[str, Any]
) -> None:
    orders.apply(fill(order, 3, "E1"))
    change = orders.apply(fill(order, 7, "E1", **{"leaves_qty": -(2**63), **fields}))
    assert (change.kind, change.notice, order.cum_qty, order.ord_status) == (Outcome.UNKNOWN, None, 3, Status.UNKNOWN)


def test_same_fill_without_sums_is_a_replay(orders: Orders, order: Order) -> None:
    bare = fill(order, 3, "E1", cum_qty=-(2**63), leaves_qty=-(2**63))
    assert [orders.apply(bare).kind for _ in range(3)] == [Outcome.FILLED] + [Outcome.DUPLICATE] * 2


def test_replay_of_a_fill_that_was_busted_is_a_replay(orders: Orders, order: Order) -> None:
    first = fill(order, 3, "E1")
    orders.apply(first)
    orders.apply(report("A1-1", Exec.TRADE_CANCEL, Status.NEW, exec_id="E2", exec_ref_id="E1", cum_qty=0))
    assert (orders.apply(first).kind, order.cum_qty) == (Outcome.DUPLICATE, 0)


def test_replay_with_the_sums_of_now_is_one_if_it_says_so(orders: Orders, order: Order) -> None:
    orders.apply(fill(order, 3, "E1"))
    orders.apply(fill(order, 4, "E2"))
    late = fill(order, 3, "E1", cum_qty=7, leaves_qty=3)
    late.poss_resend = True
    assert orders.apply(late).kind == Outcome.DUPLICATE
    late.poss_resend = False
    assert orders.apply(late).kind == Outcome.UNKNOWN


def test_s5_bust_under_the_exec_id_of_its_fill_counts_once(orders: Orders, order: Order) -> None:
    orders.apply(fill(order, 3, "E1"))
    bust = report("A1-1", Exec.TRADE_CANCEL, Status.NEW, exec_id="E1", exec_ref_id="E1", cum_qty=0, leaves_qty=10)
    assert [orders.apply(bust).kind for _ in range(2)] == [Outcome.BUSTED, Outcome.DUPLICATE]
    assert (order.cum_qty, order.executions["E1"]) == (0, None)


def test_s5_correct_under_the_exec_id_of_its_fill_counts_once(orders: Orders, order: Order) -> None:
    orders.apply(fill(order, 3, "E1"))
    correct = report(
        "A1-1", Exec.TRADE_CORRECT, "1", exec_id="E1", exec_ref_id="E1", cum_qty=3, leaves_qty=7, last_qty=3,
        last_px=4100, fee=2,
    )  # fmt: skip
    change = orders.apply(correct)
    assert (change.kind, traded(change)) == (Outcome.CORRECTED, (3, 4200, 7, 3, 4100, 2))
    assert (orders.apply(correct).kind, order.cum_cost) == (Outcome.DUPLICATE, 3 * 4100)


def test_s5_second_bust_under_the_same_exec_id_takes_back_the_other_fill(orders: Orders, order: Order) -> None:
    orders.apply(fill(order, 3, "E1"))
    orders.apply(fill(order, 5, "E2"))
    for ref, cum_qty, undone in (("E1", 5, 3), ("E2", 0, 5)):
        bust = report("A1-1", Exec.TRADE_CANCEL, "1", exec_id="X", exec_ref_id=ref, cum_qty=cum_qty, leaves_qty=5)
        change = orders.apply(bust)
        assert (change.kind, change.undo_qty) == (Outcome.BUSTED, undone)
        assert orders.apply(bust).kind == Outcome.DUPLICATE
    assert order.cum_qty == 0


def test_s5_bust_of_an_exec_id_that_two_fills_have_is_told_by_its_sums(orders: Orders, order: Order) -> None:
    orders.apply(fill(order, 3, "E1"))
    orders.apply(fill(order, 5, "E1", price=4100))
    bust = report("A1-1", Exec.TRADE_CANCEL, "1", exec_id="X", exec_ref_id="E1", cum_qty=3, leaves_qty=7)
    change = orders.apply(bust)
    assert (change.kind, change.undo_qty, change.undo_px) == (Outcome.BUSTED, 5, 4100)
    assert (list(order.executions.values()), order.cum_qty) == ([(3, 4200, 7), None, None], 3)


def test_s5_bust_that_may_be_of_either_of_two_fills_contradicts(orders: Orders, order: Order) -> None:
    orders.apply(fill(order, 3, "E1"))
    orders.apply(fill(order, 5, "E1"))
    bust = report("A1-1", Exec.TRADE_CANCEL, "1", exec_id="X", exec_ref_id="E1")
    assert (orders.apply(bust).kind, order.cum_qty) == (Outcome.UNKNOWN, 8)


def test_s5_restatement_under_a_known_exec_id_counts_if_it_says_something_else(orders: Orders, order: Order) -> None:
    def restate(price: int) -> int:
        made = report("A1-1", Exec.RESTATED, Status.NEW, exec_id="R", order_qty=10, price=price, cum_qty=0)
        return orders.apply(made).kind

    kinds = [restate(price) for price in (4100, 4100, 4000, 4100)]
    assert kinds == [Outcome.REPLACED, Outcome.DUPLICATE, Outcome.REPLACED, Outcome.DUPLICATE]
    assert order.price == 4000


def test_executions_of_an_order_have_an_end(orders: Orders, order: Order) -> None:
    restated = report("A1-1", Exec.RESTATED, Status.NEW, order_qty=10)
    for number in range(MOST_EXECUTIONS + 1):
        restated.exec_id = f"R{number}"
        assert orders.apply(restated).kind == Outcome.REPLACED
    restated.exec_id = "one more"
    assert orders.apply(restated).kind == Outcome.UNKNOWN
    assert order.execution_count == MOST_EXECUTIONS + 1


def test_s5_fill_of_the_same_size_under_the_same_exec_id_counts_by_its_leaves_qty(orders: Orders, order: Order) -> None:
    first, second = (fill(order, 3, "E1", cum_qty=-(2**63), leaves_qty=leaves) for leaves in (7, 4))
    kinds = [orders.apply(each).kind for each in (first, second, first, second)]
    assert kinds == [Outcome.FILLED] * 2 + [Outcome.DUPLICATE] * 2
    assert order.cum_qty == 6
