"""What fields each message of a client has, and what is wrong with one: the session's own check, before any meaning.

Errors  none: `find_fault` returns what a Reject(3) says.
Source  Kalshi FIX: order entry, order groups, drop copy, market data, RFQ messages, Reject(3).
"""

import re
from collections.abc import Callable, Mapping

from engine import fix
from engine.codec import Fields
from engine.session.protocol.faults import Fault, Reason
from engine.venue.kalshi.fix import tags

UNDEFINED_TAG = 3  # SessionRejectReason(373)
_HEADER = frozenset((8, 9, 10, 34, 35, 43, 49, 50, 52, 56, 57, 89, 93, 97, 115, 122, 128, 142, 143, 1128, 1129, 1137))
_WRONG_FORMAT, _WRONG_VALUE = Reason.INCORRECT_DATA_FORMAT, Reason.VALUE_INCORRECT
_DECIMAL = re.compile(r"-?\d{1,18}(\.\d{1,18})?")
_WHOLE = re.compile(r"-?\d{1,18}")
_PARTIES = (tags.NoPartyIDs, tags.PartyID, tags.PartyRole, 447)

Check = Callable[[str], int]  # returns SessionRejectReason(373), -1 for a sound value


def _any(text: str) -> int:
    return -1


def _decimal(text: str) -> int:
    return -1 if _DECIMAL.fullmatch(text) else _WRONG_FORMAT


def _one_of(*values: str) -> Check:
    return lambda text: -1 if text in values else _WRONG_VALUE


def _whole(least: int, most: int = 10**15) -> Check:
    def check(text: str) -> int:
        """Judge a whole number."""
        if not _WHOLE.fullmatch(text):
            return _WRONG_FORMAT
        return -1 if least <= int(text) <= most else _WRONG_VALUE

    return check


def _time(text: str) -> int:
    return -1 if re.fullmatch(r"\d{8}-\d\d:\d\d:\d\d(\.\d{1,9})?", text) else _WRONG_FORMAT


def _instructions(text: str) -> int:
    return -1 if text.split() and set(text.split()) <= {"6", "E"} else _WRONG_VALUE


_FLAG = _one_of("Y", "N")
_CHECKS: dict[int, Check] = {
    fix.ExecInst: _instructions,
    fix.OrderQty: _decimal,
    fix.OrdType: _one_of(fix.Type.LIMIT),
    fix.Price: _decimal,
    fix.Side: _one_of("1", "2"),
    fix.TimeInForce: _one_of("0", "1", "3", "4", "6"),
    fix.ExpireTime: _time,
    fix.TransactTime: _time,
    fix.MassCancelRequestType: _one_of("6"),
    tags.AllocAccount: _whole(0, 63),
    tags.ExDestination: _whole(-1, 999),
    tags.SelfTradePreventionType: _one_of("1", "2"),
    tags.CancelOrderOnPause: _FLAG,
    tags.MaxExecutionCost: _decimal,
    tags.OrderGroupAction: _one_of("1", "2", "3", "4", "5"),
    tags.OrderGroupContractsLimit: _whole(1, 1_000_000),
    tags.SubscriptionRequestType: _any,  # a wrong one is answered by Y
    tags.NoRelatedSym: _whole(0),
    tags.CashOrderQty: _decimal,
    tags.BidPx: _decimal,
    tags.OfferPx: _decimal,
    tags.RestRemainder: _FLAG,
    tags.ReplaceExisting: _FLAG,
    tags.TargetCostExcludesFees: _FLAG,
    tags.ObscureCreatorId: _FLAG,
}

_PLACE = (tags.AllocAccount, tags.ExDestination, *_PARTIES)
_NEW = (fix.ClOrdID, fix.OrderQty, fix.OrdType, fix.Price, fix.Side, fix.Symbol)
_RFQ_LEGS = (tags.MveCollection, tags.NoLegs, tags.LegEvent, tags.LegMarket, tags.LegSide)


def _message(required: tuple[int, ...], optional: tuple[int, ...]) -> Mapping[int, bool]:
    return {**dict.fromkeys(optional, False), **dict.fromkeys(required, True)}


