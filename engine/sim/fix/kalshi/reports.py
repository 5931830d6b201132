"""The venue's answers to orders as FIX bodies, each as the flags of its session ask for it.

Units   as in `wire`.
Shapes  OrderID(37) of an order that never got one is `0`, as is AvgPx(6) of one that never traded.
Source  Kalshi FIX: ExecutionReport, OrderCancelReject, OrderMassCancelReport, ExecType and OrdStatus pairs.
"""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine import fix
from engine.exchange.account_events import PositionChanged
from engine.exchange.events import Accepted, Canceled, CancelRejected, Expired, MassCanceled, Rejected, Replaced, Traded
from engine.exchange.ledger.names import subaccount_of
from engine.sim.fix.kalshi.executions import Execution
from engine.sim.fix.kalshi.flags import LogonFlags
from engine.sim.fix.kalshi.pending import PendingReport
from engine.sim.fix.kalshi.wire import dollars, encode, price_text, qty_text, timestamp
from engine.venue.kalshi.fix import tags

NO_ORDER_ID = "0"
IOC_REST = "IMMEDIATE_OR_CANCELLED"
BALANCE = "BALANCE"  # CollateralAmountType(1705)
EXPIRED = "C"
_EASTERN = ZoneInfo("America/New_York")
_HOUR_NS = 3600 * 10**9
_GOOD_TILL_DATE, _GOOD_TILL_CANCEL = "6", "1"

Body = list[tuple[int, object]]


