"""Fixtures that several test files use."""

import pytest

from tests.support.configs import written
from tests.support.engine.in_process import faulty_venue, rig
from tests.support.sim.process import acceptor, shared_venues, simulator, venue

__all__ = ["acceptor", "faulty_venue", "rig", "shared_venues", "simulator", "venue", "written"]


@pytest.hookimpl(tryfirst=True)
def pytest_report_to_serializable(report: pytest.CollectReport | pytest.TestReport) -> None:
    """Make captured bytes that are no text fit to be sent from a worker to the process that reports."""
    report.sections = [(title, text.encode("utf-8", "replace").decode()) for title, text in report.sections]
