"""Reports that a request is on its way to the exchange: Pending New, Pending Replace, Pending Cancel.

Source  Kalshi FIX: ExecType and OrdStatus pairs.
"""

from engine import fix
from engine.exchange.events import Cancel, NewOrder, Replace, Report
from engine.exchange.market import RestingOrder
from engine.sim.fix.kalshi.executions import PENDING, Execution


class PendingReport(Report, frozen=True, kw_only=True):
    """Base of the three: the order as it stands, under the id of the request."""


class PendingNew(PendingReport, frozen=True, kw_only=True):
    """A new order is on its way; it has no OrderID(37) yet."""

    exec_type = fix.Exec.PENDING_NEW


class PendingReplace(PendingReport, frozen=True, kw_only=True):
    """A replace is on its way: price and quantity are those asked for."""

    exec_type = fix.Exec.PENDING_REPLACE


class PendingCancel(PendingReport, frozen=True, kw_only=True):
    """A cancel is on its way."""

    exec_type = fix.Exec.PENDING_CANCEL


def of_new(request: NewOrder, now_ns: int) -> Execution:
    """Return the Pending New of an order."""
    report = PendingNew(
        account=request.account,
        cl_ord_id=request.cl_ord_id,
        exec_id="",
        symbol=request.symbol,
        side=request.side,
        price=request.price,
        order_qty=max(request.order_qty, 0),
        cum_qty=0,
        leaves_qty=max(request.order_qty, 0),
        cum_cost=0,
        ord_status=PendingNew.exec_type,
        ord_type=request.ord_type,
        time_in_force=request.time_in_force,
        expire_time_ns=0,
        now_ns=now_ns,
    )
    return Execution(report, PENDING)


def of_change(request: Cancel | Replace, order: RestingOrder, now_ns: int) -> Execution:
    """Return the Pending Replace or Pending Cancel of a live order."""
    kind = PendingReplace if isinstance(request, Replace) else PendingCancel
    order_qty = request.order_qty if isinstance(request, Replace) else order.order_qty
    report = kind(
        account=order.account,
        cl_ord_id=request.cl_ord_id,
        orig_cl_ord_id=order.cl_ord_id,
        order_id=order.order_id,
        exec_id="",
        symbol=order.symbol,
        side=order.side,
        price=request.price if isinstance(request, Replace) else order.price,
        order_qty=order_qty,
        cum_qty=order.cum_qty,
        leaves_qty=max(order_qty - order.cum_qty, 0),
        cum_cost=order.cum_cost,
        ord_status=kind.exec_type,
        ord_type=order.ord_type,
        time_in_force=order.time_in_force,
        expire_time_ns=0,
        now_ns=now_ns,
    )
    return Execution(report, PENDING)
