"""What a client asks for in its Logon, each flag with its default.

Errors  `read_flags` returns a Fault for a value that is none, or for flags that exclude each other.
Source  Kalshi FIX: Logon, listener sessions.
"""

from typing import NamedTuple

from engine.codec import Fields
from engine.errors import DecodeError
from engine.session.protocol.faults import Fault, Reason
from engine.sim.fix.kalshi.kinds import NR, PT, RT, GatewayKind
from engine.venue.kalshi.fix import tags

DEFAULT_RETENTION_HOURS, MOST_RETENTION_HOURS = 24, 72
_YES_OR_NO = {b"Y": True, b"N": False}


class LogonFlags(NamedTuple):
    """The flags of one Logon."""

    cancels_on_disconnect: bool = False
    is_listener: bool = False
    wants_settlements: bool = False
    retention_hours: int = DEFAULT_RETENTION_HOURS
    uses_dollars: bool = False
    reports_ioc_rest: bool = False
    keeps_order_qty: bool = False
    skips_pending: bool = False
    says_expired: bool = False
    emits_new_first: bool = False
    splits_returns: bool = False


_FLAGS = {
    "cancels_on_disconnect": tags.CancelOrdersOnDisconnect,
    "is_listener": tags.ListenerSession,
    "wants_settlements": tags.ReceiveSettlementReports,
    "uses_dollars": tags.UseDollars,
    "reports_ioc_rest": tags.EnableIocCancelReport,
    "keeps_order_qty": tags.PreserveOriginalOrderQty,
    "skips_pending": tags.SkipPendingExecReports,
    "says_expired": tags.UseExpiredOrdStatus,
    "emits_new_first": tags.AlwaysEmitNewBeforeTrade,
    "splits_returns": tags.SplitCollateralReturn,
}


def read_flags(kind: GatewayKind, logon: Fields) -> LogonFlags | Fault:
    """Return the flags of a Logon, or why the venue does not take them."""
    values: dict[str, bool] = {"wants_settlements": kind is PT}
    for name, tag in _FLAGS.items():
        if (value := logon.get(tag)) is None:
            continue
        if value not in _YES_OR_NO:
            return Fault(Reason.VALUE_INCORRECT, tag, "Value is incorrect: Y or N")
        values[name] = _YES_OR_NO[value]
    flags = LogonFlags(**values)
    return _conflict(kind, flags) or _with_retention(kind, flags, logon)


def _conflict(kind: GatewayKind, flags: LogonFlags) -> Fault | None:
    """Return what does not go together, or not on this kind of session."""
    wrong = Reason.VALUE_INCORRECT
    if flags.is_listener and kind not in (NR, RT):
        return Fault(wrong, tags.ListenerSession, "ListenerSession is available on KalshiNR and KalshiRT only")
    if flags.is_listener and not flags.skips_pending:
        return Fault(wrong, tags.SkipPendingExecReports, "ListenerSession requires SkipPendingExecReports=Y")
    if flags.is_listener and flags.cancels_on_disconnect:
        return Fault(wrong, tags.CancelOrdersOnDisconnect, "CancelOrdersOnDisconnect must be N on a ListenerSession")
    if flags.wants_settlements and kind not in (NR, RT, PT):
        text = "ReceiveSettlementReports is available on KalshiNR, KalshiRT and KalshiPT only"
        return Fault(wrong, tags.ReceiveSettlementReports, text)
    return None


def _with_retention(kind: GatewayKind, flags: LogonFlags, logon: Fields) -> LogonFlags | Fault:
    if tags.MessageRetentionPeriod not in logon:
        return flags
    try:
        hours = logon.integer(tags.MessageRetentionPeriod, 0)
    except DecodeError:
        return Fault(Reason.INCORRECT_DATA_FORMAT, tags.MessageRetentionPeriod, "Incorrect data format for value")
    if not kind.recovers:
        text = "MessageRetentionPeriod is available on KalshiRT and KalshiPT only"
        return Fault(Reason.VALUE_INCORRECT, tags.MessageRetentionPeriod, text)
    if not 1 <= hours <= MOST_RETENTION_HOURS:
        text = f"MessageRetentionPeriod must be 1 to {MOST_RETENTION_HOURS} hours"
        return Fault(Reason.VALUE_INCORRECT, tags.MessageRetentionPeriod, text)
    return flags._replace(retention_hours=hours)
