"""The fixture that every micro-benchmark uses."""

from collections.abc import Callable
from typing import Any

import pytest

Time = Callable[[str, Callable[[], object], int], None]


@pytest.fixture
def time_calls(benchmark: Any) -> Time:
    """Time a function that does `calls` operations; its figures are for one, under `name`."""

    def run(name: str, function: Callable[[], object], calls: int) -> None:
        benchmark.extra_info["run"] = name
        benchmark.extra_info["calls"] = calls
        benchmark(function)

    return run
