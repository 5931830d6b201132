"""Who asks for quotes, on KalshiRT: the requests, and what the venue says to them.

Units   as in `rfq`. Prices of quotes come in dollars, whatever the Logon says.
Errors  ValueError for a request that the venue would refuse; DecodeError for a message that cannot be read.
Source  Kalshi FIX: RFQ, creator side (R, b, S, UA, UC, UE, UB, AG).
"""

from collections.abc import Callable

import msgspec

from engine import fix
from engine.codec import Fields
from engine.venue.kalshi.fix import tags
from engine.venue.kalshi.fix.reading import SIZE_DECIMALS, flag, message, needed, number, size_text, time_ns
from engine.venue.kalshi.fix.rfq import (
    QuoteRefused,
    RfqField,
    RfqLeg,
    TwoSidedQuote,
    cash_text,
    is_side,
    leg_fields,
    outcome,
    read_party,
    read_quote,
    read_refusal,
)
from engine.venue.kalshi.fix.tags import KalshiMsg

_ACCEPTED = {"0": "accepted", "1": "rejected"}  # 21025
_CANCELED = {"0": "canceled", "1": "rejected", "2": "expired"}  # 21013


class RfqAcknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """A QuoteRequestAck(b): the venue's name for our request, and of a combination its new market."""

    quote_req_id: str
    rfq_id: str
    symbol: str
    shard: int


class QuoteReceived(msgspec.Struct, frozen=True, kw_only=True):
    """A Quote(S) of a maker for our request."""

    quote_id: str
    rfq_id: str
    symbol: str
    quote: TwoSidedQuote | None
    order_qty: int | None
    maker: str
    time_ns: int


class AcceptAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """An AcceptQuoteStatus(UC): `outcome` is accepted, rejected or the venue's own number."""

    quote_id: str
    accepted_quote_id: str
    cl_ord_id: str
    outcome: str
    text: str


class RfqEnded(msgspec.Struct, frozen=True, kw_only=True):
    """An RFQCancelStatus(UB), which may come unasked: `outcome` is canceled, rejected, expired or a number."""

    quote_req_id: str
    rfq_id: str
    outcome: str
    text: str


CreatorMessage = RfqAcknowledged | QuoteReceived | AcceptAnswered | RfqEnded | QuoteRefused


def create_rfq(
    quote_req_id: str,
    symbol: str = "",
    *,
    qty: int | None = None,
    cash: int | None = None,
    collection: str = "",
    legs: tuple[RfqLeg, ...] = (),
    subaccount: int = 0,
    rest_remainder: bool | None = None,
    replace_existing: bool | None = None,
    cash_excludes_fees: bool | None = None,
    obscure_creator: bool | None = None,
) -> bytes:
    """Return the body of a QuoteRequest(R) for a market, or a combination of legs, by quantity or by cash."""
    if bool(symbol) == bool(legs):
        raise ValueError("an RFQ is for a market or for a combination of legs: name one of them")
    if (qty is None) == (cash is None):
        raise ValueError("an RFQ is for a quantity or for an amount of cash: give one of them")
    if cash_excludes_fees is not None and cash is None:
        raise ValueError("cash_excludes_fees is about an amount of cash: give it, or leave this out")
    fields: list[RfqField] = [
        (tags.QuoteReqID, quote_req_id),
        (tags.NoRelatedSym, 1),
        (fix.Symbol, symbol),
        (fix.OrderQty, size_text(qty)),
        (tags.CashOrderQty, cash_text(cash)),
        (tags.RestRemainder, flag(rest_remainder)),
        (tags.ReplaceExisting, flag(replace_existing)),
        (tags.TargetCostExcludesFees, flag(cash_excludes_fees)),
        (tags.AllocAccount, subaccount or None),
        *leg_fields(collection, legs),
        (tags.ObscureCreatorId, flag(obscure_creator)),
    ]
    return message(KalshiMsg.QUOTE_REQUEST, fields)


def accept_quote(
    quote_id: str, rfq_id: str, side: int, cl_ord_id: str, *, qty: int | None = None, text: str = ""
) -> bytes:
    """Return the body of an AcceptQuote(UA): side 1 takes the maker's offer of YES, 2 hits its bid."""
    if not is_side(side):
        raise ValueError(f"side {side} is neither 1, buy, nor 2, sell")
    fields: list[RfqField] = [
        (tags.QuoteID, quote_id),
        (tags.RfqId, rfq_id),
        (fix.Side, side),
        (fix.OrderQty, size_text(qty)),
        (fix.ClOrdID, cl_ord_id),
        (tags.AcceptText, text),
    ]
    return message(KalshiMsg.ACCEPT_QUOTE, fields)


def cancel_rfq(quote_req_id: str = "", rfq_id: str = "") -> bytes:
    """Return the body of an RFQCancel(UE), by our own name of the request or the venue's."""
    if bool(quote_req_id) == bool(rfq_id):
        raise ValueError("an RFQ is cancelled by its QuoteReqID or by its RfqId: give one of them")
    return message(KalshiMsg.RFQ_CANCEL, [(tags.QuoteReqID, quote_req_id), (tags.RfqId, rfq_id)])


def read_creator(fields: Fields) -> CreatorMessage | None:
    """Return what the venue says to a creator; None for a message that is about something else."""
    reader = _READERS.get(fields.msg_type)
    return None if reader is None else reader(fields)


def _created(fields: Fields) -> RfqAcknowledged:
    return RfqAcknowledged(
        quote_req_id=needed(fields, tags.QuoteReqID),
        rfq_id=needed(fields, tags.RfqId),
        symbol=fields.text(fix.Symbol),
        shard=fields.integer(tags.ExDestination, 0),
    )


def _received(fields: Fields) -> QuoteReceived:
    return QuoteReceived(
        quote_id=needed(fields, tags.QuoteID),
        rfq_id=needed(fields, tags.QuoteReqID),
        symbol=needed(fields, fix.Symbol),
        quote=read_quote(fields, in_cents=False),
        order_qty=number(fields, fix.OrderQty, SIZE_DECIMALS),
        maker=read_party(fields),
        time_ns=time_ns(fields, fix.TransactTime) or time_ns(fields),
    )


def _accepted(fields: Fields) -> AcceptAnswered:
    return AcceptAnswered(
        quote_id=needed(fields, tags.QuoteID),
        accepted_quote_id=fields.text(tags.AcceptedQuoteId),
        cl_ord_id=fields.text(fix.ClOrdID),
        outcome=outcome(fields, tags.QuoteAcceptStatus, _ACCEPTED),
        text=fields.remark(),
    )


def _ended(fields: Fields) -> RfqEnded:
    return RfqEnded(
        quote_req_id=fields.text(tags.QuoteReqID),
        rfq_id=fields.text(tags.RfqId),
        outcome=outcome(fields, tags.RfqCancelStatus, _CANCELED),
        text=fields.remark(),
    )


_READERS: dict[str, Callable[[Fields], CreatorMessage | None]] = {
    KalshiMsg.QUOTE_REQUEST_ACK: _created,
    KalshiMsg.QUOTE: _received,
    KalshiMsg.ACCEPT_QUOTE_STATUS: _accepted,
    KalshiMsg.RFQ_CANCEL_STATUS: _ended,
    KalshiMsg.QUOTE_REQUEST_REJECT: read_refusal,
}
