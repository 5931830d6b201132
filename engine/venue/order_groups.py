"""Order groups as a venue has them: a cap on what their orders may fill within a while, which cancels them all.

Units   a limit is a number of contracts as text, as a person writes it.
Errors  ConfigError for a request that the venue would refuse.
"""

from typing import Protocol

import msgspec

from engine.venue.rest import Call


class VenueOrderGroup(msgspec.Struct, frozen=True, kw_only=True):
    """One group. `limit` is "" where the venue does not say it."""

    group_id: str
    limit: str = ""
    shard: int = 0


class OrderGroupDialect(Protocol):
    """What asks a venue for its order groups; `shard` is where a group lives."""

    def groups(self) -> Call[list[VenueOrderGroup]]:
        """Return what asks for every group."""

    def create(self, limit: str, shard: int) -> Call[str]:
        """Return what makes a group, and is answered with its id."""

    def set_limit(self, group_id: str, limit: str, shard: int) -> Call[None]:
        """Return what sets another limit."""

    def reset(self, group_id: str, shard: int) -> Call[None]:
        """Return what lets a group that has hit its limit take orders again."""

    def trigger(self, group_id: str, shard: int) -> Call[None]:
        """Return what cancels every order of a group now, as if it had hit its limit."""

    def delete(self, group_id: str, shard: int) -> Call[None]:
        """Return what ends a group, and cancels its orders."""
