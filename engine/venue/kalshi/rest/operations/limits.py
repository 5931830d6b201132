"""The account's tier, token limits, and what each request costs.

Units   tokens, a second and at once.
Source  Kalshi REST, rate limits; operations of group account.
"""

import msgspec

from engine.venue.kalshi.rest.reading import Reader
from engine.venue.kalshi.rest.requests import get, path
from engine.venue.rest import Call, TokenLimits, Urgency

DEFAULT_COST = 10
CANCEL_COST = 2

_HOUR_NS = 3_600 * 10**9


class KalshiBucket(msgspec.Struct, frozen=True):
    """What flows into a bucket of tokens each second, and what it holds."""

    refill_rate: int
    bucket_capacity: int


class KalshiGrant(msgspec.Struct, frozen=True):
    """A tier that the account was granted, until `expires_ts` in seconds where it ends."""

    exchange_instance: str = ""
    level: str = ""
    source: str = ""
    expires_ts: int | None = None


class KalshiLimits(msgspec.Struct, frozen=True):
    """The account's tier and both its buckets."""

    read: KalshiBucket
    write: KalshiBucket
    usage_tier: str = ""
    grants: list[KalshiGrant] | None = None


class KalshiCost(msgspec.Struct, frozen=True):
    """What one request costs; its path is a pattern, such as /trade-api/v2/portfolio/orders/:order_id."""

    method: str
    path: str
    cost: int


class KalshiCosts(msgspec.Struct, frozen=True):
    """What requests cost that do not cost the default."""

    endpoint_costs: list[KalshiCost]
    default_cost: int = DEFAULT_COST


read_limits = Reader("get_account_api_limits", KalshiLimits)
read_costs = Reader("get_account_endpoint_costs", KalshiCosts)


def account_limits() -> Call[KalshiLimits]:
    """Return what asks for the tier and its buckets."""
    return get(read_limits.operation, path("account", "limits"), read_limits, urgency=Urgency.RECONCILE)


def token_limits() -> Call[TokenLimits]:
    """Return the same, as the client counts."""
    call = account_limits()
    return Call(call.request, read_limits.then(_tokens), call.statuses)


def endpoint_costs() -> Call[KalshiCosts]:
    """Return what asks for the cost of each request."""
    where = path("account", "endpoint_costs")
    return get(read_costs.operation, where, read_costs, urgency=Urgency.RECONCILE, max_age_ns=_HOUR_NS)


def costs() -> Call[dict[tuple[str, str], int]]:
    """Return the same by (method, path pattern)."""
    call = endpoint_costs()
    return Call(call.request, read_costs.then(_by_pattern), call.statuses)


def _tokens(found: KalshiLimits) -> TokenLimits:
    return TokenLimits(
        found.read.refill_rate,
        found.read.bucket_capacity,
        found.write.refill_rate,
        found.write.bucket_capacity,
        found.usage_tier,
    )


def _by_pattern(found: KalshiCosts) -> dict[tuple[str, str], int]:
    return {(each.method.upper(), each.path): each.cost for each in found.endpoint_costs}
