"""The messages of the RFQ flow that the venue sends.

Units   as in `wire`; prices are cents or dollars to a maker as its Logon says, dollars to a creator.
Source  Kalshi FIX: RFQ.
"""

from engine import fix
from engine.exchange.reporter import uuid_of
from engine.sim.fix.kalshi.rfq.book import OpenQuote, OpenRequest
from engine.sim.fix.kalshi.wire import dollars, encode, price_text, qty_text, timestamp
from engine.venue.kalshi.fix import tags

ACCEPTED, REJECTED, PENDING, CANCELED = 0, 5, 10, 17  # QuoteStatus(297)
_MAKER = 35  # PartyRole(452) of who quotes

Body = list[tuple[int, object]]


def acknowledgement(request: OpenRequest, shard: int) -> bytes:
    """Return the b that gives a creator the venue's id."""
    body: Body = [(tags.ExDestination, shard), (tags.QuoteReqID, request.quote_req_id)]
    return encode("b", [*body, (tags.QuoteRequestType, 1), (tags.RfqId, request.id)])


def refusal(quote_req_id: str, reason: int, text: str) -> bytes:
    """Return the AG that refuses a request."""
    body: Body = [(tags.QuoteReqID, quote_req_id), (fix.Text, text), (tags.QuoteRequestRejectReason, reason)]
    return encode("AG", body)


def notification(request: OpenRequest, now_ns: int) -> bytes:
    """Return the R that makers get."""
    entry: Body = [(fix.Symbol, request.symbol)]
    if request.order_qty:
        entry.append((fix.OrderQty, qty_text(request.order_qty)))
    else:
        entry.append((tags.CashOrderQty, dollars(request.cash)))
    entry.append((tags.NoPartyIDs, [[(tags.PartyID, request.name)]]))
    body: Body = [(tags.QuoteReqID, request.id), (tags.NoRelatedSym, [entry]), (fix.TransactTime, timestamp(now_ns))]
    return encode("R", body)


def quote_for_creator(quote: OpenQuote, now_ns: int) -> bytes:
    """Return the S that a creator gets of a maker's quote."""
    request = quote.request
    body: Body = [
        (fix.Symbol, request.symbol),
        (fix.TransactTime, timestamp(now_ns)),
        (tags.QuoteID, quote.id),
        (tags.QuoteReqID, request.id),
        (tags.NoPartyIDs, [[(tags.PartyID, public_name(quote.maker.member)), (tags.PartyRole, _MAKER)]]),
    ]
    return encode("S", body + _prices(quote, True) + _sizes(quote))


def status(quote: OpenQuote, quote_status: int, text: str = "") -> bytes:
    """Return the AI that tells a maker what became of its quote."""
    body: Body = [
        (tags.QuoteID, quote.id),
        (tags.QuoteReqID, quote.request.id),
        (tags.QuoteStatus, quote_status),
    ]
    if quote_status == ACCEPTED:
        body += [(fix.OrderQty, qty_text(quote.accepted_qty)), (fix.Side, quote.accepted_side)]
    elif quote_status == PENDING:
        body += _prices(quote, quote.maker.flags.uses_dollars) + _sizes(quote)
    return encode("AI", body + ([(fix.Text, text)] if text else []))


def refused_status(quote_id: str, rfq_id: str, text: str) -> bytes:
    """Return the AI of a quote that the venue does not take."""
    body: Body = [(tags.QuoteID, quote_id), (tags.QuoteReqID, rfq_id), (tags.QuoteStatus, REJECTED), (fix.Text, text)]
    return encode("AI", body)


def answer(msg_type: str, tag: int, code: int, text: str = "", more: tuple[tuple[int, object], ...] = ()) -> bytes:
    """Return a short answer: a code under `tag`, and why where it is a refusal."""
    body: Body = [(tag, code), *more]
    return encode(msg_type, body + ([(fix.Text, text)] if text else []))


def public_name(member: str) -> str:
    """Return what others know a member by."""
    return f"pub-{uuid_of('public ' + member)[:8]}"


def _prices(quote: OpenQuote, in_dollars: bool) -> Body:
    both = ((tags.BidPx, quote.bid), (tags.OfferPx, quote.offer))
    return [(tag, price_text(price, in_dollars)) for tag, price in both if price]


def _sizes(quote: OpenQuote) -> Body:
    """Return what the quote is for: one quantity, or for a request in cash one for each price."""
    if quote.request.order_qty:
        return [(fix.OrderQty, qty_text(quote.request.order_qty))]
    both = ((tags.BidSize, fix.SELL, quote.bid), (tags.OfferSize, fix.BUY, quote.offer))
    return [(tag, qty_text(quote.qty(side))) for tag, side, price in both if price]
