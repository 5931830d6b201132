"""Requests for quotes and quotes: asked, read, accepted, confirmed.

Parties are known by a public name; a quote is seen by its two parties alone. What is asked here is not seen on FIX.

Errors  RestRefused 404 for what is not there or not the member's, 400 for what its state does not allow, 409 for a
        second open request in a market.
Source  Kalshi REST operations: communications. Whose side `accepted_side` names is not said there: here it is the bid.
"""

import uuid
from typing import Any

from engine import fix
from engine.exchange.blocks import opposite
from engine.exchange.events import NewOrder, Rejected
from engine.exchange.ledger.names import member_of
from engine.sim.rest.communications.bodies import Acceptance, NewQuote, NewRfq, NoWords, QuotesQuery, RfqsQuery
from engine.sim.rest.communications.desk import ACCEPTED, EXECUTED, OPEN, QuoteDesk, RestQuote, RestRfq, maker_side
from engine.sim.rest.communications.shown import public_name, quote_shown, rfq_shown
from engine.sim.rest.endpoints.refused_orders import refusal_of
from engine.sim.rest.numbers import parse_price
from engine.sim.rest.operations import TRADE, Asked, Operation, Query
from engine.sim.rest.pages import newest_first, page
from engine.sim.rest.refusals import RestRefused, bad_request, conflict, not_found
from engine.sim.rest.tokens import CANCEL_COST
from engine.sim.rest.whose import one_account

Answer = dict[str, Any]
MOST_OPEN = 100
_SHARD = 1  # whose tokens writes spend


def get_id(asked: Asked[Query, None]) -> Answer:
    """Return the name under which others know the member."""
    return {"communications_id": public_name(asked.member)}


def create_rfq(asked: Asked[Query, NewRfq]) -> Answer:
    """Ask for quotes."""
    body, desk = asked.body, _desk(asked)
    if not asked.venue.is_active(body.market_ticker):
        raise not_found("open market")
    mine = desk.open_of(asked.member)
    for old in [request for request in mine if request.symbol == body.market_ticker]:
        if not body.replace_existing:
            raise conflict("rfq_already_exists", f"{old.id} is open in this market: delete it, or replace_existing")
        desk.close(old, "replaced", asked.now_ns)
    if len(mine) >= MOST_OPEN:
        raise bad_request(f"{MOST_OPEN} requests are open, the most that can be", "too_many_rfqs")
    order_qty, cost = body.amount()
    request = RestRfq(
        id=desk.next_id(asked.now_ns),
        account=one_account(asked, body.subaccount),
        member=asked.member,
        symbol=body.market_ticker,
        order_qty=order_qty,
        cost=cost,
        rest_remainder=body.rest_remainder,
        created_ns=asked.now_ns,
        updated_ns=asked.now_ns,
    )
    desk.add(request)
    asked.records.news.asked(request)
    return {"id": request.id}


def get_rfqs(asked: Asked[RfqsQuery, None]) -> Answer:
    """Return everybody's requests, the newest first."""
    query = asked.query
    found = [
        request
        for request in _desk(asked).requests.values()
        if query.market_ticker in ("", request.symbol)
        and query.event_ticker in ("", asked.venue.event_of(request.symbol))
        and query.status in ("", request.status)
        and query.creator_user_id in ("", request.member)
        and (not query.user_filter or request.member == asked.member)
    ]
    part = page(found, query.limit, query.cursor, _key, lambda request: rfq_shown(request, asked.member))
    return {"rfqs": part.items, "cursor": part.cursor}


def get_rfq(asked: Asked[Query, None]) -> Answer:
    """Return one request."""
    return {"rfq": rfq_shown(_rfq(asked, asked.path["rfq_id"]), asked.member)}


def delete_rfq(asked: Asked[Query, None]) -> None:
    """End a request of one's own, and the quotes on it."""
    request = _rfq(asked, asked.path["rfq_id"])
    if request.member != asked.member or request.status != OPEN:
        raise not_found("open RFQ of this member")
    _desk(asked).close(request, "deleted", asked.now_ns)


