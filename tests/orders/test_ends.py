"""The end of an order, and messages that were refused before they reached one."""

from typing import Any

import pytest

from engine import fix
from engine.fix import Exec, Msg, Status
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.report import ABSENT
from engine.orders.table import Outcome
from tests.support.order_reports import ack, open_order, report, state

# The end of an order


@pytest.mark.parametrize(
    ("tif", "leaves_qty", "kind", "ord_status"),
    [
        (fix.Tif.GTC, 10, Outcome.NOTHING, Status.NEW),
        (fix.Tif.GTC, 0, Outcome.EXPIRED, Status.DONE_FOR_DAY),
        (fix.Tif.DAY, ABSENT, Outcome.EXPIRED, Status.DONE_FOR_DAY),
    ],
)
def test_done_for_day_ends_what_has_no_other_day(
    orders: Orders, tif: str, leaves_qty: int, kind: int, ord_status: str
) -> None:
    opened = open_order(orders, tif=tif)
    orders.apply(ack(opened))
    for exec_type in (Exec.DONE_FOR_DAY, Exec.ORDER_STATUS):
        change = orders.apply(report("A1-1", exec_type, Status.DONE_FOR_DAY, leaves_qty=leaves_qty))
        assert (change.kind, opened.ord_status) == (kind, ord_status)
        kind = Outcome.NOTHING


def test_rejected_order_is_over_with_its_reason(orders: Orders) -> None:
    opened = open_order(orders)
    change = orders.apply(report("A1-1", Exec.REJECTED, Status.REJECTED, reason=3, text="INSUFFICIENT_BALANCE"))
    assert (change.kind, change.reason, change.text, change.is_terminal) == (
        Outcome.REJECTED, 3, "INSUFFICIENT_BALANCE", True,
    )  # fmt: skip
    assert (state(opened), orders.live()) == ((Status.REJECTED, 10, 0, 0, ""), [])


def test_refusal_of_a_repeated_order_leaves_the_first_alone(orders: Orders, order: Order) -> None:  # F.1.b
    change = orders.apply(report("A1-1", Exec.REJECTED, Status.NEW, reason=6))
    assert (change.kind, state(order)) == (Outcome.NOTHING, (Status.NEW, 10, 0, 10, ""))


def test_refusal_as_duplicate_does_not_end_an_unknown_order(orders: Orders) -> None:
    opened = open_order(orders)
    orders.on_disconnect()
    change = orders.apply(report("A1-1", Exec.REJECTED, Status.REJECTED, reason=6))
    assert (change.kind, opened.ord_status) == (Outcome.NOTHING, Status.UNKNOWN)


# Messages refused before they reached an order


@pytest.mark.parametrize("msg_type", [Msg.BUSINESS_MESSAGE_REJECT, Msg.REJECT])
@pytest.mark.parametrize("ref_msg_type", ["D", ""])
def test_refused_order_message_rejects_the_order(orders: Orders, msg_type: str, ref_msg_type: str) -> None:
    open_order(orders)
    change = orders.apply(report("A1-1", "", msg_type=msg_type, ref_msg_type=ref_msg_type, reason=8))
    assert (change.kind, change.reason, change.is_terminal) == (Outcome.REJECTED, 8, True)


def test_refused_request_message_leaves_the_order_as_it_was(orders: Orders, order: Order) -> None:
    orders.request_replace(order, 4300, 12, 5)
    change = orders.apply(report("A1-2", "", msg_type=Msg.BUSINESS_MESSAGE_REJECT, reason=8))
    assert (change.kind, state(order), order.pending_qty) == (
        Outcome.CANCEL_REJECTED, (Status.NEW, 10, 0, 10, ""), 0,
    )  # fmt: skip


def test_refused_status_request_says_nothing_about_its_order(orders: Orders) -> None:
    opened = open_order(orders)
    change = orders.apply(report("A1-1", "", msg_type=Msg.BUSINESS_MESSAGE_REJECT, ref_msg_type="H", reason=3))
    assert (change.kind, opened.ord_status) == (Outcome.NOTHING, Status.PENDING_NEW)


def test_refused_message_of_a_working_order_that_says_not_which_halts(orders: Orders, order: Order) -> None:
    assert orders.apply(report("A1-1", "", msg_type=Msg.REJECT)).kind == Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"msg_type": Msg.ORDER_MASS_CANCEL_REPORT}, Outcome.NOTHING),
        ({"msg_type": Msg.ORDER_MASS_CANCEL_REPORT, "reason": 99}, Outcome.CANCEL_REJECTED),
        ({"msg_type": Msg.BUSINESS_MESSAGE_REJECT, "ref_msg_type": "q"}, Outcome.CANCEL_REJECTED),
        ({"msg_type": Msg.BUSINESS_MESSAGE_REJECT, "ref_msg_type": "H"}, Outcome.NOTHING),
        ({"msg_type": Msg.REJECT, "ref_msg_type": "D"}, Outcome.UNKNOWN),
        ({"msg_type": Msg.REJECT}, Outcome.UNKNOWN),
        ({"exec_type": Exec.TRADE, "exec_id": "E1", "last_qty": 1, "last_px": 1}, Outcome.UNKNOWN),
        ({"msg_type": Msg.ORDER_CANCEL_REJECT}, Outcome.UNKNOWN),
    ],
)
def test_report_about_no_order_of_ours(orders: Orders, order: Order, fields: dict[str, Any], kind: int) -> None:
    change = orders.apply(report("stranger", **{"exec_type": "", **fields}))
    assert (change.kind, change.order, state(order)) == (kind, None, (Status.NEW, 10, 0, 10, ""))
    if kind == Outcome.UNKNOWN:
        assert "ClOrdID(11) unknown: 'stranger'" in change.text
