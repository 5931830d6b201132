"""What it costs an engine without stamps that stamps can be put on it: what `held` takes longer than `called`, a step.

A step of the loop is held as an attribute, which a stamp may replace; without stage support it would be called as a
method of the part that has it.
"""

from bench.micro.conftest import Time

STEPS = 200


class Part:
    """Has a step that does nothing."""

    def step(self, frame: bytes) -> None: ...


class Loop:
    """Reaches the step in both ways."""

    def __init__(self) -> None:
        self._part = Part()
        self._step = self._part.step

    def held(self) -> None:
        for _ in range(STEPS):
            self._step(b"")

    def called(self) -> None:
        for _ in range(STEPS):
            self._part.step(b"")


def test_held(time_calls: Time) -> None:
    time_calls("stages.step_held", Loop().held, STEPS)


def test_called(time_calls: Time) -> None:
    time_calls("stages.step_called", Loop().called, STEPS)
