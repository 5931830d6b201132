"""Fixtures that several test files use."""

from tests.configs import written
from tests.sim_process import shared_venue, simulator, venue

__all__ = ["shared_venue", "simulator", "venue", "written"]
