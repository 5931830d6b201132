"""Percentiles of recorded latencies, computed by the reader and never on the hot path.

Units   nanoseconds.
Cost    making a `LatencyCounts` costs a `snapshot` and a step for each bucket in use; an answer O(log buckets).
Source  the bucket layout of HdrHistogram.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import Protocol

from engine.runtime._latency import LatencyRecorder

__all__ = ["PERCENTILES", "LatencyCounts", "LatencyRecorder"]

PERCENTILES = {"p50_ns": 50.0, "p90_ns": 90.0, "p99_ns": 99.0, "p99_9_ns": 99.9, "p99_99_ns": 99.99}
_HALF = 1024  # buckets of one power of two


class LatencySums(Protocol):
    """What holds counts: a recorder, or a copy of one."""

    @property
    def count(self) -> int:
        """How many durations."""

    @property
    def total_ns(self) -> int:
        """Their sum."""

    @property
    def max_ns(self) -> int:
        """The longest."""

    def snapshot(self) -> list[tuple[int, int]]:
        """Return (bucket, count) of every bucket that counted something, shortest durations first."""


class LatencyCounts:
    """A recorder's counts at one moment; percentiles are never below the true value and at most 0.1 % above."""

    __slots__ = ("_longest_ns", "_seen", "count", "max_ns", "total_ns")

    def __init__(self, recorder: LatencySums) -> None:
        counted = recorder.snapshot()
        self.count = recorder.count
        self.total_ns = recorder.total_ns
        self.max_ns = recorder.max_ns
        self._longest_ns = [_longest_ns(bucket) for bucket, _ in counted]
        self._seen = list(accumulate(count for _, count in counted))

    def percentile(self, percent: float) -> int:
        """Return the duration that `percent` of all do not exceed; 0 when there are none."""
        wanted = max(int(percent / 100 * self.count + 0.999999), 1)
        place = bisect_left(self._seen, wanted)
        return min(self._longest_ns[place], self.max_ns) if place < len(self._seen) else 0

    def count_at_most(self, duration_ns: int) -> int:
        """Return how many durations were not above `duration_ns`, to the width of a bucket."""
        place = bisect_right(self._longest_ns, duration_ns)
        return self._seen[place - 1] if place else 0

    def summary(self) -> dict[str, int]:
        """Return n, the usual percentiles and the maximum, as the results file shows them."""
        percentiles = {name: self.percentile(percent) for name, percent in PERCENTILES.items()}
        return {"n": self.count, **percentiles, "max_ns": self.max_ns}


def _longest_ns(bucket: int) -> int:
    """Return the longest duration that a bucket counts."""
    shift = 0 if bucket < 2 * _HALF else bucket // _HALF - 1
    return ((bucket - shift * _HALF + 1) << shift) - 1
