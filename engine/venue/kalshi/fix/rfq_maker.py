"""Who answers requests for quotes, on KalshiRFQ: what the venue tells a maker, and what the maker says.

Units   as in `rfq`; a maker whose Logon has not UseDollars(21005) reads and writes cents.
Errors  ValueError for a quote that the venue would refuse; DecodeError for a message that cannot be read.
Source  Kalshi FIX: RFQ, maker side (R, S, AI, Z, U9, U7, U8, AG).
"""

from collections.abc import Callable

import msgspec

from engine import fix
from engine.codec import Fields
from engine.venue.kalshi.fix import tags
from engine.venue.kalshi.fix.reading import SIZE_DECIMALS, flag, message, needed, number, time_ns
from engine.venue.kalshi.fix.rfq import (
    QuoteRefused,
    RfqField,
    RfqLeg,
    TwoSidedQuote,
    outcome,
    price_fields,
    read_cash,
    read_legs,
    read_party,
    read_quote,
    read_refusal,
)
from engine.venue.kalshi.fix.tags import KalshiMsg

_STATES = {"0": "accepted", "5": "rejected", "10": "pending", "17": "canceled"}  # QuoteStatus(297)
_DONE = {"0": "canceled", "1": "rejected"}  # QuoteCancelType(298)
_CONFIRMED = {"0": "confirmed", "1": "rejected"}  # 21010
_POST_ONLY = "6"


class RfqNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A QuoteRequest(R) of somebody else, by quantity or by cash; `legs` of a combination."""

    rfq_id: str
    symbol: str
    order_qty: int | None
    cash: int | None
    collection: str
    legs: tuple[RfqLeg, ...]
    creator: str
    time_ns: int


class QuoteState(msgspec.Struct, frozen=True, kw_only=True):
    """A QuoteStatusReport(AI): `state` is pending, accepted, rejected, canceled or the venue's own number.

    `side` is the side that was accepted, from the maker's point of view; 0 before that.
    """

    quote_id: str
    rfq_id: str
    state: str
    side: int
    order_qty: int | None
    quote: TwoSidedQuote | None
    text: str
    sent_ns: int


class QuoteAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a cancel (U9) or a confirmation (U8): canceled, confirmed, rejected or the venue's own number."""

    quote_id: str
    outcome: str
    text: str


MakerMessage = RfqNotice | QuoteState | QuoteAnswered | QuoteRefused


def send_quote(
    quote_id: str,
    rfq_id: str,
    symbol: str,
    quote: TwoSidedQuote,
    *,
    in_cents: bool = False,
    post_only: bool = False,
    subaccount: int = 0,
    rest_remainder: bool | None = None,
) -> bytes:
    """Return the body of a Quote(S); a new one for the same market takes the place of the old."""
    fields: list[RfqField] = [
        (tags.QuoteID, quote_id),
        (tags.QuoteReqID, rfq_id),
        (fix.Symbol, symbol),
        *price_fields(quote, in_cents=in_cents),
        (fix.ExecInst, _POST_ONLY if post_only else None),
        (tags.AllocAccount, subaccount or None),
        (tags.RestRemainder, flag(rest_remainder)),
    ]
    return message(KalshiMsg.QUOTE, fields)


def confirm_quote(quote_id: str, rfq_id: str) -> bytes:
    """Return the body of a QuoteConfirm(U7), due within 30 seconds of the acceptance."""
    return message(KalshiMsg.QUOTE_CONFIRM, [(tags.QuoteID, quote_id), (tags.RfqId, rfq_id)])


def cancel_quote(quote_id: str, rfq_id: str) -> bytes:
    """Return the body of a QuoteCancel(Z)."""
    return message(KalshiMsg.QUOTE_CANCEL, [(tags.QuoteID, quote_id), (tags.RfqId, rfq_id)])


def read_maker(fields: Fields, *, in_cents: bool = False) -> MakerMessage | None:
    """Return what the venue says to a maker; None for a message that is about something else."""
    if fields.msg_type == KalshiMsg.QUOTE_STATUS_REPORT:
        return _state(fields, in_cents=in_cents)
    reader = _READERS.get(fields.msg_type)
    return None if reader is None else reader(fields)


def _notice(fields: Fields) -> RfqNotice:
    return RfqNotice(
        rfq_id=needed(fields, tags.QuoteReqID),
        symbol=fields.text(fix.Symbol),
        order_qty=number(fields, fix.OrderQty, SIZE_DECIMALS),
        cash=read_cash(fields),
        collection=fields.text(tags.MveCollection),
        legs=read_legs(fields),
        creator=read_party(fields),
        time_ns=time_ns(fields, fix.TransactTime) or time_ns(fields),
    )


def _state(fields: Fields, *, in_cents: bool) -> QuoteState:
    return QuoteState(
        quote_id=needed(fields, tags.QuoteID),
        rfq_id=fields.text(tags.QuoteReqID),
        state=outcome(fields, tags.QuoteStatus, _STATES),
        side=fields.integer(fix.Side, 0),
        order_qty=number(fields, fix.OrderQty, SIZE_DECIMALS),
        quote=read_quote(fields, in_cents=in_cents),
        text=fields.remark(),
        sent_ns=time_ns(fields),
    )


def _canceled(fields: Fields) -> QuoteAnswered:
    return _answered(fields, tags.QuoteCancelType, _DONE)


def _confirmed(fields: Fields) -> QuoteAnswered:
    return _answered(fields, tags.QuoteConfirmStatus, _CONFIRMED)


def _answered(fields: Fields, tag: int, words: dict[str, str]) -> QuoteAnswered:
    return QuoteAnswered(
        quote_id=needed(fields, tags.QuoteID), outcome=outcome(fields, tag, words), text=fields.remark()
    )


_READERS: dict[str, Callable[[Fields], MakerMessage | None]] = {
    KalshiMsg.QUOTE_REQUEST: _notice,
    KalshiMsg.QUOTE_CANCEL_STATUS: _canceled,
    KalshiMsg.QUOTE_CONFIRM_STATUS: _confirmed,
    KalshiMsg.QUOTE_REQUEST_REJECT: read_refusal,
}
