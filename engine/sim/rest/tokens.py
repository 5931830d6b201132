"""What a member may ask for in a second: token buckets by tier, shared by REST and FIX.

Units   tokens; times in ns.
Errors  KeyError for a tier that is not in TIERS.
Cost    a few hundred ns to spend; a bucket is made when it is first used.
Thread  the loop thread only.
Source  Kalshi REST: rate limits.
"""

from collections.abc import Callable
from typing import NamedTuple

from engine.runtime._rate import TokenBucket

DEFAULT_COST = 10
CANCEL_COST = 2
BURST_SECONDS = 3


class Tier(NamedTuple):
    """What a usage level may spend a second."""

    read: int
    write: int


TIERS = {
    "basic": Tier(200, 100),
    "advanced": Tier(300, 300),
    "expert": Tier(600, 600),
    "premier": Tier(1_200, 1_200),
    "paragon": Tier(2_400, 2_400),
    "prime": Tier(4_800, 4_800),
    "prestige": Tier(12_000, 9_600),
}
LOWEST, UPGRADED = "basic", "advanced"
_TIERS_WITH_SUBACCOUNTS = tuple(TIERS)[1:]
_TIERS_WITH_FIX = tuple(TIERS)[3:]


class MemberTokens:
    """The buckets of every member: one for reads, one for writes of each shard. Shard 0 stands for no shard named."""

    def __init__(self, now_ns: Callable[[], int], tier: str = LOWEST, burst_seconds: int = BURST_SECONDS) -> None:
        self._now_ns = now_ns
        self._tier = tier
        self._tiers: dict[str, str] = {}
        self._burst_seconds = burst_seconds
        self._reads: dict[str, TokenBucket] = {}
        self._writes: dict[tuple[str, int], TokenBucket] = {}

    def tier(self, member: str) -> str:
        """Return a member's usage level."""
        return self._tiers.get(member, self._tier)

    def set_tier(self, member: str, tier: str) -> None:
        """Give a member another level, with full buckets."""
        TIERS[tier]
        self._tiers[member] = tier
        self._reads.pop(member, None)
        self._writes = {owner: bucket for owner, bucket in self._writes.items() if owner[0] != member}

    def has_subaccounts(self, member: str) -> bool:
        """Return whether the member's level allows subaccounts."""
        return self.tier(member) in _TIERS_WITH_SUBACCOUNTS

    def may_use_fix(self, member: str) -> bool:
        """Return whether the member's level allows FIX."""
        return self.tier(member) in _TIERS_WITH_FIX

    def spend(self, member: str, tokens: int, shard: int = 0) -> bool:
        """Take the tokens of a write; return whether they were there."""
        bucket = self._writes.get((member, shard))
        if bucket is None:
            bucket = self._writes[member, shard] = self._bucket(TIERS[self.tier(member)].write)
        return bucket.take(tokens, self._now_ns())

    def spend_read(self, member: str, tokens: int) -> bool:
        """Take the tokens of a read; return whether they were there."""
        bucket = self._reads.get(member)
        if bucket is None:
            bucket = self._reads[member] = self._bucket(TIERS[self.tier(member)].read)
        return bucket.take(tokens, self._now_ns())

    def capacity(self, per_second: int) -> int:
        """Return what a bucket of this rate holds when it is full."""
        return per_second * self._burst_seconds

    def _bucket(self, per_second: int) -> TokenBucket:
        return TokenBucket(per_second, self.capacity(per_second))
