"""Fixtures that several test files use."""

from tests.configs import written
from tests.engine_in_process import faulty_venue, rig
from tests.sim_process import shared_venue, simulator, venue

__all__ = ["faulty_venue", "rig", "shared_venue", "simulator", "venue", "written"]
