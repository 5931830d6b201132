"""What an account may still spend, shared by everybody who spends it: REST here, and FIX order entry elsewhere.

Units   tokens as the venue counts them; times in ns of one clock, which everybody who takes tokens must use.
Bounds  `MOST_SHARDS` shards.
Thread  the loop thread only.
Source  Kalshi REST, rate limits: token buckets for reads and for writes, of writes another for each shard above 0.
"""

from typing import NamedTuple

from engine.runtime._rate import TokenBucket
from engine.venue.rest import RestRequest, TokenLimits

MOST_SHARDS = 256


class SharedWrites(NamedTuple):
    """The bucket of whoever else sends orders for this account, and the most that is configured for it.

    It is one for all shards, which spends no more than the venue allows, and perhaps less.
    """

    bucket: TokenBucket
    per_second: int
    burst: int


class Tokens:
    """The buckets of one account. A bucket stays the same object when the limits change, so it may be kept.

    With `shared` every write spends from that bucket: it goes by the account's limits, but never above its own.

    `unused_percent` of each burst are never spent. The venue takes its tokens later than we do, by the time that a
    request is under way: where its bucket was full, ours has refilled meanwhile, and would promise too much.
    """

    def __init__(self, limits: TokenLimits, unused_percent: int = 0, shared: SharedWrites | None = None) -> None:
        self.limits = limits
        self._unused_percent = unused_percent
        self._shared = shared
        self.reads = TokenBucket(limits.read_per_second, self._burst(limits.read_burst))
        self._writes = {0: shared.bucket if shared else TokenBucket(*self._of_writes(limits))}

    def writes(self, shard: int = 0) -> TokenBucket:
        """Return the bucket of a shard's writes; beyond `MOST_SHARDS` that of the account at large."""
        bucket = self._writes.get(shard if self._shared is None else 0)
        if bucket is None:
            if len(self._writes) >= MOST_SHARDS:
                return self._writes[0]
            bucket = self._writes[shard] = TokenBucket(*self._of_writes(self.limits))
        return bucket

    def bucket(self, request: RestRequest) -> TokenBucket:
        """Return the bucket that a request spends from."""
        return self.writes(request.shard) if request.is_write else self.reads

    def take_write(self, tokens: int, now_ns: int, shard: int = 0) -> bool:
        """Take tokens for a write that goes another way than REST; answer whether they were there."""
        return self.writes(shard).take(tokens, now_ns)

    def spent_write(self, tokens: int, now_ns: int, shard: int = 0) -> None:
        """Take tokens, or what is left of them, for a write that is sent in any case."""
        self.writes(shard).drain(tokens, now_ns)

    def change(self, limits: TokenLimits, now_ns: int) -> None:
        """Go by other limits; what was spent stays spent. ConfigError for limits that are none, and nothing changed."""
        writes = self._of_writes(limits)
        TokenBucket(*writes)
        self.reads.change(limits.read_per_second, self._burst(limits.read_burst), now_ns)
        for bucket in self._writes.values():
            bucket.change(*writes, now_ns)
        self.limits = limits

    def left(self, now_ns: int) -> dict[str, int]:
        """Return the whole tokens that are left, by the name of their bucket: `read`, `write`, `write_1` and so on."""
        left = {"read": self.reads.available(now_ns)}
        for shard, bucket in self._writes.items():
            left[f"write_{shard}" if shard else "write"] = bucket.available(now_ns)
        return left

    def of_writes(self) -> tuple[int, int]:
        """Return the tokens a second and at once that a bucket of writes has now."""
        return self._of_writes(self.limits)

    def _of_writes(self, limits: TokenLimits) -> tuple[int, int]:
        per_second, burst = limits.write_per_second, self._burst(limits.write_burst)
        if self._shared is None:
            return per_second, burst
        return min(per_second, self._shared.per_second), min(burst, self._shared.burst)

    def _burst(self, burst: int) -> int:
        return burst - burst * self._unused_percent // 100


class TokenCosts:
    """What operations cost, by method and path, where the venue lists them; else what their requests say."""

    def __init__(self, listed: dict[tuple[str, str], int]) -> None:
        self._patterns: dict[tuple[str, int], list[tuple[tuple[str, ...], int]]] = {}
        for (method, path), tokens in listed.items():
            parts = tuple("" if part[:1] in (":", "{") else part for part in path.split("/")[1:])
            self._patterns.setdefault((method.upper(), len(parts)), []).append((parts, tokens))
        for found in self._patterns.values():
            found.sort(key=lambda pattern: pattern[0].count(""))  # a path by its name before one by a placeholder

    def of(self, request: RestRequest) -> int:
        """Return the tokens of a request. One with a body may be many in one: its own word counts if it is more."""
        if not self._patterns:
            return request.tokens
        listed = self._listed(request)
        if listed is None:
            return request.tokens
        return max(listed, request.tokens) if request.body else listed

    def _listed(self, request: RestRequest) -> int | None:
        parts = request.path.split("/")[1:]
        for pattern, tokens in self._patterns.get((request.method, len(parts)), ()):
            if all(not wanted or wanted == part for wanted, part in zip(pattern, parts, strict=True)):
                return tokens
        return None
