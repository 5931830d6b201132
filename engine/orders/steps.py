"""What each outcome does to its order, besides moving its state.

Shapes  a step changes the order and the Change, or changes nothing and returns what contradicts them.
Source  FIX 4.4 volume 4: ExecutionReport(8), the sums of CumQty(14), LeavesQty(151) and OrderQty(38).
"""

from collections.abc import Callable

from engine import fix
from engine.fix import Exec, Msg, Status
from engine.orders.event import answers_replace
from engine.orders.limits import is_absurd_fee, wrong_end, wrong_order_qty
from engine.orders.order import UNDOING, Change, Order
from engine.orders.prices import is_beyond, is_possible, may_correct, may_trade, wrong_last_px, wrong_price
from engine.orders.repeats import fill_to_undo
from engine.orders.report import ABSENT, ExecutionReport
from engine.orders.table import LIVE, OVER, PROVEN, TERMINAL, Outcome
from engine.orders.words import fee_left_out, unasked

LIMIT, GTC = fix.Type.LIMIT, fix.Tif.GTC
NEW, PARTIALLY_FILLED, FILLED = Status.NEW, Status.PARTIALLY_FILLED, Status.FILLED
CANCELED, UNKNOWN, REJECTED = Status.CANCELED, Status.UNKNOWN, Status.REJECTED
CANCEL, REPLACE = Msg.ORDER_CANCEL_REQUEST, Msg.ORDER_CANCEL_REPLACE_REQUEST

Fee = Callable[[Order, int, int, bool], int]  # of a fill whose report does not say, as `venue.FeeRule.charge`
Step = Callable[[Order, ExecutionReport, str, Change, Fee], str]


def move(order: Order, state: str) -> None:
    """Put an order into its next state, whose step has been taken."""
    if state is LIVE or state is PROVEN:
        leaves_qty = order.order_qty - order.cum_qty
        if leaves_qty <= 0:
            leaves_qty = 0
            order.ord_status = FILLED
            if order.pending == CANCEL:
                close_request(order)
            if state is PROVEN and order.pending_qty:
                order.ord_status = UNKNOWN  # a replace that was lost may have made it larger
        elif state is PROVEN and (order.pending or order.pending_qty):
            order.ord_status = UNKNOWN
        else:
            order.ord_status = PARTIALLY_FILLED if order.cum_qty else NEW
        order.leaves_qty = leaves_qty
    elif state is not OVER or (order.cum_qty < order.order_qty and not order.pending_qty):
        order.ord_status = CANCELED if state is OVER else state
        if order.ord_status in TERMINAL:
            order.leaves_qty = 0
            clear_requests(order)


def close_request(order: Order) -> None:
    """Note that the request in flight has been answered."""
    if order.pending == REPLACE:
        order.pending_qty = order.pending_price = 0
    order.pending = order.pending_cl_ord_id = ""
    order.is_lost = False


def take_back(order: Order) -> None:
    """Note that the request in flight was never sent; its id stays used up."""
    close_request(order)
    order.sent_ns = 0


def clear_requests(order: Order) -> None:
    """Note that no request of the order is open any more."""
    order.pending = order.pending_cl_ord_id = ""
    order.is_lost = False
    order.pending_qty = order.pending_price = 0


def _nothing(order: Order, report: ExecutionReport, state: str, change: Change, fee: Fee) -> str:
    if report.exec_type == Exec.SUSPENDED:
        change.notice = unasked(order, "suspended", report)
    if report.exec_type != Exec.ORDER_STATUS or order.pending or order.pending_qty:
        return ""
    if order.leaves_qty:
        return _wrong_quantities(report, order.cum_qty, order.order_qty)
    return _wrong_cum_qty(report, order.cum_qty)


def _leave(order: Order, report: ExecutionReport, state: str, change: Change, fee: Fee) -> str:
    if order.cum_qty > order.order_qty and order.pending == REPLACE and report.cl_ord_id == order.pending_cl_ord_id:
        return f"{order.cum_qty} filled of {order.order_qty}: only the replace that is refused allowed that"
    return ""


def _lose(order: Order, report: ExecutionReport, state: str, change: Change, fee: Fee) -> str:
    order.is_lost = True
    return ""


def _accept(order: Order, report: ExecutionReport, state: str, change: Change, fee: Fee) -> str:
    if report.exec_type == Exec.ORDER_STATUS:
        return _reconcile(order, report)
    fault = "" if order.cum_qty else _wrong_quantities(report, 0, order.order_qty)
    if report.ord_status == REJECTED:
        fault = "an order that was taken cannot be Rejected"
    if not fault and order.ord_type == LIMIT and is_beyond(order, report.price):
        fault = f"Price(44) {report.price} is beyond the order's {order.price}"
    return fault or _take_price(order, report)  # a post-only order may slide


