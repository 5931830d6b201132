"""Reports as a venue would send them, and the state of orders as values to compare."""

from typing import Any

from engine import fix
from engine.fix import Exec, Msg, Status
from engine.instrument import Instrument, PriceBand
from engine.orders.order import Change, Order
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport

RAIN = Instrument("KXRAIN-1", 0, [PriceBand(0, 10_000, 100)], event="KXRAIN")
SNOW = Instrument("KXSNOW-1", 1, [PriceBand(0, 10_000, 10)], event="KXSNOW")
INSTRUMENTS = (RAIN, SNOW)


def open_order(
    orders: Orders,
    qty: int = 10,
    price: int = 4200,
    side: int = fix.BUY,
    tif: str = fix.Tif.GTC,
    instrument: Instrument = RAIN,
    ord_type: str = fix.Type.LIMIT,
) -> Order:
    return orders.open(instrument, side, price, qty, ord_type, tif, False, 0, 1)


def report(cl_ord_id: str, exec_type: str, ord_status: str = "", **fields: Any) -> ExecutionReport:
    """An ExecutionReport; other message types by msg_type=."""
    made = ExecutionReport()
    made.msg_type = Msg.EXECUTION_REPORT
    made.cl_ord_id = cl_ord_id
    made.exec_type = exec_type
    made.ord_status = ord_status
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def ack(order: Order, **fields: Any) -> ExecutionReport:
    return report(order.cl_ord_id, Exec.NEW, Status.NEW, **fields)


def fill(order: Order, qty: int, exec_id: str, /, price: int = 4200, **fields: Any) -> ExecutionReport:
    """A fill with the sums that go with it."""
    cum_qty = order.cum_qty + qty
    made = report(order.cl_ord_id, Exec.TRADE, exec_id=exec_id, last_qty=qty, last_px=price, cum_qty=cum_qty, fee=7)
    made.leaves_qty = order.order_qty - cum_qty
    made.ord_status = Status.FILLED if made.leaves_qty <= 0 else Status.PARTIALLY_FILLED
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def canceled(order: Order, **fields: Any) -> ExecutionReport:
    """The answer to the cancel in flight, or an unsolicited cancel."""
    made = report(order.pending_cl_ord_id or order.cl_ord_id, Exec.CANCELED, Status.CANCELED)
    made.orig_cl_ord_id = order.cl_ord_id if order.pending else ""
    made.cum_qty = order.cum_qty
    made.leaves_qty = 0
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def replaced(order: Order, **fields: Any) -> ExecutionReport:
    """The answer to the replace in flight, with OrdStatus(39) Replaced as some venues send it."""
    made = report(order.pending_cl_ord_id, Exec.REPLACED, Status.REPLACED, orig_cl_ord_id=order.cl_ord_id)
    made.price = order.pending_price
    made.order_qty = order.pending_qty
    made.cum_qty = order.cum_qty
    made.leaves_qty = order.pending_qty - order.cum_qty
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def cancel_reject(order: Order, ord_status: str, response_to: str = "1", **fields: Any) -> ExecutionReport:
    made = report(order.pending_cl_ord_id, "", ord_status, orig_cl_ord_id=order.cl_ord_id)
    made.msg_type = Msg.ORDER_CANCEL_REJECT
    made.cxl_rej_response_to = response_to
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def state(order: Order) -> tuple[str, int, int, int, str]:
    """(OrdStatus, OrderQty, CumQty, LeavesQty, pending)"""
    return order.ord_status, order.order_qty, order.cum_qty, order.leaves_qty, order.pending


def traded(change: Change) -> tuple[int, int, int, int, int, int]:
    return change.undo_qty, change.undo_px, change.undo_fee, change.last_qty, change.last_px, change.fee
