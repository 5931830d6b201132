"""Events of the exchange as FIX 4.4 message bodies.

Units   prices, sizes and money as in `instrument`; times in ns, on the wire in UTC with milliseconds.
Shapes  a body is text: `35=8<SOH>`, then its fields, each closed by SOH; the session adds header and trailer.
Source  FIX 4.4 volume 4: ExecutionReport(8), OrderCancelReject(9), OrderMassCancelReport(r); volume 2:
        BusinessMessageReject(j); Kalshi FIX: report content, its own tags replaced by those of FIX 4.4.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from engine import fix
from engine._decimal import format_decimal
from engine.codec import Fields
from engine.exchange.events import (
    Busted,
    CancelRejected,
    Corrected,
    MassCanceled,
    OrderState,
    Rejected,
    Report,
    Traded,
    Undone,
)
from engine.instrument import Instrument

NONE = "NONE"  # OrderID(37) of an order that never got one, OrigClOrdID(41) of one that had none
UNDISCLOSED = 7  # Side(54) of no order at all
PRICE_DECIMALS, SIZE_DECIMALS = 4, 2  # of a symbol that the venue does not list
CXL_REJ_REASONS = frozenset((0, 1, 2, 3, 4, 5, 6))  # CxlRejReason(102) of FIX 4.4, the others are 99
OTHER = 99
EXCHANGE_FEE = "4"
ADDED, REMOVED = 1, 2  # LastLiquidityInd(851)
NS_PER_MS, NS_PER_SECOND = 1_000_000, 1_000_000_000


class BusinessReject(NamedTuple):
    """BusinessMessageReject(j) in answer to a message that never reached the exchange."""

    fields: Fields
    reason: int
    text: str


def decimals(instrument: Instrument | None) -> tuple[int, int]:
    """Return the decimal places of a price and of a size."""
    return (instrument.price_decimals, instrument.size_decimals) if instrument else (PRICE_DECIMALS, SIZE_DECIMALS)


class Reports:
    """Encodes events; the instruments give the decimals of their prices and sizes."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments

    def encode(self, event: Report | CancelRejected | MassCanceled, request: Fields | None = None) -> str:
        """Return the body of an event; `request` is the message that it answers, if any."""
        if isinstance(event, CancelRejected):
            return _cancel_reject(event)
        if isinstance(event, MassCanceled):
            return _mass_cancel_report(event, request)
        body = self._execution_report(event, request)
        return body + _order_state(request) if isinstance(event, OrderState) else body

    def encode_all(self, states: list[OrderState], request: Fields) -> list[str]:
        """Return the answers to an OrderMassStatusRequest(AF); without open orders, one that says so."""
        total = f"911={len(states)}\x01"
        bodies = [self.encode(state, request) + total for state in states]
        if not bodies:
            bodies = [
                f"35=8\x016=0\x0114=0\x0117=0\x0137={NONE}\x0139=8\x0154={UNDISCLOSED}\x0155={NONE}\x01"
                f"58=no open orders\x01103=5\x01150=I\x01151=0\x01584={request.text(fix.MassStatusReqID)}\x01{total}"
            ]
        bodies[-1] += "912=Y\x01"
        return bodies

    def _execution_report(self, report: Report, request: Fields | None) -> str:
        price_decimals, size_decimals = decimals(self._instruments.get(report.symbol))
        average = (report.cum_cost * 100 + report.cum_qty // 2) // report.cum_qty if report.cum_qty else 0
        symbol, side = report.symbol, str(report.side)
        if request is not None and report.side not in (fix.BUY, fix.SELL):  # unknown order, or a side of no use here
            symbol, side = request.text(fix.Symbol, NONE), request.text(fix.Side)
        body = (
            f"35=8\x016={format_decimal(average, price_decimals + 2)}\x0111={report.cl_ord_id}\x01"
            f"14={format_decimal(report.cum_qty, size_decimals)}\x0117={report.exec_id}\x01"
            f"37={report.order_id or NONE}\x0139={report.ord_status}\x0140={report.ord_type}\x01"
            f"54={side}\x0155={symbol}\x0159={report.time_in_force}\x0160={utc_timestamp(report.now_ns)}\x01"
            f"150={report.exec_type}\x01151={format_decimal(report.leaves_qty, size_decimals)}\x01"
        )
        if report.order_qty > 0:
            body += f"38={format_decimal(report.order_qty, size_decimals)}\x01"
        if report.price > 0:
            body += f"44={format_decimal(report.price, price_decimals)}\x01"
        if report.orig_cl_ord_id:
            body += f"41={report.orig_cl_ord_id}\x01"
        if report.expire_time_ns:
            body += f"126={utc_timestamp(report.expire_time_ns)}\x01"
        if isinstance(report, Undone):
            body += f"19={report.exec_ref_id}\x01"
        if isinstance(report, Traded | Corrected):
            return body + _trade(report, price_decimals, size_decimals)
        if isinstance(report, Busted):
            return body + _last(report.undo_px, report.undo_qty, price_decimals, size_decimals)
        return body + _reason(report)


def encode_reject(reject: BusinessReject) -> str:
    """Return the body of a BusinessMessageReject(j)."""
    fields = reject.fields
    ref_id = fields.text(fix.ClOrdID) or fields.text(fix.MassStatusReqID) or fields.text(fix.PosReqID)
    named = f"379={ref_id}\x01" if ref_id else ""
    return (
        f"35=j\x0145={fields.integer(fix.MsgSeqNum, 0)}\x0158={reject.text}\x01"
        f"372={fields.msg_type}\x01{named}380={reject.reason}\x01"
    )


def utc_timestamp(now_ns: int) -> str:
    """Return UTCTimestamp text with milliseconds."""
    return f"{_utc_second(now_ns // NS_PER_SECOND)}.{now_ns // NS_PER_MS % 1000:03d}"


@lru_cache(maxsize=64)
def _utc_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d-%H:%M:%S")


def _last(price: int, qty: int, price_decimals: int, size_decimals: int) -> str:
    return f"31={format_decimal(price, price_decimals)}\x0132={format_decimal(qty, size_decimals)}\x01"


def _trade(report: Traded | Corrected, price_decimals: int, size_decimals: int) -> str:
    return _last(report.last_px, report.last_qty, price_decimals, size_decimals) + (
        f"136=1\x01137={format_decimal(report.fee, price_decimals + size_decimals)}\x01138=USD\x01"
        f"139={EXCHANGE_FEE}\x01527={report.trade_id}\x01851={REMOVED if report.is_taker else ADDED}\x01"
    )


def _reason(report: Report) -> str:
    text = getattr(report, "text", "")
    body = f"58={text}\x01" if text else ""
    if isinstance(report, Rejected) or (isinstance(report, OrderState) and report.reason):
        body += f"103={report.reason}\x01"
    return body


def _order_state(request: Fields | None) -> str:
    """Repeat the id under which the state was asked for."""
    for tag in (fix.OrdStatusReqID, fix.MassStatusReqID):
        if request is not None and tag in request:
            return f"{tag}={request.text(tag)}\x01"
    return ""


def _cancel_reject(event: CancelRejected) -> str:
    reason = event.reason if event.reason in CXL_REJ_REASONS else OTHER
    return (
        f"35=9\x0111={event.cl_ord_id}\x0137={event.order_id or NONE}\x0139={event.ord_status}\x01"
        f"41={event.orig_cl_ord_id or NONE}\x0158={event.text}\x0160={utc_timestamp(event.now_ns)}\x01"
        f"102={reason}\x01434={event.response_to}\x01"
    )


def _mass_cancel_report(event: MassCanceled, request: Fields | None) -> str:
    kind = request.text(fix.MassCancelRequestType) if request is not None else "7"
    refused = event.reason >= 0
    body = (
        f"35=r\x0111={event.cl_ord_id}\x0137={event.exec_id}\x0160={utc_timestamp(event.now_ns)}\x01"
        f"530={kind}\x01531={0 if refused else kind}\x01533={event.affected}\x01"
    )
    if event.symbol:
        body += f"55={event.symbol}\x01"
    return body + (f"58={event.text}\x01532={event.reason}\x01" if refused else "")