def _reconcile(order: Order, report: ExecutionReport) -> str:
    """Believe the answer to a status request in everything except fills."""
    order_qty = order.order_qty if report.order_qty == ABSENT else report.order_qty
    fault = _wrong_quantities(report, order.cum_qty, order_qty) or wrong_order_qty(order, order_qty)
    if not fault and report.ord_status == FILLED and order.cum_qty < order_qty:
        fault = f"OrdStatus(39) is Filled, OrderQty(38) {order_qty}, but the fills make {order.cum_qty}"
    if order.pending_qty and ABSENT in (report.order_qty, report.price):
        fault = "OrderQty(38) or Price(44) is missing: cannot tell whether the replace took effect"
    if fault:
        return fault
    is_replaced = order.pending == REPLACE and order_qty == order.pending_qty and report.price == order.pending_price
    fault = _take_price(order, report)
    if fault:
        return fault
    if is_replaced:
        order.cl_ord_id = order.pending_cl_ord_id
    order.order_qty = order_qty
    if order.ord_status == UNKNOWN:
        clear_requests(order)
    return ""


def _end(order: Order, report: ExecutionReport, state: str, change: Change, fee: Fee) -> str:
    fault = _wrong_cum_qty(report, order.cum_qty) or wrong_end(report)
    if not fault and order.pending != CANCEL and order.time_in_force == GTC and order.ord_type == LIMIT:
        change.notice = unasked(order, "ended", report)
    return fault


def _refuse(order: Order, report: ExecutionReport, state: str, change: Change, fee: Fee) -> str:
    return wrong_end(report) if report.cum_qty <= 0 else _wrong_cum_qty(report, order.cum_qty)


def _replace(order: Order, report: ExecutionReport, state: str, change: Change, fee: Fee) -> str:
    is_ours = report.exec_type == Exec.REPLACED and answers_replace(order, report)
    order_qty = report.order_qty
    if order_qty == ABSENT:
        order_qty = order.pending_qty if is_ours else order.order_qty
    order_qty = max(order_qty, order.cum_qty)  # C.3.c: cut to what had filled
    fault = _wrong_quantities(report, order.cum_qty, order_qty) or wrong_price(order, report)
    fault = fault or wrong_order_qty(order, order_qty)
    is_more = order_qty > max(order.order_qty, order.pending_qty)
    if is_ours and not fault and (is_more or (order.ord_type == LIMIT and is_beyond(order, report.price))):
        fault = f"more than was asked for: OrderQty(38) {order.pending_qty}, Price(44) {order.pending_price}"
    if fault:
        return fault
    order.order_qty = order_qty
    order.leaves_qty = order_qty - order.cum_qty
    if is_ours:
        order.price = order.pending_price
        _take_chain_id(order, report)
        order.pending_qty = order.pending_price = 0
    else:
        change.notice = unasked(order, "changed", report)
    _take_price(order, report)
    if report.exec_id:
        order.keep_execution(report.exec_id, 0, report.price, report.order_qty, order.cum_qty)
    return ""


def _take_chain_id(order: Order, report: ExecutionReport) -> None:
    if order.pending == REPLACE:
        order.cl_ord_id = order.pending_cl_ord_id
        close_request(order)
    else:
        order.cl_ord_id = report.cl_ord_id  # the answer came after all, a cancel had been sent meanwhile


def fill(order: Order, report: ExecutionReport, state: str, change: Change, fee: Fee) -> str:
    """Count LastQty(32) at LastPx(31), at the fee of the report or else of the rule, if the sums agree."""
    qty = report.last_qty
    price = report.last_px
    if qty <= 0 or price == ABSENT or not report.exec_id:
        return "a fill needs LastQty(32) above 0, LastPx(31) and ExecID(17)"
    if not may_trade(order, price):
        return wrong_last_px(order, price)
    if qty > order.order_qty and qty > order.pending_qty:
        return f"overfill: LastQty(32) {qty} of OrderQty(38) {order.order_qty}"
    cum_qty = order.cum_qty + qty
    if report.cum_qty != cum_qty and report.cum_qty != ABSENT:
        return _wrong_cum_qty(report, cum_qty)
    if cum_qty > order.order_qty and cum_qty > order.pending_qty:
        return f"overfill: CumQty(14) {cum_qty} of OrderQty(38) {order.order_qty}"
    # A fill may overtake the answer to the replace that allowed it
    if (
        report.leaves_qty != order.order_qty - cum_qty
        and report.leaves_qty != ABSENT
        and (state is LIVE or state is PROVEN)
        and report.leaves_qty != order.pending_qty - cum_qty
    ):
        return _wrong_sum(report, cum_qty, order.order_qty)
    if (
        cum_qty < order.order_qty
        and report.ord_status == FILLED
        and (state is LIVE or state is PROVEN)
        and cum_qty != order.pending_qty
    ):
        return f"OrdStatus(39) is Filled, but the fills make {cum_qty} of {order.order_qty}"
    money = report.fee
    if money == ABSENT or is_absurd_fee(order, qty, money):
        money = _fee_by_rule(order, report, change, fee)
    order.cum_qty = cum_qty
    order.cum_cost += price * qty
    order.keep_execution(report.exec_id, qty, price, money, cum_qty)
    change.last_qty = qty
    change.last_px = price
    change.fee = money
    change.is_taker = report.is_taker
    return ""


