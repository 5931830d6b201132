"""RFQ: a creator at KalshiRT asks, makers at KalshiRFQ quote, the creator accepts, the maker confirms, both trade.

Units   as in `wire`.
Shapes  combinations are not simulated: a request without Symbol(55) is refused. A trade is beside the book.
Errors  none: what cannot be done is answered.
Source  Kalshi FIX: RFQ, rate limits; the life of a request without an end is ours.
"""

from collections.abc import Callable, Iterable

from engine import fix
from engine.codec import Fields
from engine.errors import DecodeError
from engine.exchange import refusals
from engine.exchange.blocks import BlockTrades, opposite
from engine.exchange.events import NewOrder, Refusal, Rejected
from engine.exchange.ledger.names import account_of
from engine.exchange.listing.records import MarketStatus
from engine.exchange.reporter import uuid_of
from engine.sim.fix.kalshi import requests
from engine.sim.fix.kalshi.access import FixAccess
from engine.sim.fix.kalshi.kinds import RT
from engine.sim.fix.kalshi.order_entry import (
    CANCEL_TOKENS,
    LIMITED,
    NOT_AUTHORIZED,
    ORDER_TOKENS,
    QUOTE_BUCKET,
    RATE_LIMIT,
)
from engine.sim.fix.kalshi.ports import FixClient
from engine.sim.fix.kalshi.rfq import bodies
from engine.sim.fix.kalshi.rfq.book import LIMIT, OpenQuote, OpenRequest, QuoteBook
from engine.sim.fix.kalshi.wire import business_reject, parse_money, parse_price, parse_qty
from engine.venue.kalshi.fix import tags

CONFIRM_NS = 30 * 10**9
REQUEST_NS = 24 * 3600 * 10**9
UNKNOWN_SYMBOL, TOO_MUCH, OTHER = 1, 3, 99  # QuoteRequestRejectReason(658)
DONE, REFUSED, EXPIRED = 0, 1, 2
_TOKENS = {"Z": CANCEL_TOKENS, "UE": CANCEL_TOKENS}
_GONE = "EXPIRED"


