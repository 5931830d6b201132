"""Requests for quotes and quotes as the venue shows them.

Source  Kalshi REST operations: objects.
"""

from typing import Any

from engine.exchange.ledger.names import member_of
from engine.exchange.reporter import uuid_of
from engine.sim.rest.communications.desk import RestQuote, RestRfq
from engine.sim.rest.numbers import count, dollars, money, time_text

Answer = dict[str, Any]


def public_name(member: str) -> str:
    """Return the name under which others know a member."""
    return uuid_of(f"communications {member}")


def rfq_shown(request: RestRfq, member: str) -> Answer:
    """Return one request; `member` is who looks."""
    shown: Answer = {
        "id": request.id,
        "creator_id": public_name(request.member),
        "market_ticker": request.symbol,
        "contracts_fp": count(request.order_qty),
        "status": request.status,
        "rest_remainder": request.rest_remainder,
        "created_ts": time_text(request.created_ns),
        "updated_ts": time_text(request.updated_ns),
    }
    if request.cost:
        shown["target_cost_dollars"] = money(request.cost)
    if request.reason:
        shown |= {"cancellation_reason": request.reason, "cancelled_ts": time_text(request.updated_ns)}
    return {**shown, "creator_user_id": member} if request.member == member else shown


def quote_shown(quote: RestQuote, member: str) -> Answer:
    """Return one quote; `member` is which of its parties looks."""
    shown: Answer = {
        "id": quote.id,
        "rfq_id": quote.request.id,
        "creator_id": public_name(member_of(quote.account)),
        "rfq_creator_id": public_name(quote.request.member),
        "market_ticker": quote.request.symbol,
        "contracts_fp": count(quote.request.order_qty),
        "yes_bid_dollars": dollars(quote.yes_bid),
        "no_bid_dollars": dollars(quote.no_bid),
        "status": quote.status,
        "rest_remainder": quote.rest_remainder,
        "created_ts": time_text(quote.created_ns),
        "updated_ts": time_text(quote.updated_ns),
    }
    if quote.accepted_side:
        shown["accepted_side"] = quote.accepted_side
    own = "creator_user_id" if member_of(quote.account) == member else "rfq_creator_user_id"
    return {**shown, own: member}
