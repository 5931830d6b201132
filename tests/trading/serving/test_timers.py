"""Timers: when they are due, again and again, and never once they are taken back."""

import pytest

from engine.backtest.clock import MovedClock
from engine.errors import ConfigError
from engine.trading.serving.timers import SHORTEST_NS, Timer


class Timed:
    """A clock, and when each timer fired, counted from its start."""

    def __init__(self) -> None:
        self.clock = MovedClock(0)
        self.fired: list[int] = []

    def timer(self, delay_ns: int, every_ns: int = 0) -> Timer:
        return Timer(
            self.clock.call_later, self.clock, lambda: self.fired.append(self.clock.now_ns), delay_ns, every_ns
        )

    def pass_by(self, step_ns: int, times: int) -> list[int]:
        for _ in range(times):
            self.clock.move(step_ns)
        return self.fired


def test_timer_fires_once() -> None:
    timed = Timed()
    timer = timed.timer(5)
    assert not timer.is_over
    assert timed.pass_by(5, 4) == [5]
    assert timer.is_over


def test_cancelled_timer_never_fires() -> None:
    timed = Timed()
    for timer in (timed.timer(5), timed.timer(SHORTEST_NS, SHORTEST_NS)):
        timer.cancel()
        timer.cancel()
        assert timer.is_over
    assert timed.pass_by(SHORTEST_NS, 3) == []


def test_repeating_timer_keeps_its_beat_however_late_it_is_called() -> None:
    timed = Timed()
    timed.timer(10 * SHORTEST_NS, 10 * SHORTEST_NS)
    assert timed.pass_by(7 * SHORTEST_NS, 6) == [each * SHORTEST_NS for each in (14, 21, 35, 42)]


def test_repeating_timer_does_not_make_up_for_what_was_missed() -> None:
    timed = Timed()
    timed.timer(SHORTEST_NS, SHORTEST_NS)
    timed.clock.move(1_000 * SHORTEST_NS)
    assert timed.fired == [1_000 * SHORTEST_NS]
    timed.clock.move(SHORTEST_NS)
    assert len(timed.fired) == 2


def test_repeating_timer_that_is_taken_back_in_its_own_call_is_over() -> None:
    timed = Timed()
    found: list[Timer] = []
    found.append(Timer(timed.clock.call_later, timed.clock, lambda: found[0].cancel(), SHORTEST_NS, SHORTEST_NS))
    timed.clock.move(SHORTEST_NS)
    assert found[0].is_over
    assert timed.clock.next_ns == 2 * SHORTEST_NS  # of a clock that cannot forget
    timed.clock.move(SHORTEST_NS)
    assert timed.clock.next_ns > 2 * SHORTEST_NS


def test_timer_of_an_event_loop_is_taken_from_it() -> None:
    class Handle:
        is_cancelled = False

        def cancel(self) -> None:
            self.is_cancelled = True

    handle = Handle()
    Timer(lambda delay_ns, due: handle, lambda: 0, lambda: None, 5).cancel()
    assert handle.is_cancelled


def test_repetition_that_would_keep_the_loop_busy_is_refused() -> None:
    with pytest.raises(ConfigError, match="every 999999 ns: a timer repeats every millisecond"):
        Timed().timer(SHORTEST_NS, SHORTEST_NS - 1)
