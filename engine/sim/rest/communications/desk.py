"""Requests for quotes over REST and the quotes on them, from asking to trading.

A creator asks, others quote, the creator accepts a side, the quote's owner confirms in time, both trade beside the
book. A quote bids for YES, for NO, or for both; who accepts its YES bid sells YES to it.

Units   prices, sizes and money as in `instrument`; times in ns, passed in.
Shapes  up to MOST requests are remembered, the oldest of those that are over go first.
Errors  none: what is over says so in its `status`.
Thread  the loop thread only.
Source  Kalshi REST operations: communications; Kalshi FIX: RFQ.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine import fix
from engine.exchange.reporter import uuid_of
from engine.sim.rest.numbers import DOLLAR

REQUEST_NS = 24 * 3_600 * 10**9
MOST = 10_000
OPEN, CLOSED = "open", "closed"
ACCEPTED, EXECUTED, CANCELLED = "accepted", "executed", "cancelled"
YES = "yes"


@dataclass(slots=True, eq=False)
class RestQuote:
    """One quote; a bid of 0 is none. `accepted_side` is "yes" or "no" once it is accepted."""

    id: str
    request: "RestRfq"
    account: str
    yes_bid: int
    no_bid: int
    rest_remainder: bool
    created_ns: int
    updated_ns: int
    status: str = OPEN
    accepted_side: str = ""

    def price(self, side: str) -> int:
        """Return the YES price at which a side of it trades; 0 where it has no bid for it."""
        if side == YES:
            return self.yes_bid
        return DOLLAR - self.no_bid if self.no_bid else 0

    def qty(self, side: str) -> int:
        """Return how much that would be: the contracts asked for, or as many as whoever asked can pay with the cost."""
        price = self.price(side)
        if not price:
            return 0
        return self.request.order_qty or self.request.cost // (DOLLAR - price if side == YES else price)


@dataclass(slots=True, eq=False)
class RestRfq:
    """One request, for `order_qty` contracts or for as many as `cost` pays."""

    id: str
    account: str
    member: str
    symbol: str
    order_qty: int
    cost: int
    rest_remainder: bool
    created_ns: int
    updated_ns: int
    status: str = OPEN
    reason: str = ""
    quotes: dict[str, RestQuote] = field(default_factory=dict)


class QuoteDesk:
    """All of them. `is_active` says whether a market takes orders, `confirm_ns` how long an acceptance holds; `on_end`
    is called with each request that is over."""

    def __init__(self, is_active: Callable[[str], bool], confirm_ns: int, on_end: Callable[[RestRfq], None]) -> None:
        self.requests: dict[str, RestRfq] = {}
        self._is_active = is_active
        self._confirm_ns = confirm_ns
        self._on_end = on_end
        self._numbers = 0

    def next_id(self, now_ns: int) -> str:
        """Return an id that nothing else here has."""
        self._numbers += 1
        return uuid_of(f"{now_ns:x}-Q{self._numbers}")

    def add(self, request: RestRfq) -> None:
        """Keep a request, and forget an old one that is over where there are too many."""
        self.requests[request.id] = request
        if len(self.requests) > MOST:
            over = next((old for old in self.requests.values() if old.status == CLOSED), None)
            if over is not None:
                del self.requests[over.id]

    def open_of(self, member: str) -> list[RestRfq]:
        """Return a member's open requests."""
        return [request for request in self.requests.values() if request.member == member and request.status == OPEN]

    def quotes(self) -> Iterator[RestQuote]:
        """Yield every quote."""
        for request in self.requests.values():
            yield from request.quotes.values()

    def close(self, request: RestRfq, reason: str, now_ns: int) -> None:
        """End a request, and the quotes on it that have not traded."""
        request.status, request.reason, request.updated_ns = CLOSED, reason, now_ns
        for quote in request.quotes.values():
            self.cancel(quote, now_ns)
        self._on_end(request)

    def cancel(self, quote: RestQuote, now_ns: int) -> None:
        """End a quote, unless it is over."""
        if quote.status in (OPEN, ACCEPTED):
            quote.status, quote.updated_ns = CANCELLED, now_ns

    def advance(self, now_ns: int) -> None:
        """End what has grown old, what was not confirmed in time, and what is about a market that is not open."""
        for request in self.requests.values():
            if request.status != OPEN:
                continue
            if now_ns >= request.created_ns + REQUEST_NS or not self._is_active(request.symbol):
                self.close(request, "expired", now_ns)
            for quote in request.quotes.values():
                if quote.status == ACCEPTED and now_ns >= quote.updated_ns + self._confirm_ns:
                    self.cancel(quote, now_ns)


def maker_side(accepted_side: str) -> int:
    """Return what the owner of a quote does once that side of it is accepted."""
    return fix.BUY if accepted_side == YES else fix.SELL
