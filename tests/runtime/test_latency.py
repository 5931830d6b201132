"""Latency recorder: percentiles against the sorted samples, clipping, and that it never pauses to tidy up."""

from collections import Counter
from random import Random

import pytest

from engine.runtime.latency import PERCENTILES, LatencyCounts, LatencyRecorder


def recorded(samples: list[int]) -> LatencyRecorder:
    recorder = LatencyRecorder()
    for sample in samples:
        recorder.record(sample)
    return recorder


@pytest.mark.parametrize("seed", range(5))
def test_percentiles_are_within_a_thousandth_of_the_sorted_samples(seed: int) -> None:
    random = Random(seed)
    samples = [int(random.lognormvariate(9, 2)) for _ in range(5001)]
    summary = LatencyCounts(recorded(samples)).summary()
    ordered = sorted(samples)
    assert summary["n"] == 5001
    assert summary["max_ns"] == ordered[-1]
    for name, percent in PERCENTILES.items():
        exact = ordered[max(-(-len(ordered) * percent // 100), 1).__int__() - 1]
        assert exact <= summary[name] <= exact * 1.001 + 1, name


def test_counts_at_most_grow_to_the_total() -> None:
    recorder = recorded([500, 1500, 1500, 20_000, 10**9])
    counts = LatencyCounts(recorder)
    assert [counts.count_at_most(bound) for bound in (499, 600, 2000, 10**5, 2 * 10**9)] == [0, 1, 3, 4, 5]
    assert recorder.total_ns == 500 + 3000 + 20_000 + 10**9


def test_out_of_range_durations_are_counted_never_dropped() -> None:
    recorder = recorded([-5, 10**12])
    assert (recorder.count, recorder.clipped, LatencyCounts(recorder).percentile(1)) == (2, 1, 0)
    assert recorder.max_ns == 2**36 - 1


def test_empty_recorder_answers_zero() -> None:
    counts = LatencyCounts(LatencyRecorder())
    assert set(counts.summary().values()) == {0}
    assert (counts.percentile(0), counts.percentile(100), counts.count_at_most(2**62)) == (0, 0, 0)


def test_counts_stay_as_they_were_when_they_were_taken() -> None:
    recorder = recorded([10, 20])
    counts = LatencyCounts(recorder)
    recorder.record(30)
    assert (counts.count, counts.percentile(100), counts.total_ns, counts.count_at_most(30)) == (2, 20, 30, 2)
    recorder.clear()
    assert recorder.snapshot() == []
    assert counts.summary()["max_ns"] == 20


@pytest.mark.parametrize("seed", range(3))
def test_snapshot_holds_every_duration_once_in_the_bucket_of_its_eleven_digits(seed: int) -> None:
    random = Random(seed)
    samples = [random.getrandbits(random.randint(1, 36)) for _ in range(2000)]
    buckets: Counter[int] = Counter()
    for sample in samples:
        shift = max(sample.bit_length() - 11, 0)
        buckets[shift * 1024 + (sample >> shift)] += 1
    assert recorded(samples).snapshot() == sorted(buckets.items())
