"""What the journal cannot take any more: a report happened, so it counts; a request does not leave; trading halts."""

import pytest

from engine import fix
from engine.errors import ConfigError, JournalError
from engine.journal.writer import NullJournal
from tests.support.desks import Scene
from tests.support.order_reports import ack, fill


class Full(NullJournal):
    is_full = False  # of requests

    def __init__(self, error: Exception) -> None:
        self.error = error

    def append_new(self, order: object, now_ns: int) -> int:  # type: ignore[override]
        if self.is_full:
            raise self.error
        return 0

    def append_replace(self, order: object, now_ns: int) -> int:  # type: ignore[override]
        if self.is_full:
            raise self.error
        return 0

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


@pytest.mark.parametrize("error", [JournalError("no room"), OSError(28, "No space left on device")])
def test_request_that_the_journal_cannot_take_is_not_sent_and_nothing_of_it_stays(error: Exception) -> None:
    journal = Full(error)
    scene = Scene(journal=journal)
    order = scene.buy(4_500, 10)
    scene.loop.journal = NullJournal()
    scene.loop.on_report(ack(order))
    scene.loop.journal, journal.is_full = journal, True
    scene.taken()
    exposure = scene.risk.exposure
    before = exposure.open_orders, exposure.open_cost
    assert scene.loop.submit(scene.rain, fix.BUY, 4_400, 5, "1", False, "2", 0) is None
    assert not scene.desk.replace(order, 4_400, 20)
    assert scene.halts == [f"journal: {error}"] * 2
    assert [step for step in scene.names() if step == "send"] == []
    assert scene.orders.live() == [order] and (order.pending, order.pending_qty, order.sent_ns) == ("", 0, 0)
    assert (exposure.open_orders, exposure.open_cost) == before
    exposure._check()


def test_request_that_cannot_be_said_is_not_journalled(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()

    def unsayable(order: object, now_ns: int) -> bytes:
        raise ConfigError("no such order here")

    monkeypatch.setattr(scene.loop.gateway, "encode_new", unsayable)
    with pytest.raises(ConfigError):
        scene.loop.submit(scene.rain, fix.BUY, 4_400, 5, "1", False, "2", 0)
    assert scene.orders.live() == [] and "journal.append_new" not in scene.names()
    assert scene.risk.exposure.open_orders == 0