def _undo(order: Order, report: ExecutionReport, state: str, change: Change, fee: Fee) -> str:
    """Take a fill back; for a correction, then count the one that replaces it."""
    fill = fill_to_undo(order, report)
    is_correct = report.exec_type == Exec.TRADE_CORRECT
    if fill is None or not report.exec_id or (is_correct and (report.last_qty <= 0 or report.last_px == ABSENT)):
        return f"cannot undo: ExecRefID(19) {report.exec_ref_id!r} names no fill that counts, or 17, 31, 32 are missing"
    key, undo_qty, undo_px, undo_fee = fill
    qty = report.last_qty if is_correct else 0
    price = report.last_px if is_correct else 0
    cum_qty = order.cum_qty - undo_qty + qty
    if not is_possible(order.instrument, undo_px) or (is_correct and not may_correct(order, price, undo_px)):
        return wrong_last_px(order, price)
    if cum_qty < 0 or report.cum_qty not in (cum_qty, ABSENT):
        return _wrong_cum_qty(report, cum_qty)
    most = max(order.order_qty, order.pending_qty)
    if cum_qty > most:
        return f"overfill: a correction makes CumQty(14) {cum_qty} of OrderQty(38) {order.order_qty}"
    if state is LIVE:
        # The venue says how much of what it took back may trade again
        order_qty = order.order_qty if report.leaves_qty == ABSENT else cum_qty + report.leaves_qty
        if cum_qty > order_qty or order_qty > most or (report.leaves_qty == 0 and cum_qty != order.order_qty):
            return _wrong_sum(report, cum_qty, order.order_qty)
        order.order_qty = order_qty
    change.notice = unasked(order, f"corrected: fill {undo_qty} at {undo_px}", report)
    money = report.fee if is_correct else 0
    if is_correct and (money == ABSENT or is_absurd_fee(order, qty, money)):
        money = _fee_by_rule(order, report, change, fee)
    order.cum_qty = cum_qty
    order.cum_cost += price * qty - undo_px * undo_qty
    if order.ord_status == UNKNOWN:
        order.leaves_qty = max(order.order_qty - cum_qty, 0)
    order.undo_execution(key)
    order.keep_execution(report.exec_id, qty, price if qty else UNDOING, money, cum_qty)
    change.undo_qty, change.undo_px, change.undo_fee = undo_qty, undo_px, undo_fee
    change.last_qty, change.last_px, change.fee = qty, price, money
    change.is_taker = report.is_taker
    return ""


def _fee_by_rule(order: Order, report: ExecutionReport, change: Change, fee: Fee) -> int:
    """Return what a fill costs whose report does not say, or says what cannot be."""
    if report.fee != ABSENT:
        change.notice = fee_left_out(order, report)
    return fee(order, report.last_px, report.last_qty, report.is_taker)


def _take_price(order: Order, report: ExecutionReport) -> str:
    """Take the price that an order works at now; say what is wrong with it."""
    fault = wrong_price(order, report)
    if not fault and report.price != ABSENT and order.ord_type == LIMIT:
        order.price = report.price
    return fault


def _wrong_cum_qty(report: ExecutionReport, cum_qty: int) -> str:
    if report.cum_qty in (cum_qty, ABSENT):
        return ""
    return f"CumQty(14) is {report.cum_qty} where the fills make {cum_qty}: fills are missing or count twice"


def _wrong_quantities(report: ExecutionReport, cum_qty: int, order_qty: int) -> str:
    if report.leaves_qty != ABSENT and report.leaves_qty + cum_qty != order_qty:
        return _wrong_cum_qty(report, cum_qty) or _wrong_sum(report, cum_qty, order_qty)
    return _wrong_cum_qty(report, cum_qty)


def _wrong_sum(report: ExecutionReport, cum_qty: int, order_qty: int) -> str:
    return f"LeavesQty(151) {report.leaves_qty} and CumQty(14) {cum_qty} do not make OrderQty(38) {order_qty}"


STEPS: dict[int, Step] = {
    Outcome.NOTHING: _nothing,
    Outcome.ACCEPTED: _accept,
    Outcome.CANCELED: _end,
    Outcome.EXPIRED: _end,
    Outcome.REJECTED: _refuse,
    Outcome.CANCEL_REJECTED: _leave,
    Outcome.IN_DOUBT: _lose,
    Outcome.REPLACED: _replace,
    Outcome.FILLED: fill,
    Outcome.BUSTED: _undo,
    Outcome.CORRECTED: _undo,
}
