"""FIX 4.4 order messages as requests to the exchange.

Units   prices and sizes as in `instrument`; a number finer than its unit becomes WRONG, which the exchange refuses.
Errors  none: a message that the venue cannot act on becomes a BusinessReject.
Source  FIX 4.4 volume 4: order messages; volume 2: BusinessMessageReject(j).
"""

from collections.abc import Callable, Mapping

from engine import fix
from engine.codec import Fields
from engine.errors import DecodeError
from engine.exchange.events import Cancel, MassCancel, NewOrder, Replace, Request, StatusRequest
from engine.instrument import Instrument
from engine.sim.fix.reports import BusinessReject, decimals

WRONG = -1
OTHER, UNSUPPORTED_TYPE, FIELD_MISSING = 0, 3, 5  # BusinessRejectReason(380)
ALL_ORDERS = ("6", "7")  # MassCancelRequestType(530): of a trading session (Kalshi's word for all), all
OF_SYMBOL = "1"
MASS_STATUS_OF_ALL = "7"  # MassStatusReqType(585)


class OrderEntry:
    """Decodes requests; the instruments give the decimals of their prices and sizes."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments
        self._decode: dict[str, Callable[[Fields], Request | BusinessReject]] = {
            fix.Msg.NEW_ORDER_SINGLE: self._new_order,
            fix.Msg.ORDER_CANCEL_REQUEST: self._cancel,
            fix.Msg.ORDER_CANCEL_REPLACE_REQUEST: self._replace,
            fix.Msg.ORDER_MASS_CANCEL_REQUEST: self._mass_cancel,
            fix.Msg.ORDER_STATUS_REQUEST: self._status,
            fix.Msg.ORDER_MASS_STATUS_REQUEST: self._mass_status,
        }

    def decode(self, fields: Fields) -> Request | BusinessReject:
        """Return the request in a message; the account is the sender's CompID."""
        decode = self._decode.get(fields.msg_type)
        if decode is None:
            return BusinessReject(fields, UNSUPPORTED_TYPE, f"MsgType(35) unsupported: {fields.msg_type}")
        try:
            return decode(fields)
        except DecodeError as error:
            return BusinessReject(fields, OTHER, str(error))

    def _new_order(self, fields: Fields) -> Request | BusinessReject:
        ord_type = fields.text(fix.OrdType)
        time_in_force = fields.text(fix.TimeInForce, fix.Tif.DAY)
        needed = [(fix.Symbol, "Symbol(55)"), (fix.OrderQty, "OrderQty(38)")]
        if ord_type == fix.Type.LIMIT:
            needed.append((fix.Price, "Price(44)"))
        if time_in_force == fix.Tif.GTD:
            needed.append((fix.ExpireTime, "ExpireTime(126)"))
        for tag, name in needed:
            if tag not in fields:
                return _missing(fields, name)
        return NewOrder(
            account=fields.text(fix.SenderCompID),
            cl_ord_id=fields.text(fix.ClOrdID),
            symbol=fields.text(fix.Symbol),
            side=_side(fields),
            order_qty=self._qty(fields),
            price=self._price(fields) if ord_type == fix.Type.LIMIT else 0,
            ord_type=ord_type,
            time_in_force=time_in_force,
            expire_time_ns=fields.timestamp_ns(fix.ExpireTime, 0),
            post_only=fix.POST_ONLY in fields.text(fix.ExecInst).split(),
        )

    def _cancel(self, fields: Fields) -> Request:
        return Cancel(
            account=fields.text(fix.SenderCompID),
            cl_ord_id=fields.text(fix.ClOrdID),
            orig_cl_ord_id=fields.text(fix.OrigClOrdID),
            order_id=fields.text(fix.OrderID),
            symbol=fields.text(fix.Symbol),
            side=_side(fields),
        )

    def _replace(self, fields: Fields) -> Request | BusinessReject:
        for tag, name in ((fix.OrderQty, "OrderQty(38)"), (fix.Price, "Price(44)")):
            if tag not in fields:
                return _missing(fields, name)
        return Replace(
            account=fields.text(fix.SenderCompID),
            cl_ord_id=fields.text(fix.ClOrdID),
            orig_cl_ord_id=fields.text(fix.OrigClOrdID),
            order_id=fields.text(fix.OrderID),
            symbol=fields.text(fix.Symbol),
            side=_side(fields),
            order_qty=self._qty(fields),
            price=self._price(fields),
            time_in_force=fields.text(fix.TimeInForce),
            expire_time_ns=fields.timestamp_ns(fix.ExpireTime, 0),
        )

    def _mass_cancel(self, fields: Fields) -> Request | BusinessReject:
        kind = fields.text(fix.MassCancelRequestType)
        if kind not in (OF_SYMBOL, *ALL_ORDERS):
            return BusinessReject(fields, UNSUPPORTED_TYPE, f"MassCancelRequestType(530) unsupported: {kind}")
        if kind == OF_SYMBOL and fix.Symbol not in fields:
            return _missing(fields, "Symbol(55)")
        return MassCancel(
            account=fields.text(fix.SenderCompID),
            cl_ord_id=fields.text(fix.ClOrdID),
            symbol=fields.text(fix.Symbol) if kind == OF_SYMBOL else "",
            side=_side(fields),
        )

    def _status(self, fields: Fields) -> Request:
        account, cl_ord_id = fields.text(fix.SenderCompID), fields.text(fix.ClOrdID)
        return StatusRequest(account=account, cl_ord_id=cl_ord_id, order_id=fields.text(fix.OrderID))

    def _mass_status(self, fields: Fields) -> Request | BusinessReject:
        kind = fields.text(fix.MassStatusReqType)
        if kind != MASS_STATUS_OF_ALL:
            return BusinessReject(fields, UNSUPPORTED_TYPE, f"MassStatusReqType(585) unsupported: {kind}")
        return StatusRequest(account=fields.text(fix.SenderCompID))

    def _price(self, fields: Fields) -> int:
        return _number(fields, fix.Price, decimals(self._instruments.get(fields.text(fix.Symbol)))[0])

    def _qty(self, fields: Fields) -> int:
        return _number(fields, fix.OrderQty, decimals(self._instruments.get(fields.text(fix.Symbol)))[1])


def _missing(fields: Fields, name: str) -> BusinessReject:
    return BusinessReject(fields, FIELD_MISSING, f"{name} conditionally required")


def _side(fields: Fields) -> int:
    """Return Side(54); 0 if there is none, WRONG for a side that the venue does not trade."""
    text = fields.text(fix.Side)
    return {"": 0, "1": fix.BUY, "2": fix.SELL}.get(text, WRONG)


def _number(fields: Fields, tag: int, places: int) -> int:
    try:
        return fields.decimal(tag, places, WRONG)
    except DecodeError:
        return WRONG
