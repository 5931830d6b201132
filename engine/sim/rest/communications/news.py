"""What a feed tells of requests for quotes and quotes.

Source  Kalshi WebSocket: communications.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

from engine.exchange.events import Traded
from engine.exchange.ledger.names import member_of
from engine.sim.rest.communications.desk import RestQuote, RestRfq
from engine.sim.rest.communications.shown import public_name
from engine.sim.rest.numbers import count, dollars, money, time_text


class QuoteListener(Protocol):
    """Whoever tells members of them."""

    def request(self, type_: str, fields: Mapping[str, object], creator: str) -> None:
        """Tell everybody of a member's request."""

    def quote(self, type_: str, fields: Mapping[str, object], parties: Collection[str], creator: str) -> None:
        """Tell the parties of a quote on a member's request."""


class RfqNews:
    """Tells `listener`, if there is one."""

    def __init__(self) -> None:
        self.listener: QuoteListener | None = None

    def asked(self, request: RestRfq) -> None:
        """Tell of a new request."""
        self._request("rfq_created", request, {"created_ts": time_text(request.created_ns)})

    def unasked(self, request: RestRfq) -> None:
        """Tell that a request is over."""
        self._request("rfq_deleted", request, {"deleted_ts": time_text(request.updated_ns)})

    def quoted(self, quote: RestQuote) -> None:
        """Tell of a new quote."""
        self._quote("quote_created", quote, {"created_ts": time_text(quote.created_ns)})

    def accepted(self, quote: RestQuote) -> None:
        """Tell that a bid of a quote was taken."""
        qty = count(quote.qty(quote.accepted_side))
        self._quote("quote_accepted", quote, {"accepted_side": quote.accepted_side, "contracts_accepted_fp": qty})

    def executed(self, quote: RestQuote, events: Iterable[object]) -> None:
        """Tell each party of the order that traded for it."""
        if self.listener is None:
            return
        for event in events:
            if isinstance(event, Traded):
                fields = {
                    "quote_id": quote.id,
                    "rfq_id": quote.request.id,
                    "order_id": event.order_id,
                    "client_order_id": event.cl_ord_id,
                    "market_ticker": event.symbol,
                    "executed_ts": time_text(event.now_ns),
                }
                self.listener.quote("quote_executed", fields, (member_of(event.account),), quote.request.member)

    def _request(self, type_: str, request: RestRfq, more: Mapping[str, object]) -> None:
        if self.listener is None:
            return
        fields: dict[str, Any] = {
            "id": request.id,
            "creator_id": public_name(request.member),
            "market_ticker": request.symbol,
            **({"contracts_fp": count(request.order_qty)} if request.order_qty else {}),
            **({"target_cost_dollars": money(request.cost)} if request.cost else {}),
            **more,
        }
        self.listener.request(type_, fields, request.member)

    def _quote(self, type_: str, quote: RestQuote, more: Mapping[str, object]) -> None:
        if self.listener is None:
            return
        fields = {
            "quote_id": quote.id,
            "rfq_id": quote.request.id,
            "quote_creator_id": public_name(member_of(quote.account)),
            "rfq_creator_id": public_name(quote.request.member),
            "market_ticker": quote.request.symbol,
            "yes_bid_dollars": dollars(quote.yes_bid),
            "no_bid_dollars": dollars(quote.no_bid),
            "yes_contracts_offered_fp": count(quote.qty("yes")),
            "no_contracts_offered_fp": count(quote.qty("no")),
            **more,
        }
        parties = member_of(quote.account), quote.request.member
        self.listener.quote(type_, fields, parties, quote.request.member)
