"""Latency samples taken on the hot path, turned into a histogram off it.

Units   nanoseconds.
Shapes  one preallocated ring of `capacity` samples; `drain` moves them to an HdrHistogram.
Cost    `record` about 60 ns and no allocation that lasts; a full ring is drained in place, once per `capacity`.
Source  HdrHistogram: values above 60 s are recorded as 60 s and counted in `clipped`.
"""

from array import array

from hdrh.histogram import HdrHistogram

HIGHEST_NS = 60_000_000_000
PERCENTILES = (("p50_ns", 50.0), ("p90_ns", 90.0), ("p99_ns", 99.0), ("p99_9_ns", 99.9), ("p99_99_ns", 99.99))


class LatencyRecorder:
    """Collects durations; reading it drains what is pending."""

    __slots__ = ("_capacity", "_histogram", "_pending", "_samples", "clipped", "last_ns")

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._samples = array("q", bytes(8 * capacity))
        self._pending = 0
        self._histogram = HdrHistogram(1, HIGHEST_NS, 3)
        self.clipped = 0
        self.last_ns = 0

    def record(self, duration_ns: int) -> None:
        pending = self._pending
        self._samples[pending] = self.last_ns = duration_ns
        self._pending = pending + 1
        if pending + 1 == self._capacity:
            self.drain()

    def drain(self) -> HdrHistogram:
        record = self._histogram.record_value
        for duration_ns in self._samples[: self._pending]:
            if duration_ns > HIGHEST_NS:
                self.clipped += 1
            record(min(max(duration_ns, 1), HIGHEST_NS))
        self._pending = 0
        return self._histogram

    def summary(self) -> dict[str, int]:
        """Return n, the usual percentiles and the maximum."""
        return summarize(self.drain())


def summarize(histogram: HdrHistogram) -> dict[str, int]:
    """Return one histogram as the results file shows it; all zero when it is empty."""
    count = histogram.get_total_count()
    result = {"n": count}
    for name, percentile in PERCENTILES:
        result[name] = histogram.get_value_at_percentile(percentile) if count else 0
    result["max_ns"] = histogram.get_max_value() if count else 0
    return result
