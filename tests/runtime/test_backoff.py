"""Delays between attempts to connect."""

from random import Random

from engine.runtime.backoff import Backoff


def test_delays_double_up_to_the_longest_and_lose_at_most_half() -> None:
    seen: list[set[int]] = [set() for _ in range(6)]
    for seed in range(3000):
        backoff = Backoff(100, 1000, Random(seed))
        for delays in seen:
            delays.add(backoff.next_ns())
    assert [(min(delays), max(delays)) for delays in seen] == [
        (50, 100),
        (100, 200),
        (200, 400),
        (400, 800),
        (500, 1000),
        (500, 1000),
    ]


def test_delays_begin_anew_after_reset() -> None:
    backoff = Backoff(100, 1000, Random(1))
    for _ in range(1000):
        assert backoff.next_ns() <= 1000
    backoff.reset()
    assert backoff.next_ns() <= 100


def test_same_seed_gives_the_same_delays() -> None:
    first, second = (Backoff(100, 10**12, Random(5)) for _ in range(2))
    assert [first.next_ns() for _ in range(9)] == [second.next_ns() for _ in range(9)]