class RfqGateway:
    """Both sides of the flow; `makers` returns every client that quotes."""

    def __init__(self, access: FixAccess, makers: Callable[[], Iterable[FixClient]]) -> None:
        self.book = QuoteBook()
        self._access = access
        self._makers = makers
        self._numbers = 0
        self._blocks = BlockTrades(access.place.exchange, f"{access.now_ns():x}-R", uuid_of)
        self._take: dict[str, Callable[[FixClient, Fields], None]] = {
            "R": self._on_request,
            "UA": self._on_accept,
            "UE": self._on_cancel_request,
            "S": self._on_quote,
            "Z": self._on_cancel_quote,
            "U7": self._on_confirm,
        }

    def on_message(self, client: FixClient, fields: Fields) -> None:
        """Carry out one message whose fields are sound."""
        if client.flags.is_listener:
            client.send(business_reject(fields, NOT_AUTHORIZED, "not allowed on a listener session"))
        elif client.key.subaccount is not None and client.kind is RT:
            client.send(business_reject(fields, NOT_AUTHORIZED, "the API key is bound to a subaccount"))
        elif not self._access.rules.spend(client.member, _TOKENS.get(fields.msg_type, ORDER_TOKENS), QUOTE_BUCKET):
            client.send(business_reject(fields, RATE_LIMIT, LIMITED))
        else:
            self._take[fields.msg_type](client, fields)

    def step(self, now_ns: int) -> None:
        """End what was not confirmed in time, and requests that have grown old or whose market has ended."""
        late = [quote for quote in self.book.quotes.values() if 0 < quote.confirm_until_ns <= now_ns]
        for quote in late:
            self.book.drop(quote)
            quote.maker.send(bodies.status(quote, bodies.CANCELED, _GONE))
            self._disappoint(quote, refusals.QUOTE_EXPIRED)
        for request in list(self.book.requests.values()):
            if request.expires_ns <= now_ns or not self._is_open(request.symbol):
                self._close(request, EXPIRED)

    # Creator

    def _on_request(self, client: FixClient, fields: Fields) -> None:
        quote_req_id, symbol = fields.text(tags.QuoteReqID), fields.text(fix.Symbol)
        request = self._request(client, fields)
        if not symbol:
            client.send(bodies.refusal(quote_req_id, OTHER, "combinations are not offered"))
        elif not self._is_open(symbol):
            client.send(bodies.refusal(quote_req_id, UNKNOWN_SYMBOL, "MARKET_NOT_FOUND"))
        elif request is None:
            client.send(bodies.refusal(quote_req_id, TOO_MUCH, "either OrderQty(38) or CashOrderQty(152), above 0"))
        elif (old := self.book.find(client.member, "", quote_req_id, symbol)) and not _replaces(fields):
            client.send(bodies.refusal(quote_req_id, OTHER, "RFQ already exists"))
        else:
            if old is not None:
                self._close(old, DONE)
            self.book.requests[request.id] = request
            client.send(bodies.acknowledgement(request, self._access.shard_of(symbol)))
            for maker in self._makers():
                maker.send(bodies.notification(request, self._access.now_ns()))

    def _request(self, client: FixClient, fields: Fields) -> OpenRequest | None:
        """Return what is asked for; None if it is no amount."""
        try:
            qty = parse_qty(fields.text(fix.OrderQty, "0"))
            cash = parse_money(fields.text(tags.CashOrderQty, "0"))
        except DecodeError:
            return None
        if min(qty, cash) < 0 or (qty > 0) == (cash > 0):
            return None
        rfq_id = self._next_id("rfq")
        is_obscure = fields.text(tags.ObscureCreatorId) == "Y"
        return OpenRequest(
            id=rfq_id,
            quote_req_id=fields.text(tags.QuoteReqID),
            creator=client,
            account=account_of(client.member, requests.subaccount(fields)),
            symbol=fields.text(fix.Symbol),
            name=bodies.public_name(rfq_id if is_obscure else client.member),
            order_qty=qty,
            cash=cash,
            expires_ns=self._access.now_ns() + REQUEST_NS,
        )

    def _on_accept(self, client: FixClient, fields: Fields) -> None:
        quote = self.book.quotes.get(fields.text(tags.QuoteID))
        side = int(fields.text(fix.Side))
        if quote is None or quote.request.creator.member != client.member or quote.accepted_side:
            more: tuple[tuple[int, object], ...] = ((tags.QuoteID, fields.text(tags.QuoteID)),)
            if fix.ClOrdID in fields:
                more += ((fix.ClOrdID, fields.text(fix.ClOrdID)),)
            client.send(bodies.answer("UC", tags.QuoteAcceptStatus, REFUSED, _GONE, more))
            return
        quote.accepted_as = fields.text(fix.ClOrdID)
        if self._accept(quote, side, _qty(fields, quote.qty(side))):
            client.send(self._acceptance(quote, DONE))
            quote.maker.send(bodies.status(quote, bodies.ACCEPTED))
        else:
            client.send(self._acceptance(quote, REFUSED, "no such quote"))

    def on_order(self, order: NewOrder, quote_id: str) -> None:
        """Accept a quote by an order, which is rejected where there is none for it any more."""
        quote = self.book.quotes.get(quote_id)
        is_own = quote is not None and quote.request.account == order.account and not quote.accepted_side
        if quote is None or not is_own or not self._accept(quote, order.side, order.order_qty):
            self._reject(order, refusals.QUOTE_EXPIRED)
            return
        quote.order, quote.accepted_as = order, order.cl_ord_id
        quote.maker.send(bodies.status(quote, bodies.ACCEPTED))

    def _accept(self, quote: OpenQuote, side: int, qty: int) -> bool:
        """Hold a quote for its maker to confirm; return whether it offers that side and quantity."""
        if not quote.price(side) or not 0 < qty <= quote.qty(side):
            return False
        quote.accepted_side, quote.accepted_qty = opposite(side), qty
        quote.confirm_until_ns = self._access.now_ns() + CONFIRM_NS
        return True

    def _on_cancel_request(self, client: FixClient, fields: Fields) -> None:
        rfq_id, quote_req_id = fields.text(tags.RfqId), fields.text(tags.QuoteReqID)
        request = self.book.find(client.member, rfq_id or "-", quote_req_id or "-", "-")
        if request is not None:
            self._close(request, DONE)
            return
        named = ((tags.QuoteReqID, quote_req_id), (tags.RfqId, rfq_id))
        more = tuple((tag, value) for tag, value in named if value)
        client.send(bodies.answer("UB", tags.RfqCancelStatus, REFUSED, "RFQ not found", more))

    # Maker

    def _on_quote(self, client: FixClient, fields: Fields) -> None:
        quote_id, rfq_id = fields.text(tags.QuoteID), fields.text(tags.QuoteReqID)
        request = self.book.requests.get(rfq_id)
        if request is None or fields.text(fix.Symbol, request.symbol) != request.symbol:
            client.send(bodies.refused_status(quote_id, rfq_id, "RFQ not found"))
            return
        known = self.book.quotes.get(quote_id)
        if known is not None and (known.maker is not client or known.request is not request or known.accepted_side):
            client.send(bodies.refused_status(quote_id, rfq_id, "QuoteID(117) is in use"))
            return
        quote = self._quote(client, fields, request)
        if quote is None:
            client.send(bodies.refused_status(quote_id, rfq_id, "INVALID_PRICE"))
            return
        for old in [one for one in request.quotes.values() if one.maker is client and not one.accepted_side]:
            self.book.drop(old)
            client.send(bodies.status(old, bodies.CANCELED))
        self.book.add(quote)
        client.send(bodies.status(quote, bodies.PENDING))
        request.creator.send(bodies.quote_for_creator(quote, self._access.now_ns()))

    def _quote(self, client: FixClient, fields: Fields, request: OpenRequest) -> OpenQuote | None:
        """Return the quote; None if a price is none of the market's, both are 0, or they cross."""
        instrument = self._access.place.listing.instruments[request.symbol]
        try:
            bid, offer = (parse_price(fields.text(tag), client.flags.uses_dollars) for tag in (132, 133))
        except DecodeError:
            return None
        if not (bid or offer) or bid + offer > LIMIT:
            return None
        if not all(instrument.is_valid_price(price) for price in (bid, offer) if price):
            return None
        account = account_of(client.member, requests.subaccount(fields))
        return OpenQuote(fields.text(tags.QuoteID), request, client, account, bid, offer)

    def _on_cancel_quote(self, client: FixClient, fields: Fields) -> None:
        quote = self._own(client, fields)
        more = ((tags.QuoteID, fields.text(tags.QuoteID)),)
        if quote is None or quote.accepted_side:
            client.send(bodies.answer("U9", tags.QuoteCancelType, REFUSED, "quote not found", more))
            return
        self.book.drop(quote)
        client.send(bodies.answer("U9", tags.QuoteCancelType, DONE, "", more))

    def _on_confirm(self, client: FixClient, fields: Fields) -> None:
        quote = self._own(client, fields)
        more = ((tags.QuoteID, fields.text(tags.QuoteID)),)
        if quote is None or not quote.accepted_side:
            client.send(bodies.answer("U8", tags.QuoteConfirmStatus, REFUSED, "quote not found", more))
            return
        events = self._blocks.trade(*quote.orders(), self._access.now_ns())
        refused = next((event for event in events if isinstance(event, Rejected)), None)
        self.book.drop(quote)
        if refused is None:
            client.send(bodies.answer("U8", tags.QuoteConfirmStatus, DONE, "", more))
            self._close(quote.request, DONE, is_traded=True)
        else:
            client.send(bodies.answer("U8", tags.QuoteConfirmStatus, REFUSED, refused.text, more))
            self._disappoint(quote, Refusal(refused.reason, refused.text))
        self._access.tell(self._access.place.book_trades(events, self._access.now_ns()))

    # Steps of the above

    def _disappoint(self, quote: OpenQuote, refusal: Refusal) -> None:
        """Tell a creator that what it has accepted does not trade."""
        if quote.order is not None:
            self._reject(quote.order, refusal)
        else:
            quote.request.creator.send(self._acceptance(quote, REFUSED, refusal.text))

    def _reject(self, order: NewOrder, refusal: Refusal) -> None:
        now_ns = self._access.now_ns()
        self._access.tell([self._access.place.exchange.refused(order, refusal, now_ns)])

    def _acceptance(self, quote: OpenQuote, code: int, text: str = "") -> bytes:
        more: list[tuple[int, object]] = [(tags.QuoteID, quote.id), (tags.AcceptedQuoteId, quote.id)]
        if quote.accepted_as:
            more.append((fix.ClOrdID, quote.accepted_as))
        return bodies.answer("UC", tags.QuoteAcceptStatus, code, text, tuple(more))

    def _close(self, request: OpenRequest, code: int, is_traded: bool = False) -> None:
        """End a request: its owner hears of it unless it has traded, its other quotes are cancelled."""
        for quote in self.book.close(request):
            quote.maker.send(bodies.status(quote, bodies.CANCELED))
        if not is_traded:
            more = ((tags.QuoteReqID, request.quote_req_id), (tags.RfqId, request.id))
            request.creator.send(bodies.answer("UB", tags.RfqCancelStatus, code, "", more))

    def _own(self, client: FixClient, fields: Fields) -> OpenQuote | None:
        quote = self.book.quotes.get(fields.text(tags.QuoteID))
        return quote if quote is not None and quote.maker.member == client.member else None

    def _is_open(self, symbol: str) -> bool:
        market = self._access.place.listing.markets.get(symbol)
        return market is not None and market.status == MarketStatus.ACTIVE

    def _next_id(self, kind: str) -> str:
        self._numbers += 1
        return uuid_of(f"{kind} {self._numbers} {self._access.now_ns()}")


def _replaces(fields: Fields) -> bool:
    return fields.text(tags.ReplaceExisting) == "Y"


def _qty(fields: Fields, default: int) -> int:
    try:
        return parse_qty(fields.text(fix.OrderQty)) if fix.OrderQty in fields else default
    except DecodeError:
        return 0
