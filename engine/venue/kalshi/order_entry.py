"""Kalshi's FIX order entry: what differs from the plain dialect, and the signed Logon.

Units   prices in dollars of the YES contract on both sides, which is what UseDollars(21005)=Y makes them.
Errors  as in `fix44`.
Source  Kalshi FIX (FIXT.1.1, FIX 5.0 SP2): Logon, order entry, texts on execution reports, message matrix.
"""

from collections.abc import Iterable, Mapping

from engine import fix
from engine.codec import Fields
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.signing import SigningKey

CancelOrdersOnDisconnect = 8013
UseDollars = 21005
EnableIocCancelReport = 21007
PreserveOriginalOrderQty = 21008
UseExpiredOrdStatus = 21012
AlwaysEmitNewBeforeTrade = 21026

_LOGON_FLAGS = (
    CancelOrdersOnDisconnect,
    UseDollars,
    EnableIocCancelReport,  # else a partly filled IOC just stops
    PreserveOriginalOrderQty,  # else OrderQty(38) is LeavesQty + CumQty
    UseExpiredOrdStatus,
    AlwaysEmitNewBeforeTrade,  # else the acknowledgement may hide in the first fill
)
_ORDERS_OF_THIS_SESSION = "6"  # MassCancelRequestType(530)
_OMITTED = {
    fix.Msg.NEW_ORDER_SINGLE: (fix.TransactTime,),
    fix.Msg.ORDER_CANCEL_REPLACE_REQUEST: (fix.ExecInst, fix.TransactTime),
    fix.Msg.ORDER_CANCEL_REQUEST: (fix.OrderQty, fix.TransactTime),
    fix.Msg.ORDER_MASS_CANCEL_REQUEST: (fix.TransactTime,),
}
_OUTCOME_UNKNOWN = "EXCHANGE_UNAVAILABLE"  # Text(58) of a reject that may have been applied all the same


class KalshiOrders(Fix44):
    """The order dialect; `fixed` adds fields by MsgType, such as ExDestination(100) or AllocAccount(79)."""

    closed_texts = frozenset(("EXCHANGE_PAUSED", "MARKET_ALREADY_CLOSED", "MARKET_INACTIVE", "TRADING_PAUSED"))

    def __init__(
        self, instruments: Iterable[Instrument], *, fixed: Mapping[str, Iterable[tuple[int, str]]] | None = None
    ) -> None:
        super().__init__(instruments, fixed=fixed, omit=_OMITTED, mass_cancel_request_type=_ORDERS_OF_THIS_SESSION)

    def order_status(self, order: Order, now_ns: int) -> None:  # type: ignore[override]
        """Return nothing: the venue answers no OrderStatusRequest(H)."""

    def decode(self, fields: Fields) -> ExecutionReport | None:
        """Return the report of the plain dialect; UNKNOWN where the venue does not know the outcome."""
        report = super().decode(fields)
        if report is not None and report.text.startswith(_OUTCOME_UNKNOWN):
            report.exec_type = report.ord_status = fix.Status.UNKNOWN
        return report


class KalshiLogon:
    """A LogonDialect: the signature of this very Logon, and the flags that `KalshiOrders` counts on."""

    def __init__(self, credentials: SigningKey) -> None:
        self._credentials = credentials

    def logon_fields(self, header: dict[int, str]) -> list[tuple[int, str]]:
        """Return the fields that Logon(A) needs beside `header`, signed over it."""
        signature = self._credentials.logon_signature(header)
        signed = [(fix.RawDataLength, str(len(signature))), (fix.RawData, signature)]
        return signed + [(flag, "Y") for flag in _LOGON_FLAGS]
