"""Who goes next: by urgency, then by time of arrival, within tokens and slots; against a plain reference."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.net.rest.lanes import InFlight, Lane, Waiter
from engine.runtime._rate import TokenBucket
from engine.venue.rest import Urgency

NS = 1_000_000_000
URGENCIES = list(Urgency)


def lane_of(per_second: int = 10, burst: int = 100, most: int = 5, more: int = 0, **options: Any) -> Lane:
    options = {"most_waiting": 100, **options}
    return Lane(TokenBucket(per_second, burst), InFlight(most, more), **options)


def names(lane: Lane, now_ns: int = 0) -> list[int]:
    return [waiting.number for waiting in lane.serve(now_ns)]


def test_most_urgent_goes_first_and_of_those_the_first() -> None:
    lane = lane_of(most=9)
    for number, urgency in enumerate([Urgency.BROWSE, Urgency.ORDER, Urgency.RECONCILE, Urgency.CANCEL, Urgency.ORDER]):
        assert lane.join(Waiter(urgency, 10, number)) is None
    assert names(lane) == [3, 1, 4, 2, 0]


def test_newcomer_does_not_overtake_who_waits() -> None:
    lane = lane_of(burst=10)
    lane.join(Waiter(Urgency.BROWSE, 20, 1))
    assert not lane.admit(Urgency.BROWSE, 1, 0)
    lane.leave(Waiter(Urgency.BROWSE, 20, 9))  # one that never waited
    assert len(lane) == 1


def test_slots_are_kept_free_for_cancels() -> None:
    lane = lane_of(most=1, more=1)
    assert lane.admit(Urgency.ORDER, 1, 0)
    assert not lane.admit(Urgency.ORDER, 1, 0)
    assert lane.admit(Urgency.CANCEL, 1, 0)
    assert not lane.admit(Urgency.CANCEL, 1, 0)


def test_tokens_are_kept_for_cancels() -> None:
    lane = lane_of(burst=20, reserve=10)
    assert lane.admit(Urgency.ORDER, 10, 0)
    assert not lane.admit(Urgency.ORDER, 1, 0)
    assert lane.admit(Urgency.CANCEL, 10, 0)


def test_what_needs_the_whole_bucket_is_not_held_up_by_the_reserve() -> None:
    lane = lane_of(burst=20, reserve=10)
    assert lane.admit(Urgency.ORDER, 15, 0)
    assert not lane.can_ever(21, 0) and lane.can_ever(20, 0)


def test_wait_is_until_the_first_has_its_tokens() -> None:
    lane = lane_of(per_second=10, burst=10)
    assert lane.wait_ns(0) == 0
    assert lane.admit(Urgency.ORDER, 10, 0)
    lane.join(Waiter(Urgency.ORDER, 5, 1))
    assert lane.wait_ns(0) == NS // 2
    assert names(lane, NS // 2 - 1) == []
    assert names(lane, NS // 2) == [1]


def test_lane_that_the_venue_refused_is_empty_and_held() -> None:
    lane = lane_of(per_second=10, burst=10)
    lane.limited(0, 3 * NS)
    lane.join(Waiter(Urgency.CANCEL, 5, 1))
    assert lane.wait_ns(0) == 3 * NS
    assert names(lane, 3 * NS - 1) == []
    assert names(lane, 3 * NS) == [1]


def test_full_lane_lets_go_of_the_least_urgent() -> None:
    lane = lane_of(most_waiting=2, burst=1)
    first, second, third = (Waiter(Urgency.ORDER, 10, number) for number in (1, 2, 3))
    assert lane.join(first) is None and lane.join(second) is None
    assert lane.join(third) is third and third.is_out
    cancel = Waiter(Urgency.CANCEL, 2, 4)
    assert lane.join(cancel) is second and second.is_out and not cancel.is_out


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["join", "leave", "answer", "wait"]),
        st.sampled_from(URGENCIES),
        st.integers(1, 30),
        st.integers(0, 400_000_000),
    ),
    max_size=60,
)


@given(STEPS, st.integers(0, 15))
def test_random_traffic_goes_as_the_reference_says(steps: list[tuple[str, Urgency, int, int]], reserve: int) -> None:
    """The reference counts tokens as a fraction of ns, and sorts a list before each step."""
    slots = InFlight(2, 1)
    lane = Lane(TokenBucket(40, 30), slots, 4, reserve)
    now_ns, level, used = 0, 30 * NS, 0
    waiting: list[Waiter] = []
    for number, (kind, urgency, tokens, wait_ns) in enumerate(steps):
        if kind == "join":
            newcomer = Waiter(urgency, tokens, number)
            waiting.append(newcomer)
            waiting.sort(key=lambda each: (each.urgency, each.number))
            assert lane.join(newcomer) is (waiting.pop() if len(waiting) > 4 else None)
        elif kind == "leave" and waiting:
            lane.leave(waiting.pop(tokens % len(waiting)))
        elif kind == "answer" and used:
            used -= 1
            slots.used -= 1
        elif kind == "wait":
            now_ns += wait_ns
            level = min(30 * NS, level + 40 * wait_ns)
        expected = []
        while waiting:
            first = waiting[0]
            is_cancel = first.urgency is Urgency.CANCEL
            kept = 0 if is_cancel or first.tokens + reserve > 30 else reserve
            if used >= (3 if is_cancel else 2) or level < (first.tokens + kept) * NS:
                break
            level -= first.tokens * NS
            used += 1
            expected.append(waiting.pop(0))
        assert list(lane.serve(now_ns)) == expected
        assert len(lane) == len(waiting)
        assert slots.used == used
