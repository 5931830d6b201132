"""A full disk under a whole engine: it halts while the journal still has room, cancels, and says so once."""

from typing import Any

import pytest

from engine import fix
from engine.errors import JournalError, SessionError
from engine.trading.controls.desk_state import DeskState
from tests.support.engine.in_process import Rig, Start


class FullDisk:
    """A journal that is as it was, but cannot make its next segment."""

    def __init__(self, journal: Any) -> None:
        self._journal = journal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def prepare(self) -> None:
        raise JournalError("/journal: No space left on device")


def test_journal_that_cannot_grow_halts_once_and_orders_are_cancelled(
    rig: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    r: Rig = rig()
    order = r.rest(fix.BUY, 4_000, 500)

    monkeypatch.setattr(r.engine, "_journal", FullDisk(r.engine._journal))
    r.until(lambda: r.supervisor.state is DeskState.HALTED, "a halt")
    r.until_status(order, fix.Status.CANCELED)
    r.turn(0.3)
    assert r.supervisor.reason == "journal: /journal: No space left on device"
    assert [line for line in r.reports.lines if "No space" in line] == [f"HALT: {r.supervisor.reason}"]

    r.ask("resume")
    r.until(lambda: r.supervisor.state is DeskState.HALTED, "a halt again, for the disk is full still")
    monkeypatch.undo()
    r.ask("resume")
    r.until_trading()
    r.assert_agrees()


class LostDirectory(FullDisk):
    """A journal whose directory was removed: the segment in use is mapped, the next one has no place."""

    def prepare(self) -> None:
        raise FileNotFoundError(2, "No such file or directory", "/journal")


def test_journal_whose_directory_is_gone_halts_with_its_reason_and_cancels(
    rig: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    r: Rig = rig()
    order = r.rest(fix.BUY, 4_000, 500)
    monkeypatch.setattr(r.engine, "_journal", LostDirectory(r.engine._journal))
    r.until(lambda: r.supervisor.state is DeskState.HALTED, "a halt")
    r.until_status(order, fix.Status.CANCELED)
    r.until(lambda: "HALT confirmed: no order is alive" in r.reports.lines, "the word that nothing is alive")
    assert r.supervisor.reason == "journal: [Errno 2] No such file or directory: '/journal'"
    monkeypatch.undo()
    r.ask("resume")
    r.until_trading()
    r.assert_agrees()


def test_o2_duty_that_fails_halts_and_the_next_tick_comes(rig: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    r: Rig = rig()
    order = r.rest(fix.BUY, 4_000, 500)

    def broken() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(r.engine._day, "tick", lambda wall_ns: broken())
    r.until(lambda: r.supervisor.state is DeskState.HALTED, "a halt")
    assert r.supervisor.reason == "trading day: [Errno 24] Too many open files"
    r.until_status(order, fix.Status.CANCELED)
    monkeypatch.undo()
    r.ask("resume")
    r.until_trading()
    r.assert_agrees()


def test_o1_store_that_cannot_grow_halts_early_and_the_room_left_serves_the_cancels(
    rig: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    r: Rig = rig()
    order = r.rest(fix.BUY, 4_000, 500)
    session = r.engine.session

    def full() -> None:
        raise SessionError("the store cannot grow: No space left on device")

    monkeypatch.setattr(session, "prepare", full)
    r.until(lambda: r.supervisor.state is DeskState.HALTED, "a halt")
    assert r.supervisor.reason == "session store: the store cannot grow: No space left on device"
    r.until_status(order, fix.Status.CANCELED)
    assert session.is_logged_on
    monkeypatch.undo()
    r.ask("resume")
    r.until_trading()
    r.assert_agrees()
