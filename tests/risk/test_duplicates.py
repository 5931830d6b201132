"""The duplicate window: what is equal, for how long, and that its ring grows only where it must."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError
from engine.risk._duplicates import DuplicateWindow


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