def create_quote(asked: Asked[Query, NewQuote]) -> Answer:
    """Bid on somebody else's request."""
    body = asked.body
    request = _rfq(asked, body.rfq_id)
    if request.status != OPEN:
        raise not_found("open RFQ")
    if request.member == asked.member:
        raise bad_request("the RFQ is this member's own", "invalid_quote")
    quote = RestQuote(
        id=_desk(asked).next_id(asked.now_ns),
        request=request,
        account=one_account(asked, body.subaccount),
        yes_bid=_bid(asked, request, body.yes_bid, "yes_bid"),
        no_bid=_bid(asked, request, body.no_bid, "no_bid"),
        rest_remainder=body.rest_remainder,
        created_ns=asked.now_ns,
        updated_ns=asked.now_ns,
    )
    if not quote.yes_bid and not quote.no_bid:
        raise bad_request("a quote bids for yes, for no, or for both", "invalid_quote")
    request.quotes[quote.id] = quote
    asked.records.news.quoted(quote)
    return {"id": quote.id}


def get_quotes(asked: Asked[QuotesQuery, None]) -> Answer:
    """Return the quotes that the member made or was made, the newest first."""
    query = asked.query
    found = [
        quote
        for quote in _desk(asked).quotes()
        if asked.member in _parties(quote)
        and query.rfq_id in ("", quote.request.id)
        and query.status in ("", quote.status)
        and (not query.user_filter or member_of(quote.account) == asked.member)
        and (not query.rfq_user_filter or quote.request.member == asked.member)
    ]
    part = page(found, query.limit, query.cursor, _key, lambda quote: quote_shown(quote, asked.member))
    return {"quotes": part.items, "cursor": part.cursor}


def get_quote(asked: Asked[Query, None]) -> Answer:
    """Return one quote."""
    return {"quote": quote_shown(_quote(asked), asked.member)}


def delete_quote(asked: Asked[Query, None]) -> None:
    """Take a quote of one's own back."""
    quote = _quote(asked)
    if member_of(quote.account) != asked.member or quote.status not in (OPEN, ACCEPTED):
        raise not_found("open quote of this member")
    _desk(asked).cancel(quote, asked.now_ns)


def accept_quote(asked: Asked[Query, Acceptance]) -> None:
    """Take one bid of a quote; its owner has a while to confirm."""
    quote, side = _quote(asked), asked.body.accepted_side
    if quote.request.member != asked.member:
        raise not_found("quote on a request of this member")
    if quote.status != OPEN:
        raise _wrong_state(quote)
    if not quote.qty(side):
        raise bad_request(f"the quote has no bid for {side}, or not for a contract", "invalid_quote")
    quote.status, quote.accepted_side, quote.updated_ns = ACCEPTED, side, asked.now_ns
    asked.records.news.accepted(quote)


def confirm_quote(asked: Asked[Query, NoWords]) -> None:
    """Trade as was accepted, beside the book."""
    quote = _quote(asked)
    if member_of(quote.account) != asked.member:
        raise not_found("quote of this member")
    if quote.status != ACCEPTED:
        raise _wrong_state(quote)
    side = maker_side(quote.accepted_side)
    maker, taker = _order(quote, quote.account, side), _order(quote, quote.request.account, opposite(side))
    events = asked.records.blocks.trade(maker, taker, asked.now_ns)
    asked.venue.tell(asked.venue.place.book_trades(events, asked.now_ns))
    refused = next((event for event in events if isinstance(event, Rejected)), None)
    if refused is not None:
        _desk(asked).cancel(quote, asked.now_ns)
        raise refusal_of(refused.text)
    quote.status, quote.updated_ns = EXECUTED, asked.now_ns
    asked.records.news.executed(quote, events)
    _desk(asked).close(quote.request, "executed", asked.now_ns)


# Steps of the above


def _desk(asked: Asked[Any, Any]) -> QuoteDesk:
    """Return the desk, as it stands now."""
    asked.records.quotes.advance(asked.now_ns)
    return asked.records.quotes


