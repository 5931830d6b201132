"""Latencies counted on the hot path, in place: a histogram with three significant digits.

Units   nanoseconds, 0 to 68 s; what is longer counts as the longest and in `clipped`.
Shapes  bucket `shift * 1024 + (value >> shift)` counts the values that share their highest 11 bits: 0.1 % wide.
Cost    `record` 20 ns, no allocation, never a pause; reading walks 28 000 counts, about 20 us.
Source  the bucket layout of HdrHistogram.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memset

cdef extern from *:
    """
    #define bit_length(value) (64 - __builtin_clzll((value) | 1))
    """
    int bit_length(uint64_t value) noexcept nogil

cdef enum:
    HALF = 1024
    DIGITS = 11
    LONGEST_BITS = 36

PERCENTILES = {"p50_ns": 50.0, "p90_ns": 90.0, "p99_ns": 99.0, "p99_9_ns": 99.9, "p99_99_ns": 99.99}


cdef int64_t highest_of(Py_ssize_t bucket) noexcept nogil:
    """The largest value that a bucket counts."""
    cdef Py_ssize_t shift = 0 if bucket < 2 * HALF else bucket // HALF - 1
    return ((bucket - shift * HALF + 1) << shift) - 1


cdef class LatencyRecorder:
    """Counts durations and answers percentiles, never below the true value and at most 0.1 % above."""

    def __cinit__(self):
        self.clear()

    cpdef void clear(self) noexcept:
        memset(self.counts, 0, sizeof(self.counts))
        self.count = self.total_ns = self.max_ns = self.last_ns = self.clipped = 0

    cpdef void record(self, int64_t duration_ns) noexcept:
        cdef int shift
        self.last_ns = duration_ns
        if duration_ns < 0:  # two clocks that disagree
            duration_ns = 0
        elif bit_length(duration_ns) > LONGEST_BITS:
            duration_ns = (<int64_t>1 << LONGEST_BITS) - 1
            self.clipped = self.clipped + 1
        shift = bit_length(duration_ns) - DIGITS
        if shift < 0:
            shift = 0
        self.counts[shift * HALF + (duration_ns >> shift)] += 1
        self.count = self.count + 1
        self.total_ns = self.total_ns + duration_ns
        if duration_ns > self.max_ns:
            self.max_ns = duration_ns

    def percentile(self, double percent):
        """Return the duration that `percent` of all do not exceed; 0 when there are none."""
        cdef int64_t wanted = <int64_t>(percent / 100 * self.count + 0.999999), seen = 0
        cdef Py_ssize_t bucket
        for bucket in range(BUCKETS):
            seen += self.counts[bucket]
            if seen >= wanted and seen:
                return min(highest_of(bucket), self.max_ns)
        return 0

    def count_at_most(self, int64_t duration_ns):
        """Return how many durations were not above `duration_ns`, to the width of a bucket."""
        cdef int64_t seen = 0
        cdef Py_ssize_t bucket
        for bucket in range(BUCKETS):
            if highest_of(bucket) > duration_ns:
                break
            seen += self.counts[bucket]
        return seen

    def summary(self):
        """Return n, the usual percentiles and the maximum, as the results file shows them."""
        found = {"n": self.count}
        for name, percent in PERCENTILES.items():
            found[name] = self.percentile(percent)
        found["max_ns"] = self.max_ns
        return found
