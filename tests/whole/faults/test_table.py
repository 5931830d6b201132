"""The table of faults in the pages is the driver's list."""

from engine.app.chaos.plan import FAULTS
from tests.support.pages import page, rows, section


def test_every_fault_stands_in_the_table_with_its_outcome() -> None:
    shown = [tuple(row) for row in rows(section(page("faults.md"), "## Chaos"), "fault")]
    assert shown == [(fault.name, fault.then) for fault in FAULTS.values()]
