"""A venue of two empty markets."""

import pytest

from tests.support.sim.venue import Venue


@pytest.fixture
def venue() -> Venue:
    return Venue()
