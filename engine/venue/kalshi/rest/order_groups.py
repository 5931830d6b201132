"""Kalshi's order groups over REST, of the primary subaccount, as orders are.

Source  Kalshi REST, order groups.
"""

from engine.venue.kalshi.rest.operations import groups
from engine.venue.order_groups import VenueOrderGroup
from engine.venue.rest import Call


class KalshiOrderGroups:
    """An OrderGroupDialect."""

    def groups(self) -> Call[list[VenueOrderGroup]]:
        """Return what asks for every group."""
        call = groups.order_groups()
        return Call(call.request, lambda body: [_group(each) for each in call.read(body)], call.statuses)

    def create(self, limit: str, shard: int) -> Call[str]:
        """Return what makes a group, and is answered with its id."""
        call = groups.create_group(limit, shard=shard)
        return Call(call.request, lambda body: call.read(body).order_group_id, call.statuses)

    def set_limit(self, group_id: str, limit: str, shard: int) -> Call[None]:
        """Return what sets another limit."""
        return groups.limit_group(group_id, limit, shard=shard)

    def reset(self, group_id: str, shard: int) -> Call[None]:
        """Return what lets a group that has hit its limit take orders again."""
        return groups.reset_group(group_id, shard=shard)

    def trigger(self, group_id: str, shard: int) -> Call[None]:
        """Return what cancels every order of a group now."""
        return groups.trigger_group(group_id, shard=shard)

    def delete(self, group_id: str, shard: int) -> Call[None]:
        """Return what ends a group, and cancels its orders."""
        return groups.delete_group(group_id, shard=shard)


def _group(told: groups.KalshiGroup) -> VenueOrderGroup:
    return VenueOrderGroup(group_id=told.id, limit=told.contracts_limit_fp or "", shard=told.exchange_index or 0)
