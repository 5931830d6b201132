"""Queries and bodies about requests for quotes.

Units   prices, sizes and money as in `instrument`.
Errors  RestRefused 400 for an amount that is none.
Source  Kalshi REST operations: communications.
"""

from typing import Literal

import msgspec

from engine.sim.rest.numbers import parse_count, parse_price
from engine.sim.rest.operations import Limit100, Limit500, Query
from engine.sim.rest.refusals import bad_request

_MONEY_PER_PRICE = 100


class RfqsQuery(Query, frozen=True, kw_only=True):
    """Which requests."""

    cursor: str = ""
    event_ticker: str = ""
    market_ticker: str = ""
    limit: Limit100 = 100
    status: str = ""
    creator_user_id: str = ""
    user_filter: Literal["", "self"] = ""


class QuotesQuery(Query, frozen=True, kw_only=True):
    """Which quotes of those that the member is a party to."""

    cursor: str = ""
    limit: Limit500 = 500
    status: str = ""
    rfq_id: str = ""
    user_filter: Literal["", "self"] = ""
    rfq_user_filter: Literal["", "self"] = ""


class NewRfq(msgspec.Struct, kw_only=True):
    """A request for contracts, or for what an amount pays."""

    market_ticker: str
    rest_remainder: bool
    contracts: int | None = None
    contracts_fp: str | None = None
    target_cost_dollars: str | None = None
    target_cost_centi_cents: int | None = None
    replace_existing: bool | None = None
    subaccount: int | None = None

    def amount(self) -> tuple[int, int]:
        """Return the contracts, or the money, that a request is for; the other is 0."""
        given = (self.contracts, self.contracts_fp, self.target_cost_dollars, self.target_cost_centi_cents)
        if sum(one is not None for one in given) != 1:
            raise bad_request("give one of contracts, contracts_fp, target_cost_dollars")
        if self.contracts_fp is not None:
            return parse_count(self.contracts_fp, "contracts_fp"), 0
        if self.contracts is not None:
            return parse_count(str(self.contracts), "contracts"), 0
        if self.target_cost_dollars is not None:
            cost = parse_price(self.target_cost_dollars, "target_cost_dollars")
        else:
            cost = self.target_cost_centi_cents or 0
        if cost <= 0:
            raise bad_request("the cost must be above 0")
        return 0, cost * _MONEY_PER_PRICE


class NewQuote(msgspec.Struct, kw_only=True):
    """Bids for YES and for NO; "0" is none."""

    rfq_id: str
    yes_bid: str
    no_bid: str
    rest_remainder: bool
    subaccount: int | None = None


class Acceptance(msgspec.Struct, kw_only=True):
    """Which bid is taken."""

    accepted_side: Literal["yes", "no"]


class NoWords(msgspec.Struct):
    """A body that says nothing."""