def execution_report(execution: Execution, flags: LogonFlags) -> bytes:
    """Return the ExecutionReport(8) of an execution."""
    report = execution.report
    average = (report.cum_cost + report.cum_qty // 2) // report.cum_qty if report.cum_qty else 0
    exec_type, ord_status = _pair(execution, flags)
    body: Body = [
        (fix.AvgPx, price_text(average, flags.uses_dollars)),
        (fix.ClOrdID, report.cl_ord_id),
        (fix.CumQty, qty_text(report.cum_qty)),
        (fix.ExecID, execution.exec_id),
        (fix.OrderID, report.order_id or NO_ORDER_ID),
        (fix.OrderQty, qty_text(report.order_qty if flags.keeps_order_qty else report.cum_qty + report.leaves_qty)),
        (fix.OrdStatus, ord_status),
        (fix.Side, report.side),
        (fix.Symbol, report.symbol),
        (fix.TransactTime, timestamp(report.now_ns)),
        (fix.ExecType, exec_type),
        (fix.LeavesQty, qty_text(report.leaves_qty)),
    ]
    if report.price > 0:
        body.append((fix.Price, price_text(report.price, flags.uses_dollars)))
    if report.orig_cl_ord_id:
        body.append((fix.OrigClOrdID, report.orig_cl_ord_id))
    if report.expire_time_ns:
        body.append((fix.ExpireTime, timestamp(report.expire_time_ns)))
    return encode(fix.Msg.EXECUTION_REPORT, body + _account(report.account) + _particulars(execution, flags))


def is_told(execution: Execution, flags: LogonFlags) -> bool:
    """Return whether a session hears of an execution: some are left out unless its flags ask for them.

    New is merged into the first fill unless 21026=Y, and left out where an order ends at once without one. The rest of
    a partly filled IOC order ends without a word unless 21007=Y.
    """
    report = execution.report
    if isinstance(report, Canceled) and report.text == IOC_REST and report.cum_qty:
        return flags.reports_ioc_rest
    if isinstance(report, Accepted):
        if isinstance(execution.follower, Traded):
            return flags.emits_new_first
        return execution.follower is None
    return True


def cancel_reject(event: CancelRejected) -> bytes:
    """Return the OrderCancelReject(9)."""
    body: Body = [
        (fix.ClOrdID, event.cl_ord_id),
        (fix.OrderID, event.order_id or NO_ORDER_ID),
        (fix.OrdStatus, event.ord_status),
        (fix.Text, event.text),
        (fix.CxlRejReason, event.reason),
        (fix.CxlRejResponseTo, event.response_to),
    ]
    if event.orig_cl_ord_id:
        body.append((fix.OrigClOrdID, event.orig_cl_ord_id))
    return encode(fix.Msg.ORDER_CANCEL_REJECT, body + _account(event.account))


def mass_cancel_report(event: MassCanceled) -> bytes:
    """Return the OrderMassCancelReport(r)."""
    refused = event.reason >= 0
    body: Body = [
        (fix.ClOrdID, event.cl_ord_id),
        (fix.OrderID, event.exec_id),
        (fix.MassCancelResponse, "0" if refused else "6"),
    ]
    if refused:
        body += [(fix.Text, event.text), (fix.MassCancelRejectReason, event.reason)]
    return encode(fix.Msg.ORDER_MASS_CANCEL_REPORT, body)


def eastern_date(now_ns: int) -> str:
    """Return the Eastern calendar date, as ClearingBusinessDate(715) has it."""
    return _date_of_hour(now_ns // _HOUR_NS)


@lru_cache(maxsize=64)
def _date_of_hour(hour: int) -> str:
    return datetime.fromtimestamp(hour * 3600, UTC).astimezone(_EASTERN).strftime("%Y%m%d")


def _pair(execution: Execution, flags: LogonFlags) -> tuple[str, str]:
    """Return ExecType(150) and OrdStatus(39)."""
    report = execution.report
    if isinstance(report, Expired):
        return (EXPIRED, EXPIRED) if flags.says_expired else (fix.Exec.CANCELED, fix.Status.CANCELED)
    return report.exec_type, report.ord_status


def _account(account: str) -> Body:
    subaccount = subaccount_of(account)
    return [(tags.AllocAccount, subaccount)] if subaccount else []


def _particulars(execution: Execution, flags: LogonFlags) -> Body:
    """Return the fields that only some kinds of report have."""
    report = execution.report
    if isinstance(report, Rejected):
        return [(fix.OrdRejReason, report.reason), (fix.Text, report.text)]
    if isinstance(report, PendingReport):
        return []
    body: Body = [(tags.LastMkt, execution.exec_id.shard)]
    if isinstance(report, Traded):
        body += _trade(report, flags)
        if execution.position is not None:
            body += _position(execution.position, flags)
    elif isinstance(report, Canceled) and report.text:
        body.append((fix.Text, report.text))
    elif isinstance(report, Replaced):
        body.append((fix.TimeInForce, _GOOD_TILL_DATE if report.expire_time_ns else _GOOD_TILL_CANCEL))
    return body


def _trade(report: Traded, flags: LogonFlags) -> Body:
    return [
        (fix.LastPx, price_text(report.last_px, flags.uses_dollars)),
        (fix.LastQty, qty_text(report.last_qty)),
        (fix.NoMiscFees, [fee_group(report.fee)]),
        (tags.ClearingBusinessDate, eastern_date(report.now_ns)),
        (tags.TrdMatchID, report.trade_id),
        (fix.AggressorIndicator, "Y" if report.is_taker else "N"),
    ]


def _position(position: PositionChanged, flags: LogonFlags) -> Body:
    change = [(tags.CollateralAmountChange, dollars(position.balance_change)), (tags.CollateralAmountType, BALANCE)]
    body: Body = [
        (tags.LongQty, qty_text(position.long_qty)),
        (tags.ShortQty, qty_text(position.short_qty)),
        (tags.NoCollateralAmountChanges, [change]),
    ]
    if flags.splits_returns and position.freed:
        body.append((tags.SingleMarketCollateralReturn, dollars(position.freed)))
    return body


def fee_group(fee: int) -> list[tuple[int, object]]:
    """Return the one entry of NoMiscFees(136): the exchange's fee, in dollars."""
    return [(fix.MiscFeeAmt, dollars(fee)), (fix.MiscFeeCurr, "USD"), (fix.MiscFeeType, "4"), (tags.MiscFeeBasis, "0")]
