"""Fixtures that several test files use."""

from tests.configs import written
from tests.engine_in_process import faulty_venue, rig
from tests.sim_process import acceptor, shared_venues, simulator, venue

__all__ = ["acceptor", "faulty_venue", "rig", "shared_venues", "simulator", "venue", "written"]
