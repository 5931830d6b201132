"""How often an address may read without a key.

Units   requests a second; times in ns.
Shapes  up to MOST addresses are remembered; the one that was made first is forgotten for another.
Source  Kalshi REST: rate limits, unauthenticated reads.
"""

from collections import OrderedDict

from engine.runtime._rate import TokenBucket

MOST = 10_000


class AddressTokens:
    """A bucket for each address; `per_second` 0 is no bound."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def spend(self, address: str, now_ns: int) -> bool:
        """Count one request; return whether it may pass."""
        if not self._per_second:
            return True
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = TokenBucket(self._per_second, self._per_second)
            if len(self._buckets) > MOST:
                self._buckets.popitem(last=False)
        return bucket.take(1, now_ns)
