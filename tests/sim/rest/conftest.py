"""A simulated Kalshi for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sim.kalshi_rest import KalshiSite


@pytest.fixture
def site(tmp_path: Path) -> Iterator[KalshiSite]:
    with KalshiSite(tmp_path, stepped=True) as made:
        yield made