# For each MsgType its tags, and whether they are required
MESSAGES: Mapping[str, Mapping[int, bool]] = {
    fix.Msg.NEW_ORDER_SINGLE: _message(
        _NEW,
        (
            fix.ExecInst, fix.TimeInForce, fix.ExpireTime, fix.TransactTime, tags.SecondaryClOrdID, tags.OrderGroupID,
            tags.SelfTradePreventionType, tags.CancelOrderOnPause, tags.MaxExecutionCost, tags.QuoteID, tags.RfqId,
            *_PLACE,
        ),
    ),
    fix.Msg.ORDER_CANCEL_REPLACE_REQUEST: _message(
        (fix.ClOrdID, fix.OrigClOrdID, fix.OrderQty, fix.OrdType, fix.Side, fix.Symbol),
        (fix.OrderID, fix.Price, fix.TimeInForce, fix.ExpireTime, fix.TransactTime, *_PLACE),
    ),
    fix.Msg.ORDER_CANCEL_REQUEST: _message(
        (fix.ClOrdID, fix.OrigClOrdID, fix.Side, fix.Symbol), (fix.OrderID, fix.OrderQty, fix.TransactTime, *_PLACE)
    ),
    fix.Msg.ORDER_MASS_CANCEL_REQUEST: _message((fix.ClOrdID, fix.MassCancelRequestType), (fix.TransactTime,)),
    "UOG": _message(
        (tags.OrderGroupAction,),
        (tags.OrderGroupID, tags.OrderGroupContractsLimit, tags.AllocAccount, tags.ExDestination),
    ),
    "U1": _message((tags.BeginExecID,), (tags.EndExecID,)),
    "V": _message((tags.SubscriptionRequestType,), (tags.NoRelatedSym, fix.Symbol, 262)),
    "e": _message((tags.SubscriptionRequestType, fix.Symbol), (324,)),
    "R": _message(
        (tags.QuoteReqID,),
        (
            tags.NoRelatedSym, fix.Symbol, fix.OrderQty, tags.CashOrderQty, tags.RestRemainder, tags.ReplaceExisting,
            tags.TargetCostExcludesFees, tags.ObscureCreatorId, tags.AllocAccount, *_PARTIES, *_RFQ_LEGS,
        ),
    ),
    "S": _message(
        (tags.QuoteID, tags.QuoteReqID, tags.BidPx, tags.OfferPx),
        (fix.Symbol, fix.ExecInst, tags.AllocAccount, tags.RestRemainder),
    ),
    "Z": _message((tags.QuoteID,), (tags.RfqId, tags.QuoteCancelType)),
    "U7": _message((tags.QuoteID,), (tags.RfqId,)),
    "UA": _message(
        (tags.QuoteID, tags.RfqId, fix.Side), (fix.OrderQty, fix.ClOrdID, tags.AcceptText, *_PARTIES)
    ),
    "UE": _message((), (tags.QuoteReqID, tags.RfqId)),
}  # fmt: skip
_KNOWN = _HEADER | {tag for message in MESSAGES.values() for tag in message} | {
    value for name, value in vars(tags).items() if not name.startswith("_") and isinstance(value, int)
} | {value for name, value in vars(fix).items() if name[0].isupper() and isinstance(value, int)}  # fmt: skip


def find_fault(fields: Fields) -> Fault | None:
    """Return the first fault of a message whose MsgType(35) is known here."""
    message = MESSAGES[fields.msg_type]
    for tag, raw in fields:
        if tag in _HEADER:
            continue
        if tag not in message:
            known = tag in _KNOWN
            text = "Tag not defined for this message type" if known else "Undefined tag received"
            return Fault(Reason.TAG_NOT_DEFINED_FOR_MESSAGE if known else UNDEFINED_TAG, tag, text)
        if (check := _CHECKS.get(tag)) is not None and (reason := check(raw.decode("latin-1"))) >= 0:
            text = "Value is incorrect" if reason == _WRONG_VALUE else "Incorrect data format for value"
            return Fault(reason, tag, f"{text} (out of range) for this tag" if reason == _WRONG_VALUE else text)
    missing = next((tag for tag, is_required in message.items() if is_required and tag not in fields), None)
    return None if missing is None else Fault(Reason.REQUIRED_TAG_MISSING, missing, "Required tag missing")
