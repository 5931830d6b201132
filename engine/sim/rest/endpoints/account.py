"""What a member may ask for: token limits, costs, usage level.

Source  Kalshi REST: rate limits; Kalshi REST operations: account.
"""

from collections.abc import Iterable
from typing import Any

from engine.sim.rest.numbers import count, seconds
from engine.sim.rest.operations import BASE, PUBLIC, WRITE, Asked, Operation, Query
from engine.sim.rest.refusals import forbidden
from engine.sim.rest.tokens import DEFAULT_COST, TIERS, UPGRADED

Answer = dict[str, Any]
_INSTANCE = "event_contract"


def get_limits(asked: Asked[Query, None]) -> Answer:
    """Return the member's token buckets."""
    tokens = asked.venue.tokens
    level = tokens.tier(asked.member)
    tier = TIERS[level]
    buckets = {
        name: {"refill_rate": rate, "bucket_capacity": tokens.capacity(rate)}
        for name, rate in (("read", tier.read), ("write", tier.write))
    }
    grants = [{"exchange_instance": _INSTANCE, "level": level, "source": "manual"}] if level != "basic" else []
    return {"usage_tier": level, **buckets, "grants": grants}


def upgrade(asked: Asked[Query, None]) -> None:
    """Grant the first level above the lowest; who has more keeps it."""
    tokens = asked.venue.tokens
    if TIERS[tokens.tier(asked.member)].write >= TIERS[UPGRADED].write:
        raise forbidden(f"the usage level is {tokens.tier(asked.member)} already", "already_upgraded")
    tokens.set_tier(asked.member, UPGRADED)


def get_volume_progress(asked: Asked[Query, None]) -> Answer:
    """Return how far the member is from the levels that volume earns."""
    volume = sum(fill.qty for fill in asked.venue.ledger.fills(asked.member))
    goals = [
        {"level": level, "earn_volume_goal_fp": count(0), "keep_volume_goal_fp": count(0)} for level in list(TIERS)[2:]
    ]
    progress = {"computed_ts": seconds(asked.now_ns), "trailing_30d_volume_fp": count(volume), "goals": goals}
    return {"volume_progress": [progress]}


def endpoint_costs(operations: Iterable[Operation]) -> Operation:
    """Return the operation that says what each of `operations` costs beside the default."""
    costs = [
        {"method": operation.method, "path": BASE + _with_colons(operation.path), "cost": operation.cost}
        for operation in operations
        if isinstance(operation.cost, int) and operation.cost != DEFAULT_COST
    ]
    answer = {"default_cost": DEFAULT_COST, "endpoint_costs": costs}
    return Operation(
        name="get_account_endpoint_costs",
        method="GET",
        path="/account/endpoint_costs",
        run=lambda asked: answer,
        scope=PUBLIC,
    )


def _with_colons(path: str) -> str:
    """Return a pattern as the venue writes it."""
    return path.replace("{", ":").replace("}", "")


OPERATIONS = (
    Operation(name="get_account_api_limits", method="GET", path="/account/limits", run=get_limits),
    Operation(name="upgrade_account_api_usage_level", method="POST", path="/account/api_usage_level/upgrade",
              run=upgrade, status=201, scope=WRITE),
    Operation(name="get_account_api_usage_level_volume_progress", method="GET",
              path="/account/api_usage_level/volume_progress", run=get_volume_progress),
)  # fmt: skip
