"""Requests for quotes and the quotes on them: what is open, and what each would trade.

Units   as in `wire`; a quote's `bid` is a YES price and its `offer` a NO price, 0 where it has none.
Source  Kalshi FIX: RFQ.
"""

from dataclasses import dataclass, field

from engine import fix
from engine.exchange.blocks import opposite
from engine.exchange.events import NewOrder
from engine.sim.fix.kalshi.ports import FixClient

LIMIT = 10_000  # what a contract pays


@dataclass(slots=True, eq=False)
class OpenRequest:
    """One RFQ: for `order_qty` contracts, or for as many as `cash` pays; makers know its owner as `name`."""

    id: str
    quote_req_id: str
    creator: FixClient
    account: str
    symbol: str
    name: str
    order_qty: int
    cash: int
    expires_ns: int
    quotes: dict[str, "OpenQuote"] = field(default_factory=dict)  # by QuoteID(117)

    def qty_at(self, price: int) -> int:
        """Return how many contracts it is for at what one of them costs its owner."""
        return self.order_qty or (self.cash // price if price else 0)


@dataclass(slots=True, eq=False)
class OpenQuote:
    """One quote; `accepted_side` is its owner's once it is accepted, 0 before."""

    id: str
    request: OpenRequest
    maker: FixClient
    account: str
    bid: int
    offer: int
    accepted_side: int = 0
    accepted_qty: int = 0
    accepted_as: str = ""  # ClOrdID(11) of the acceptance
    order: NewOrder | None = None  # the acceptance, where it was an order
    confirm_until_ns: int = 0

    def price(self, taker_side: int) -> int:
        """Return the YES price at which the creator of the request trades; 0 where there is no quote for that side."""
        if taker_side == fix.SELL:
            return self.bid
        return LIMIT - self.offer if self.offer else 0

    def qty(self, taker_side: int) -> int:
        """Return how much the request is for at that price."""
        price = self.price(taker_side)
        return self.request.qty_at(price if taker_side == fix.BUY else LIMIT - price)

    def orders(self) -> tuple[NewOrder, NewOrder]:
        """Return the orders of maker and creator that an accepted quote comes to."""
        request, side = self.request, opposite(self.accepted_side)
        maker = self._order(self.account, self.accepted_side, self.id, self.maker.name)
        return maker, self._order(request.account, side, self.accepted_as or request.id, request.creator.name)

    def _order(self, account: str, side: int, cl_ord_id: str, session: str) -> NewOrder:
        return NewOrder(
            account=account,
            cl_ord_id=cl_ord_id,
            symbol=self.request.symbol,
            side=side,
            order_qty=self.accepted_qty,
            price=self.price(opposite(self.accepted_side)),
            time_in_force=fix.Tif.IOC,
            session=session,
        )


class QuoteBook:
    """Every open request and quote."""

    def __init__(self) -> None:
        self.requests: dict[str, OpenRequest] = {}  # by the venue's id
        self.quotes: dict[str, OpenQuote] = {}  # by QuoteID(117)

    def find(self, member: str, rfq_id: str = "", quote_req_id: str = "", symbol: str = "") -> OpenRequest | None:
        """Return a member's open request by any of its ids, or by its market."""
        return next(
            (
                request
                for request in self.requests.values()
                if request.creator.member == member
                and (request.id == rfq_id or request.quote_req_id == quote_req_id or request.symbol == symbol)
            ),
            None,
        )

    def add(self, quote: OpenQuote) -> None:
        """Keep a quote."""
        self.quotes[quote.id] = quote.request.quotes[quote.id] = quote

    def drop(self, quote: OpenQuote) -> None:
        """Forget a quote."""
        self.quotes.pop(quote.id, None)
        quote.request.quotes.pop(quote.id, None)

    def close(self, request: OpenRequest) -> list[OpenQuote]:
        """Forget a request; return the quotes that end with it."""
        self.requests.pop(request.id, None)
        ended = list(request.quotes.values())
        for quote in ended:
            self.drop(quote)
        return ended
