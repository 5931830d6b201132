"""Token bucket and duplicate window: each bound, and random use against what one would write down."""

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError
from engine.risk._duplicates import DuplicateWindow
from engine.runtime._rate import TokenBucket

SECOND = 10**9


# Token bucket


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


# Duplicate window


def test_window_is_full_after_as_many_equal_orders() -> None:
    window = DuplicateWindow(2, 1_000)
    assert not window.is_full(4, 4_500, 10, 0)
    window.add(4, 4_500, 10, 0)
    assert not window.is_full(4, 4_500, 10, 1)
    window.add(4, 4_500, 10, 1)
    assert window.is_full(4, 4_500, 10, 2)


@pytest.mark.parametrize("other", [(5, 4_500, 10), (4, 4_501, 10), (4, 4_500, 11)])
def test_order_that_differs_in_anything_is_no_duplicate(other: tuple[int, int, int]) -> None:
    window = DuplicateWindow(1, 1_000)
    window.add(4, 4_500, 10, 0)
    assert window.is_full(4, 4_500, 10, 0)
    assert not window.is_full(*other, 0)


@pytest.mark.parametrize(("age_ns", "is_full"), [(999, True), (1_000, False), (1_001, False)])
def test_order_leaves_the_window(age_ns: int, is_full: bool) -> None:
    window = DuplicateWindow(1, 1_000)
    window.add(4, 4_500, 10, 7)
    assert window.is_full(4, 4_500, 10, 7 + age_ns) is is_full


def test_ring_grows_only_where_the_window_holds_more() -> None:
    window = DuplicateWindow(1_000, 1_000)
    for count in range(10_000):
        window.add(0, 100, 1, count * 20)  # 50 in the window
    assert window.capacity == 64
    for _ in range(1_000):
        window.add(0, 100, 1, 300_000)
    assert window.capacity == 1_024
    assert window.is_full(0, 100, 1, 300_000)
    assert not window.is_full(0, 100, 1, 300_000 + 1_000)


@pytest.mark.parametrize(("max_orders", "window_ns"), [(0, 1), (1, 0), (-1, 1)])
def test_window_of_no_size_is_refused(max_orders: int, window_ns: int) -> None:
    with pytest.raises(ConfigError, match="must be positive"):
        DuplicateWindow(max_orders, window_ns)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(1, 9), st.integers(1, 600), st.integers(0, 2**32))
def test_random_orders_equal_a_plain_list(max_orders: int, window_ns: int, seed: int) -> None:
    window, now_ns, chance = DuplicateWindow(max_orders, window_ns), 0, random.Random(seed)
    sent: list[tuple[int, tuple[int, int, int]]] = []
    for _ in range(300):
        now_ns += chance.randrange(7)
        order = (chance.randrange(2), chance.choice((1, 65, 4_161)), chance.randrange(1, 4))
        equal = [each for at_ns, each in sent if each == order and now_ns - at_ns < window_ns]
        assert window.is_full(*order, now_ns) is (len(equal) >= max_orders)
        if len(equal) < max_orders:
            window.add(*order, now_ns)
            sent.append((now_ns, order))
