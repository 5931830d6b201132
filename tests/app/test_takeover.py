"""What a start takes over, and what it leaves where it fails in the middle of that."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.app.takeover import take_over
from engine.errors import JournalError
from engine.journal.directory import OwnedDirectory
from engine.journal.segments import journal_paths
from engine.journal.snapshot import Snapshots
from engine.journal.writer import Journal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.portfolio.day import DayRule
from engine.trading.day import TradingDay
from tests.support.order_reports import INSTRUMENTS


class Told:
    """As much of a configuration, and of risk, as a start on a journal asks for."""

    def __init__(self, directory: Path) -> None:
        self.journal = self
        self.directory = directory
        self.sync = False
        self.digest = "c0ffee"
        self.instruments = INSTRUMENTS
        self.risk = self

    def day(self) -> DayRule:
        return DayRule(0, "UTC")

    def restore(self, orders: object) -> None:
        pass


def start(directory: Path) -> Journal:
    told: Any = Told(directory)
    journal = take_over(told, Orders("A"), Portfolio(INSTRUMENTS), told, 10**18).journal
    assert isinstance(journal, Journal)
    return journal


@pytest.mark.parametrize(("numbers", "count"), [((1, 1), 0), ((7, 1), 1), ((1, 9), 1)])
def test_empty_journal_beside_a_store_with_numbers_is_no_flat_start(
    tmp_path: Path, numbers: tuple[int, int], count: int
) -> None:
    told: Any = Told(tmp_path / "journal")
    taken = take_over(told, Orders("A"), Portfolio(INSTRUMENTS), told, 10**18, numbers=numbers)
    assert len(taken.doubts) == count and all("holds no journal" in each for each in taken.doubts)
    taken.journal.close()
    again = take_over(told, Orders("B"), Portfolio(INSTRUMENTS), told, 10**18, numbers=(9, 9))
    assert again.doubts == []
    again.journal.close()


def no_room(*arguments: object) -> None:
    raise JournalError("no room")


@pytest.mark.parametrize(("owner", "name"), [(Snapshots, "take"), (TradingDay, "begin"), (Told, "restore")])
def test_o16_start_that_fails_behind_its_journal_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    start(tmp_path).close()
    before = journal_paths(tmp_path)
    monkeypatch.setattr(owner, name, no_room)
    with pytest.raises(JournalError, match="no room"):
        start(tmp_path)
    assert journal_paths(tmp_path) == before
    monkeypatch.undo()
    start(tmp_path).close()


def test_o16_start_on_a_damaged_journal_lets_the_directory_go(tmp_path: Path) -> None:
    start(tmp_path).close()
    path = journal_paths(tmp_path)[0]
    data = path.read_bytes()
    path.write_bytes(data[:-9])
    with pytest.raises(JournalError, match="cut to"):
        start(tmp_path)
    path.write_bytes(data)
    start(tmp_path).close()


def test_journal_is_read_once_nobody_else_can_write_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start(tmp_path).close()
    owned: list[bool] = []

    def watched(directory: Path) -> list[Path]:
        with pytest.raises(JournalError, match="held by process"):
            OwnedDirectory(directory)
        owned.append(True)
        return journal_paths(directory)

    monkeypatch.setattr("engine.app.takeover.journal_paths", watched)
    start(tmp_path).close()
    assert owned == [True]


@pytest.mark.parametrize("is_compared", [True, False])
def test_what_is_in_doubt_waits_for_the_venue_or_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_compared: bool
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("engine.journal.segments.boot_id", lambda: "before")
        journal = start(tmp_path)
        files = {path: path.read_bytes() for path in journal_paths(tmp_path)}  # and no segment in the making
        journal.close()
        for path in journal_paths(tmp_path):
            path.write_bytes(files[path])
    told: Any = Told(tmp_path)
    taken = take_over(told, Orders("B"), Portfolio(INSTRUMENTS), told, 10**18)
    said: list[tuple[str, str]] = []
    supervisor: Any = SimpleNamespace(
        note=lambda line: said.append(("note", line)), halt=lambda line: said.append(("halt", line))
    )
    taken.distrust(supervisor, is_compared)
    taken.journal.close()
    ((how, line),) = said
    assert how == ("note" if is_compared else "halt")
    assert "the machine ended before this run did" in line
    assert is_compared or line.endswith("compare orders and positions with the venue, then resume")
