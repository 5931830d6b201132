"""Windows of events and of requests, against lists of everything that happened."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError
from engine.risk._activity import MOST_EVENTS, Activity, EventWindow
from engine.risk.limits import RatioLimit
from engine.units import NO_LIMIT

WINDOW_NS = 640


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(1, 6), st.lists(st.integers(0, 400), max_size=60))
def test_window_answers_as_a_list_of_every_event(most: int, gaps: list[int]) -> None:
    window, events, now_ns = EventWindow(most, WINDOW_NS), [], 0
    for gap in gaps:
        now_ns += gap
        events.append(now_ns)
        within = sum(now_ns - at < WINDOW_NS for at in events)
        assert window.add(now_ns) is (within > most)
        assert window.count(now_ns) == min(within, most)


def test_window_begins_anew_after_a_clear() -> None:
    window = EventWindow(1, WINDOW_NS)
    assert (window.add(1), window.add(2)) == (False, True)
    window.clear()
    assert (window.count(3), window.add(3), window.add(4)) == (0, False, True)


@pytest.mark.parametrize(("most", "window_ns"), [(0, 1), (MOST_EVENTS + 1, 1), (1, 0), (-1, 1)])
def test_window_that_is_none_is_refused(most: int, window_ns: int) -> None:
    with pytest.raises(ConfigError, match="positive window"):
        EventWindow(most, window_ns)


def ratios() -> RatioLimit:
    return RatioLimit(max_orders_per_fill=NO_LIMIT, max_cancel_percent=NO_LIMIT, min_orders=1, window_ns=WINDOW_NS)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 300)), max_size=60))
def test_activity_counts_as_a_list_of_every_step(events: list[tuple[int, int]]) -> None:
    activity, now_ns, step_ns = Activity(ratios()), 0, WINDOW_NS // 64
    seen: list[tuple[int, int]] = []
    for kind, gap in events:
        now_ns += gap
        (activity.ordered, activity.cancelled, activity.filled)[kind](now_ns)
        seen.append((kind, now_ns // step_ns))
        alive = [each for each, step in seen if now_ns // step_ns - step < 64]
        assert activity.totals(now_ns) == tuple(alive.count(each) for each in range(3))


def test_clock_that_goes_back_stands_still() -> None:
    activity = Activity(ratios())
    activity.ordered(10_000)
    activity.ordered(10)
    assert activity.totals(10_000) == (2, 0, 0)


def test_without_ratios_nothing_is_counted() -> None:
    activity = Activity(None)
    activity.ordered(5)
    assert activity.totals(5) == (0, 0, 0)
