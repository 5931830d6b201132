"""What an ExecID(17) that has been seen before means: the same report again, or something else under its name.

A venue may use an ExecID twice. What was traded, with the CumQty(14) that went with it, tells a replay from another
execution; where neither does, the report contradicts. Nothing here is on the path: an ExecID comes once as a rule.

Source  FIX 4.4 volume 4: ExecutionReport(8), ExecID(17), ExecRefID(19), CumQty(14).
"""

from engine.fix import Exec
from engine.orders.order import UNDOING, Order
from engine.orders.report import ABSENT, ExecutionReport
from engine.orders.table import Outcome

TRADE_PREFIX = "trade:"  # of the key of a fill that is known by the venue's id of the trade, not by an ExecID(17)
MOST_EXECUTIONS = 100_000  # of one order: what a venue may make us keep has an end


def repeat_fault(order: Order, report: ExecutionReport, kind: int) -> str | None:
    """Judge a report under an ExecID(17) that has counted: None if it is the same one again.

    Otherwise it is another one, and its sums must show it: empty, or what contradicts.
    """
    qty, price, other = _content(report, kind)
    cum_qty = _cum_qty(order, report)
    for kept_qty, kept_price, kept_other, kept_cum_qty in [kept for _, kept in order.kept(report.exec_id)]:
        is_same = (qty, price) == (kept_qty, kept_price) and (bool(qty) or other in (kept_other, ABSENT))
        if is_same and cum_qty in (kept_cum_qty, ABSENT):
            return None
        if is_same and (report.poss_dup or report.poss_resend) and cum_qty != order.cum_qty + qty:
            return None
    if cum_qty == ABSENT:
        return f"ExecID(17) {report.exec_id!r} named something else before, and no CumQty(14) tells them apart"
    return ""


def is_told_before(order: Order, report: ExecutionReport) -> bool:
    """Return whether a fill, whose CumQty(14) we are past, was booked already from what the venue says of the account.

    It comes late then, as after a ResendRequest, under an ExecID(17) that nobody could know.
    """
    return report.cum_qty <= order.cum_qty and any(
        key.startswith(TRADE_PREFIX) and (qty, price) == (report.last_qty, report.last_px)
        for key, qty, price, _, _, is_undone in order.all_kept()
        if not is_undone
    )


def fill_to_undo(order: Order, report: ExecutionReport) -> tuple[str, int, int, int] | None:
    """Return the fill that a bust or correction is about: key, quantity, price and fee; None if no fill is meant."""
    if report.exec_ref_id:
        return _undone_fill(order, report)
    return None if report.exec_type == Exec.TRADE_CORRECT else _unnamed_fill(order, report)


def _undone_fill(order: Order, report: ExecutionReport) -> tuple[str, int, int, int] | None:
    """Return the fill that a bust or correction names: the key it is kept under, quantity, price and fee.

    None if ExecRefID(19) names no fill that counts, or several that differ and CumQty(14) does not tell which.
    """
    found = [
        (key, qty, price, fee)
        for key, (qty, price, fee, _) in order.kept(report.exec_ref_id)
        if qty and not order.is_undone(key)
    ]
    if len(found) > 1:
        more = report.last_qty if report.exec_type == Exec.TRADE_CORRECT else 0
        found = [each for each in found if report.cum_qty in (order.cum_qty - each[1] + more, ABSENT)]
    if len({each[1:] for each in found}) > 1 and report.exec_type == Exec.TRADE_CANCEL:
        found = [each for each in found if (report.last_qty, report.last_px) == each[1:3]]
    return found[0] if len({each[1:] for each in found}) == 1 else None


def _unnamed_fill(order: Order, report: ExecutionReport) -> tuple[str, int, int, int] | None:
    """Return the fill that a bust without ExecRefID(19) is about, as `_undone_fill`: the last that traded just that."""
    found = [
        (key, qty, price, fee)
        for key, qty, price, fee, _, is_undone in order.all_kept()
        if qty and not is_undone and (qty, price) == (report.last_qty, report.last_px)
    ]
    return found[-1] if found else None


def _cum_qty(order: Order, report: ExecutionReport) -> int:
    """Return the CumQty(14) of a report, or what LeavesQty(151) makes it where a fill does not say."""
    if report.cum_qty != ABSENT or report.leaves_qty <= 0:  # nothing is left of an order that is over as well
        return report.cum_qty
    return order.order_qty - report.leaves_qty


def _content(report: ExecutionReport, kind: int) -> tuple[int, int, int]:
    """Return what `Order.keep_execution` is given of such a report, its fee aside."""
    if kind in (Outcome.FILLED, Outcome.CORRECTED):
        return report.last_qty, report.last_px, ABSENT
    if kind == Outcome.BUSTED:
        return 0, UNDOING, ABSENT
    return 0, report.price, report.order_qty
