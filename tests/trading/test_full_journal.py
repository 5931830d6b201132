"""A report that the journal cannot take any more: it happened, so it counts, and trading halts."""

import pytest

from engine import fix
from engine.errors import JournalError
from engine.journal.writer import NullJournal
from tests.support.desks import Scene
from tests.support.order_reports import ack, fill


class Full(NullJournal):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def append_report(self, report: object, now_ns: int) -> None:
        raise self.error


@pytest.mark.parametrize("error", [JournalError("no room"), OSError(28, "No space left on device")])
def test_o28_fill_that_the_journal_cannot_take_is_booked_and_halts(error: Exception) -> None:
    scene = Scene(journal=Full(error))
    order = scene.buy(4_500, 10)
    scene.loop.on_report(ack(order))
    scene.loop.on_report(fill(order, 10, "E1", 4_500))
    assert scene.portfolio[scene.rain].net == 10
    assert order.ord_status == fix.Status.FILLED
    assert scene.halts == [f"journal: {error}"] * 2
