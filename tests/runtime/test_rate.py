"""Token bucket: each bound, and random use against exact fractions."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError
from engine.runtime._rate import TokenBucket

SECOND = 10**9


def test_new_bucket_is_full() -> None:
    bucket = TokenBucket(100, 300)
    assert bucket.available(0) == 300
    assert bucket.take(300, 0)
    assert not bucket.take(1, 0)


def test_empty_bucket_refills_to_the_nanosecond() -> None:
    bucket = TokenBucket(100, 300)
    bucket.take(300, SECOND)
    assert not bucket.take(10, SECOND + SECOND // 10 - 1)
    assert bucket.take(10, SECOND + SECOND // 10)
    assert not bucket.take(1, SECOND + SECOND // 10)


def test_rate_that_no_nanosecond_divides_loses_nothing() -> None:
    bucket = TokenBucket(3, 1)
    bucket.take(1, 0)
    for step in range(1, 334):  # in small steps: 333 * 1_000_000 ns are 0.999 of a token
        assert bucket.available(step * 1_000_000) == 0
    assert bucket.available(333_333_333) == 0
    assert bucket.available(333_333_334) == 1


def test_full_bucket_takes_no_more() -> None:
    bucket = TokenBucket(100, 300)
    assert bucket.available(10**18) == 300
    bucket.take(1, 10**18)
    assert bucket.available(2 * 10**18) == 300


def test_refused_take_takes_nothing() -> None:
    bucket = TokenBucket(1, 10)
    assert not bucket.take(11, 0)
    assert bucket.available(0) == 10


@pytest.mark.parametrize(("reserve", "passes"), [(89, True), (90, True), (91, False)])
def test_take_leaves_the_reserve(reserve: int, passes: bool) -> None:
    assert TokenBucket(1, 100).take(10, 0, reserve) is passes


@pytest.mark.parametrize(("tokens", "left"), [(9, 1), (10, 0), (11, 0), (2**62, 0)])
def test_drain_takes_what_is_there(tokens: int, left: int) -> None:
    bucket = TokenBucket(1, 10)
    bucket.drain(tokens, 0)
    assert bucket.available(0) == left


def test_clock_that_goes_back_gains_nothing() -> None:
    bucket = TokenBucket(100, 100)
    bucket.take(100, SECOND)
    assert bucket.available(0) == 0
    assert bucket.available(SECOND) == 0
    assert bucket.available(2 * SECOND) == 100


@pytest.mark.parametrize(("per_second", "burst"), [(0, 1), (1, 0), (-1, 1), (SECOND + 1, 1), (1, SECOND + 1)])
def test_bucket_of_impossible_size_is_refused(per_second: int, burst: int) -> None:
    with pytest.raises(ConfigError, match="must be 1 to"):
        TokenBucket(per_second, burst)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.integers(1, 10**9),
    st.integers(1, 10**9),
    st.lists(st.tuples(st.integers(0, 10**10), st.integers(0, 10**9), st.integers(0, 50), st.booleans()), max_size=30),
)
def test_random_use_equals_exact_fractions(
    per_second: int, burst: int, requests: list[tuple[int, int, int, bool]]
) -> None:
    bucket, level, now_ns = TokenBucket(per_second, burst), Fraction(burst), 0
    for wait_ns, tokens, reserve, is_held_back in requests:
        now_ns += wait_ns
        level = min(Fraction(burst), level + Fraction(wait_ns * per_second, SECOND))
        if not is_held_back:
            bucket.drain(tokens, now_ns)
            level = level - tokens if level >= tokens else Fraction(0)
        elif level >= tokens + reserve:
            assert bucket.take(tokens, now_ns, reserve)
            level -= tokens
        else:
            assert not bucket.take(tokens, now_ns, reserve)
        assert bucket.available(now_ns) == level // 1


def test_wait_is_until_the_tokens_are_there_and_not_a_nanosecond_longer() -> None:
    bucket = TokenBucket(3, 10)
    bucket.take(10, 0)
    assert bucket.wait_ns(1, 0) == 333_333_334
    assert not bucket.take(1, 333_333_333)
    assert bucket.wait_ns(1, 333_333_333) == 1
    assert bucket.take(1, 333_333_334)
    assert bucket.wait_ns(0, 333_333_334) == 0
    assert bucket.wait_ns(10, 333_333_334) > 0
    assert bucket.wait_ns(11, 333_333_334) == -1


def test_change_keeps_what_was_spent() -> None:
    bucket = TokenBucket(10, 100)
    bucket.take(40, 0)
    bucket.change(20, 200, SECOND)
    assert bucket.available(SECOND) == 170  # 30 are missing of 100, and now of 200
    assert bucket.available(2 * SECOND) == 190
    assert bucket.available(3 * SECOND) == 200
    bucket.change(1, 20, 3 * SECOND)
    assert bucket.available(3 * SECOND) == 20
    bucket.take(20, 3 * SECOND)
    bucket.change(1, 10, 3 * SECOND)
    assert bucket.available(3 * SECOND) == 0


def test_change_to_what_is_no_limit_changes_nothing() -> None:
    bucket = TokenBucket(10, 100)
    with pytest.raises(ConfigError):
        bucket.change(0, 100, 0)
    assert bucket.available(0) == 100
    assert bucket.wait_ns(101, 0) == -1
