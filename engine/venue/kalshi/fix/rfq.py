"""Requests for quotes over FIX: what both sides say, as values; `rfq_creator` and `rfq_maker` write and read them.

Units   prices in 10**-4 dollar, quantities in 0.01 contract, cash in 10**-6 dollar; -1 is a price that is not quoted.
Shapes  a bid is what the maker pays for YES. The venue writes the offer as the NO price that the maker pays; here it is
        the YES ask, 1 dollar less it, as everywhere.
Errors  DecodeError for a message that cannot be read.
Source  Kalshi FIX: RFQ.
"""

from collections.abc import Mapping

import msgspec

from engine import fix
from engine._decimal import format_decimal, parse_decimal
from engine.codec import Fields
from engine.errors import DecodeError
from engine.venue.kalshi.fix import tags
from engine.venue.kalshi.fix.reading import PRICE_DECIMALS, SIZE_DECIMALS, entries, needed, number
from engine.venue.kalshi.fix.tags import KalshiMsg

ONE = 10**PRICE_DECIMALS  # dollar
NO_QUOTE = -1
CONFIRM_WITHIN_NS = 30 * 1_000_000_000  # of its acceptance, or the maker's quote is void

# BidPx(132) and OfferPx(133) of a maker whose Logon does not say UseDollars are cents
_CENT_DECIMALS = PRICE_DECIMALS - 2
_LEG = (tags.LegEvent, tags.LegMarket, tags.LegSide)
_CASH_DECIMALS = 6
_REASONS = {1: "unknown symbol", 3: "over a limit", 11: "not supported", 99: "other"}

RfqField = tuple[int, str | int | None]


class RfqLeg(msgspec.Struct, frozen=True):
    """One market of a combination, and which side of it must hold."""

    event: str
    market: str
    side: str  # "yes" or "no"

    def __post_init__(self) -> None:
        if self.side not in ("yes", "no"):
            raise ValueError(f"leg {self.market}: side {self.side!r} is neither yes nor no")


class TwoSidedQuote(msgspec.Struct, frozen=True, kw_only=True):
    """YES prices of one maker, and for how many contracts each holds."""

    bid: int = NO_QUOTE
    ask: int = NO_QUOTE
    bid_qty: int | None = None
    ask_qty: int | None = None

    def __post_init__(self) -> None:
        if self.bid == self.ask == NO_QUOTE:
            raise ValueError("a quote has a bid, an ask or both: give one")
        for price in (self.bid, self.ask):
            if price != NO_QUOTE and not 0 < price < ONE:
                raise ValueError(f"{price} is not strictly between 0 and {ONE}")


class QuoteRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A QuoteRequestReject(AG): `quote_req_id` is ours for a creator, the venue's for a maker."""

    quote_req_id: str
    reason: int
    text: str
    code: str
    parts: tuple[str, ...]


def price_fields(quote: TwoSidedQuote, *, in_cents: bool) -> list[RfqField]:
    """Return BidPx(132) and OfferPx(133): the YES bid, and 1 dollar less the YES ask; 0 where there is none."""
    no_price = ONE - quote.ask if quote.ask != NO_QUOTE else 0
    bid = max(quote.bid, 0)
    return [(tags.BidPx, _text(bid, in_cents)), (tags.OfferPx, _text(no_price, in_cents))]


def read_quote(fields: Fields, *, in_cents: bool) -> TwoSidedQuote | None:
    """Return the prices of a message; None where it has none."""
    bid, no_price = (_price(fields, tag, in_cents) for tag in (tags.BidPx, tags.OfferPx))
    if not bid and not no_price:
        return None
    return TwoSidedQuote(
        bid=bid or NO_QUOTE,
        ask=ONE - no_price if no_price else NO_QUOTE,
        bid_qty=number(fields, tags.BidSize, SIZE_DECIMALS),
        ask_qty=number(fields, tags.OfferSize, SIZE_DECIMALS),
    )


def leg_fields(collection: str, legs: tuple[RfqLeg, ...]) -> list[RfqField]:
    """Return the fields of a combination; none for a single market."""
    if not legs:
        return []
    fields: list[RfqField] = [(tags.MveCollection, collection), (tags.NoLegs, len(legs))]
    for leg in legs:
        fields += zip(_LEG, (leg.event, leg.market, leg.side), strict=True)
    return fields


def read_legs(fields: Fields) -> tuple[RfqLeg, ...]:
    """Return the legs of a combination; empty for a single market."""
    found = []
    for entry in map(dict, entries(fields, tags.NoLegs, _LEG)):
        try:
            found.append(RfqLeg(*(entry.get(tag, "") for tag in _LEG)))
        except ValueError as error:
            raise DecodeError(f"MsgType(35) {fields.msg_type}: {error}") from None
    return tuple(found)


def read_refusal(fields: Fields) -> QuoteRefused | None:
    """Return a QuoteRequestReject(AG); None for any other message."""
    if fields.msg_type != KalshiMsg.QUOTE_REQUEST_REJECT:
        return None
    reason = fields.integer(tags.QuoteRequestRejectReason, 99)
    parts = [dict(each).get(tags.RejectPart, "") for each in entries(fields, tags.NoRejectParts, (tags.RejectPart,))]
    return QuoteRefused(
        quote_req_id=needed(fields, tags.QuoteReqID),
        reason=reason,
        text=fields.remark() or _REASONS.get(reason, f"reason {reason}"),
        code=fields.text(tags.QuoteRequestRejectCode),
        parts=tuple(parts),
    )


def read_party(fields: Fields) -> str:
    """Return the public id of whoever stands behind a message; "" where nobody is named."""
    parties = entries(fields, tags.NoPartyIDs, (tags.PartyID, tags.PartyRole))
    return dict(parties[0]).get(tags.PartyID, "") if parties else ""


def cash_text(value: int | None) -> str | None:
    """Return CashOrderQty(152)."""
    return None if value is None else format_decimal(value, _CASH_DECIMALS)


def read_cash(fields: Fields) -> int | None:
    """Return CashOrderQty(152); None where it is not there."""
    return number(fields, tags.CashOrderQty, _CASH_DECIMALS)


def outcome(fields: Fields, tag: int, words: Mapping[str, str]) -> str:
    """Return what a status says in our word, and the venue's own number for one that is not known."""
    code = needed(fields, tag)
    return words.get(code, code)


def is_side(side: int) -> bool:
    """Return whether a number is that of Side(54)."""
    return side in (fix.BUY, fix.SELL)


def _text(price: int, in_cents: bool) -> str:
    if not price:
        return "0"
    if not in_cents:
        return format_decimal(price, PRICE_DECIMALS)
    if price % 10**_CENT_DECIMALS:
        raise ValueError(f"{price} is no whole cent, which this session's prices are: log on with use_dollars")
    return str(price // 10**_CENT_DECIMALS)


def _price(fields: Fields, tag: int, in_cents: bool) -> int:
    text = fields.text(tag)
    try:
        price = parse_decimal(text, _CENT_DECIMALS if in_cents else PRICE_DECIMALS) if text else 0
    except DecodeError as error:
        raise DecodeError(f"MsgType(35) {fields.msg_type}: tag {tag}: {error}") from None
    if not 0 <= price < ONE:
        raise DecodeError(f"MsgType(35) {fields.msg_type}: tag {tag} is {text}: no price below 1 dollar")
    return price
