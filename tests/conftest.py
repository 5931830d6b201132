"""Fixtures that several test files use."""

from tests.support.configs import written
from tests.support.engine.in_process import faulty_venue, rig
from tests.support.sim.process import acceptor, shared_venues, simulator, venue

__all__ = ["acceptor", "faulty_venue", "rig", "shared_venues", "simulator", "venue", "written"]
