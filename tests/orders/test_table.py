"""Every pair of state and event, moved by a real report."""

import pytest

from engine.fix import Exec, Msg
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport
from engine.orders.table import TABLE, Event, Outcome
from tests.support.order_reports import ack, fill, open_order, report

# States: p PENDING_NEW, 0 NEW, 1 PARTIALLY_FILLED, 2 FILLED, 3 DONE_FOR_DAY, 4 CANCELED, 8 REJECTED, C EXPIRED,
# u UNKNOWN before any answer (or with a replace whose answer was lost), v UNKNOWN and partly filled with a cancel whose
# answer was lost (or that was sent after such a replace).
# Cells: next state, then what the report did; ! is UNKNOWN for what is impossible.
GRID = """
event         p    0    1    2    3    4    8    C    u    v
NEW           0A   0-   1-   2-   !    !    !    !    0A   uA
TRADE         1F   1F   1F   !    3F   4F   !    CF   1F   uF
LAST_TRADE    4F   4F   4F   !    3F   4F   !    CF   4F   4F
CANCELED      4C   4C   4C   !    3-   4-   !    C-   4C   4C
EXPIRED       CE   CE   CE   !    3-   4-   !    C-   CE   CE
DONE_FOR_DAY  3E   3E   3E   2-   3-   4-   !    C-   3E   3E
REJECTED      8J   8J   !    !    !    !    8-   !    8J   8J
REPLACED      0R   0R   1R   1R   !    !    !    !    0R   uR
RESTATED      0R   0R   1R   2R   !    !    !    !    uR   uR
STATUS        0A   0-   1-   2-   !    !    !    !    0A   1A
BUST          !    !    0B   0B   !    !    !    !    !    uB
LATE_BUST     !    !    !    4B   3B   4B   !    CB   !    uB
CORRECT       !    !    1T   1T   !    !    !    !    !    uT
LATE_CORRECT  !    !    2T   2T   3T   4T   !    CT   !    uT
INFO          p-   0-   1-   2-   3-   4-   8-   C-   u-   u-
STANDS        pX   0X   1X   2X   3X   4X   8X   CX   0X   1X
GONE          uX   uX   uX   2X   3X   4X   8X   CX   uX   uX
REFUSED       pX   0X   1X   2X   3X   4X   8X   CX   uX   uX
IN_DOUBT      uD   uD   uD   2-   3-   4-   8-   C-   uD   uD
NONE          !    !    !    !    !    !    !    !    !    !
"""
LETTERS = {
    "-": Outcome.NOTHING, "A": Outcome.ACCEPTED, "C": Outcome.CANCELED, "E": Outcome.EXPIRED, "J": Outcome.REJECTED,
    "X": Outcome.CANCEL_REJECTED, "D": Outcome.IN_DOUBT, "R": Outcome.REPLACED, "F": Outcome.FILLED,
    "B": Outcome.BUSTED, "T": Outcome.CORRECTED,
}  # fmt: skip
COLUMNS, *LINES = [line.split() for line in GRID.strip().splitlines()]
CELLS = [
    pytest.param(state, line[0], cell, id=f"{line[0]}-{state}")
    for line in LINES
    for state, cell in zip(COLUMNS[1:], line[1:], strict=True)
]


def order_in(state: str, orders: Orders, replace: bool) -> Order:
    """An order of 10; where it traded, 4 or all 10 under ExecID E1; with a replace to 20 open where that can be."""
    order = open_order(orders)
    if state == "8":
        orders.apply(report(order.cl_ord_id, Exec.REJECTED))
    if state not in "p8" and (replace or state != "u"):
        orders.apply(ack(order))
    if state in "134Cv":
        orders.apply(fill(order, 4, "E1"))
    if replace and order.can_replace:
        orders.request_replace(order, 4300, 20, 2)
    if state == "2":
        orders.apply(fill(order, 10, "E1"))
    if state in "34C":
        orders.apply(report(order.cl_ord_id, state, leaves_qty=0))
    if state in "uv":
        orders.on_disconnect()
    if state == "v":
        orders.request_cancel(order, 2)
        if not replace:
            orders.on_disconnect()
    assert order.ord_status == state.replace("v", "u")
    return order


def report_of(event: str, order: Order) -> ExecutionReport:
    cl_ord_id = order.pending_cl_ord_id or order.cl_ord_id
    undone = 10 if order.ord_status == "2" else 4
    cut = {"exec_ref_id": "E1", "exec_id": "E9"}
    return {
        "NEW": lambda: report(cl_ord_id, "0", "0"),
        "TRADE": lambda: report(cl_ord_id, "F", "1", last_qty=3, last_px=4100, exec_id="E2"),
        "LAST_TRADE": lambda: report(cl_ord_id, "F", "4", last_qty=3, last_px=4100, exec_id="E2", leaves_qty=0),
        "CANCELED": lambda: report(order.cl_ord_id, "4", "4"),
        "EXPIRED": lambda: report(order.cl_ord_id, "C", "C"),
        "DONE_FOR_DAY": lambda: report(order.cl_ord_id, "3", "3", leaves_qty=0),
        "REJECTED": lambda: report(order.cl_ord_id, "8", "8", reason=99),
        "REPLACED": lambda: report("T-2", "5", "5", orig_cl_ord_id=order.cl_ord_id),
        "RESTATED": lambda: report(order.cl_ord_id, "D", "0", order_qty=8),
        "STATUS": lambda: report(order.cl_ord_id, "I", "2" if order.ord_status == "2" else "0"),
        "BUST": lambda: report(order.cl_ord_id, "H", leaves_qty=order.leaves_qty + undone, **cut),
        "LATE_BUST": lambda: report(order.cl_ord_id, "H", "4", leaves_qty=0, **cut),
        "CORRECT": lambda: report(order.cl_ord_id, "G", "1", last_qty=undone - 1, last_px=5, **cut),
        "LATE_CORRECT": lambda: report(
            order.cl_ord_id, "G", "2", leaves_qty=0, last_px=5,
            last_qty=10 if order.ord_status in "12" else 5, **cut,
        ),
        "INFO": lambda: report(order.cl_ord_id, "A", "A", order_id="0", exec_id="-1;-1"),
        "STANDS": lambda: report(cl_ord_id, "", "0", msg_type="9"),
        "GONE": lambda: report(cl_ord_id, "", "2", msg_type="9"),
        "REFUSED": lambda: report(cl_ord_id, "", msg_type=Msg.BUSINESS_MESSAGE_REJECT, ref_msg_type="F"),
        "IN_DOUBT": lambda: report(cl_ord_id, "8", "u"),
        "NONE": lambda: report(order.cl_ord_id, "Z", "0"),
    }[event]()  # fmt: skip


@pytest.mark.parametrize(("state", "event", "cell"), CELLS)
def test_report_in_each_state_moves_as_the_table_says(state: str, event: str, cell: str) -> None:
    orders = Orders("T")
    order = order_in(state, orders, event == "REPLACED")
    change = orders.apply(report_of(event, order))
    expected = ("u", Outcome.UNKNOWN) if cell == "!" else (cell[0], LETTERS[cell[1]])
    assert (order.ord_status, change.kind, change.order) == (*expected, order), change.text
    assert (order in orders.live()) == (not order.is_done)
    assert change.is_terminal == order.is_done


def test_grid_names_every_event_and_every_state() -> None:
    names = {name for name in vars(Event) if not name.startswith("_")}
    assert {line[0] for line in LINES} == names
    assert set("".join(COLUMNS[1:])) - {"v"} == set(TABLE)
