"""The account over a session of FIX 4.4: open orders by OrderMassStatusRequest, positions by RequestForPositions.

Units   prices and sizes as in the instruments; of a market that is none of ours only that there is something.
Shapes  each request has an id, by which its answers are known; H has one too, and is answered under it.
Errors  DecodeError for an answer that cannot be read.
Source  FIX 4.4 volume 4: AF, H and 8; volume 5: AN, AO, AP; volume 2: 3, j. Tags 790 of H, 584, 911 and 912 of AF.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from engine import fix
from engine._decimal import parse_decimal
from engine.codec import Fields
from engine.codec._template import Template
from engine.errors import DecodeError
from engine.fix import Msg
from engine.orders.order import Order
from engine.orders.table import TERMINAL
from engine.venue.account import VenueOrder, VenuePosition
from engine.venue.session_account import (
    UNTOLD,
    AccountAnswer,
    AccountRefusal,
    OrderAnswer,
    PositionAnswer,
    PositionsAnnounced,
)

EVERY_ORDER = "7"  # MassStatusReqType(585)
POSITIONS = "0"  # PosReqType(724)
CUSTOMER_SIDE = 1  # AccountType(581)
CUSTOMER_ACCOUNT, PROPRIETARY = 24, "D"  # PartyRole(452), PartyIDSource(447)
UNKNOWN_ORDER = 5  # OrdRejReason(103)
NONE_FOUND, NOT_AUTHORIZED, NOT_SUPPORTED = 2, 3, 4  # PosReqResult(728)
REJECTED = 2  # PosReqStatus(729)
NO_SUCH_MESSAGE = MappingProxyType(
    {
        Msg.REJECT: (fix.SessionRejectReason, 11),
        Msg.BUSINESS_MESSAGE_REJECT: (fix.BusinessRejectReason, 3),
    }
)
HELD_NOW = ("TOT", "TQ", "FIN")  # PosType(703), the best first; any other is a part, or of another time
_ASKED = (Msg.ORDER_MASS_STATUS_REQUEST, Msg.REQUEST_FOR_POSITIONS, Msg.ORDER_STATUS_REQUEST)
_OF_POSITION = frozenset((fix.PosType, fix.LongQty, fix.ShortQty, 706, fix.NoPartyIDs, 539))
_S = 1_000_000_000


class Fix44Account:
    """A SessionAccountDialect; `units` are the decimals of prices and sizes by symbol, as they are at the time."""

    def __init__(self, units: Mapping[str, tuple[int, int]], account: str) -> None:
        self._units = units
        self._orders = Template(Msg.ORDER_MASS_STATUS_REQUEST, ((fix.MassStatusReqType, EVERY_ORDER),))
        self._order = Template(Msg.ORDER_STATUS_REQUEST)
        self._positions = Template(
            Msg.REQUEST_FOR_POSITIONS,
            (
                (fix.PosReqType, POSITIONS),
                (fix.NoPartyIDs, "1"),
                (fix.PartyID, account),
                (fix.PartyIDSource, PROPRIETARY),
                (fix.PartyRole, str(CUSTOMER_ACCOUNT)),
                (fix.Account, account),
                (fix.AccountType, str(CUSTOMER_SIDE)),
            ),
        )

    # Requests

    def every_order(self, request_id: str, now_ns: int) -> bytes:
        """Return the body of an OrderMassStatusRequest(AF)."""
        body = self._orders
        body.begin()
        body.text(fix.MassStatusReqID, request_id)
        return body.body()

    def one_order(self, order: Order, request_id: str, now_ns: int) -> bytes:
        """Return the body of an OrderStatusRequest(H) with an id of its own."""
        body = self._order
        body.begin()
        if order.order_id:
            body.text(fix.OrderID, order.order_id)
        body.text(fix.ClOrdID, order.cl_ord_id)
        body.text(fix.OrdStatusReqID, request_id)
        body.text(fix.Symbol, order.instrument.symbol)
        body.integer(fix.Side, order.side)
        return body.body()

    def every_position(self, request_id: str, now_ns: int) -> bytes:
        """Return the body of a RequestForPositions(AN)."""
        body = self._positions
        body.begin()
        body.text(fix.PosReqID, request_id)
        body.text(fix.ClearingBusinessDate, datetime.fromtimestamp(now_ns // _S, UTC).strftime("%Y%m%d"))
        body.timestamp(fix.TransactTime, now_ns)
        return body.body()

    # Answers

    def read(self, fields: Fields) -> AccountAnswer | None:
        """Return what a message answers, None for one that is about something else."""
        msg_type = fields.msg_type
        if msg_type == Msg.EXECUTION_REPORT:
            is_answer = fix.MassStatusReqID in fields or fix.OrdStatusReqID in fields
            return self._read_order(fields) if is_answer else None
        if msg_type == Msg.REQUEST_FOR_POSITIONS_ACK:
            return _read_ack(fields)
        if msg_type == Msg.POSITION_REPORT:
            return self._read_position(fields)
        return _read_refusal(fields, msg_type) if msg_type in NO_SUCH_MESSAGE else None

    def _read_order(self, fields: Fields) -> OrderAnswer | AccountRefusal | None:
        """Return what a report answers; one that carries no id of a request tells what happened, and is none."""
        request_id = fields.text(fix.MassStatusReqID)
        is_listed = bool(request_id)
        request_id = request_id or fields.text(fix.OrdStatusReqID)
        if not request_id or fields.text(fix.ExecType, fix.Exec.ORDER_STATUS) != fix.Exec.ORDER_STATUS:
            return None
        announced = fields.integer(fix.TotNumReports, UNTOLD) if is_listed else 1
        is_last = fields.text(fix.LastRptRequested) == "Y"
        if fields.text(fix.OrdStatus) != fix.Status.REJECTED:
            return OrderAnswer(request_id, self._order_of(fields), announced, is_last)
        if announced == 0 or fields.integer(fix.OrdRejReason, UNTOLD) == UNKNOWN_ORDER:
            return OrderAnswer(request_id, None, 0, True)
        if not is_listed:
            return OrderAnswer(request_id, self._order_of(fields), announced, is_last)  # it is over: it was rejected
        return AccountRefusal(request_id, UNTOLD, fields.remark() or "OrdStatus(39) Rejected", is_for_good=False)

    def _order_of(self, fields: Fields) -> VenueOrder:
        symbol = fields.text(fix.Symbol)
        units = self._units.get(symbol)
        cum_qty, leaves_qty = (_qty(fields, tag, units) for tag in (fix.CumQty, fix.LeavesQty))
        status = fields.text(fix.OrdStatus)
        return VenueOrder(
            order_id=fields.text(fix.OrderID),
            cl_ord_id=fields.text(fix.ClOrdID),
            symbol=symbol,
            side=fields.integer(fix.Side, 0),
            price=fields.decimal(fix.Price, units[0], 0) if units else 0,
            order_qty=_qty(fields, fix.OrderQty, units) if fix.OrderQty in fields else cum_qty + leaves_qty,
            cum_qty=cum_qty,
            leaves_qty=0 if status in TERMINAL else leaves_qty,
            status=status,
            reason=fields.remark(),
        )

    def _read_position(self, fields: Fields) -> PositionAnswer | AccountRefusal:
        request_id = fields.text(fix.PosReqID)
        if refusal := _refused(fields, request_id):
            return refusal
        symbol = fields.text(fix.Symbol)
        position = VenuePosition(symbol=symbol, net=_net(fields, self._units.get(symbol)), fees=None)
        return PositionAnswer(request_id, fields.text(fix.PosMaintRptID), position, _announced(fields))


def _read_ack(fields: Fields) -> PositionsAnnounced | AccountRefusal:
    request_id = fields.text(fix.PosReqID)
    if refusal := _refused(fields, request_id):
        return refusal
    is_none = fields.integer(fix.PosReqResult, 0) == NONE_FOUND
    return PositionsAnnounced(request_id, 0 if is_none else _announced(fields))


def _refused(fields: Fields, request_id: str) -> AccountRefusal | None:
    result = fields.integer(fix.PosReqResult, 0)
    if result in (0, NONE_FOUND) and fields.integer(fix.PosReqStatus, 0) != REJECTED:
        return None
    text = f"PosReqResult(728) {result}: {fields.remark() or 'no text'}"
    return AccountRefusal(request_id, UNTOLD, text, result in (NOT_AUTHORIZED, NOT_SUPPORTED))


def _read_refusal(fields: Fields, msg_type: str) -> AccountRefusal | None:
    """Return the refusal of one of our requests; of H and others the number says which one it was."""
    asked = fields.text(fix.RefMsgType)
    if asked and asked not in _ASKED:
        return None
    tag, no_such_message = NO_SUCH_MESSAGE[msg_type]
    reason = fields.integer(tag, UNTOLD)
    text = f"MsgType(35) {msg_type}, reason {reason}: {fields.remark() or 'no text'}"
    request_id, number = fields.text(fix.BusinessRejectRefID), fields.integer(fix.RefSeqNum, UNTOLD)
    return AccountRefusal(request_id, number, text, reason == no_such_message)


def _announced(fields: Fields) -> int:
    return fields.integer(fix.TotalNumPosReports, UNTOLD)


def _qty(fields: Fields, tag: int, units: tuple[int, int] | None) -> int:
    """Return a quantity; in a market whose unit nobody here knows, whether there is any."""
    return fields.decimal(tag, units[1], 0) if units is not None else _some(fields.text(tag))


def _some(text: str) -> int:
    return int(bool(text.strip("0.")))


def _net(fields: Fields, units: tuple[int, int] | None) -> int:
    """Return LongQty(704) less ShortQty(705) of what is held now."""
    held = [dict(entry) for entry in fields.group(fix.NoPositions, _OF_POSITION)]
    of_type = {entry.get(fix.PosType, b"TOT").decode("latin-1"): entry for entry in held}
    kind = next((kind for kind in HELD_NOW if kind in of_type), "")
    if not kind:
        raise DecodeError(f"NoPositions(702) has none of PosType(703) {', '.join(HELD_NOW)}: {', '.join(of_type)}")
    long, short = (_of_entry(of_type[kind], tag, units) for tag in (fix.LongQty, fix.ShortQty))
    return long - short


def _of_entry(entry: Mapping[int, bytes], tag: int, units: tuple[int, int] | None) -> int:
    text = entry.get(tag, b"0").decode("latin-1")
    return parse_decimal(text, units[1]) if units is not None else _some(text)