def _rfq(asked: Asked[Any, Any], rfq_id: str) -> RestRfq:
    request = _desk(asked).requests.get(rfq_id)
    if request is None:
        raise not_found("RFQ")
    return request


def _quote(asked: Asked[Any, Any]) -> RestQuote:
    """Return the quote of the path, if the member is a party to it."""
    wanted, rfq_id = asked.path["quote_id"], asked.path.get("rfq_id", "")
    for quote in _desk(asked).quotes():
        if quote.id == wanted and rfq_id in ("", quote.request.id) and asked.member in _parties(quote):
            return quote
    raise not_found("quote")


def _parties(quote: RestQuote) -> tuple[str, str]:
    return member_of(quote.account), quote.request.member


def _wrong_state(quote: RestQuote) -> RestRefused:
    return bad_request(f"the quote is {quote.status}", "invalid_quote_status")


def _bid(asked: Asked[Any, Any], request: RestRfq, text: str, name: str) -> int:
    """Return a bid on the market's grid, 0 for none."""
    price = parse_price(text, name)
    if price and not asked.venue.listing.instruments[request.symbol].is_valid_price(price):
        raise bad_request(f"{name} is not on the market's grid", "invalid_quote")
    return price


def _order(quote: RestQuote, account: str, side: int) -> NewOrder:
    return NewOrder(
        account=account,
        cl_ord_id=str(uuid.uuid4()),
        symbol=quote.request.symbol,
        side=side,
        order_qty=quote.qty(quote.accepted_side),
        price=quote.price(quote.accepted_side),
        time_in_force=fix.Tif.IOC,
    )


def _key(item: RestRfq | RestQuote) -> tuple[int, str]:
    return newest_first(item.created_ns, item.id)


def _operation(name: str, method: str, path: str, run: Any, **more: Any) -> Operation:
    scope: dict[str, Any] = {} if method == "GET" else {"scope": TRADE, "bucket": _SHARD}
    return Operation(name=name, method=method, path=f"/communications/{path}", run=run, **scope, **more)


_QUOTE, _QUOTE_OF_RFQ = "quotes/{quote_id}", "rfqs/{rfq_id}/quotes/{quote_id}"
OPERATIONS = (
    _operation("get_communications_id", "GET", "id", get_id),
    _operation("create_rfq", "POST", "rfqs", create_rfq, body=NewRfq, status=201),
    _operation("get_rfqs", "GET", "rfqs", get_rfqs, query=RfqsQuery),
    _operation("get_rfq", "GET", "rfqs/{rfq_id}", get_rfq),
    _operation("delete_rfq", "DELETE", "rfqs/{rfq_id}", delete_rfq, status=204),
    _operation("create_quote", "POST", "quotes", create_quote, body=NewQuote, status=201),
    _operation("get_quotes", "GET", "quotes", get_quotes, query=QuotesQuery),
    _operation("get_quote", "GET", _QUOTE, get_quote, cost=CANCEL_COST),
    _operation("get_rfq_quote", "GET", _QUOTE_OF_RFQ, get_quote, cost=CANCEL_COST),
    _operation("delete_quote", "DELETE", _QUOTE, delete_quote, status=204),
    _operation("delete_rfq_quote", "DELETE", _QUOTE_OF_RFQ, delete_quote, status=204),
    _operation("accept_quote", "PUT", f"{_QUOTE}/accept", accept_quote, body=Acceptance, status=204),
    _operation("accept_rfq_quote", "PUT", f"{_QUOTE_OF_RFQ}/accept", accept_quote, body=Acceptance, status=204),
    _operation("confirm_quote", "PUT", f"{_QUOTE}/confirm", confirm_quote, body=NoWords, is_body_optional=True,
               status=204),
    _operation("confirm_rfq_quote", "PUT", f"{_QUOTE_OF_RFQ}/confirm", confirm_quote, body=NoWords,
               is_body_optional=True, status=204),
)  # fmt: skip
