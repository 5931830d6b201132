import time
from collections.abc import Callable

import pytest

from engine.runtime._clock import Clock


@pytest.mark.parametrize("source", [time.monotonic_ns, time.time_ns])
def test_clock_of_the_machine_says_what_python_says(source: Callable[[], int]) -> None:
    clock = Clock(source)
    before, read, after = source(), clock.now_ns(), source()
    assert before <= read <= after


def test_clock_of_a_test_is_called_at_every_reading() -> None:
    times = iter([7, -1, 2**62])
    clock = Clock(lambda: next(times))
    assert [clock.now_ns() for _ in range(3)] == [7, -1, 2**62]


def test_what_a_source_raises_reaches_the_reader() -> None:
    with pytest.raises(ZeroDivisionError):
        Clock(lambda: 1 // 0).now_ns()


def test_source_that_returns_no_integer_is_refused() -> None:
    with pytest.raises(TypeError):
        Clock(lambda: 1.5).now_ns()  # type: ignore[arg-type, return-value]
