"""A damaged journal is cut by a person's word: what is sound stays, the rest is kept, and the venue is asked."""

import os
import random
import shutil
from pathlib import Path

import pytest

from engine.cli import main
from engine.errors import JournalError
from engine.fix import BUY, Status
from engine.journal.directory import NEWEST, OwnedDirectory
from engine.journal.mending.repair import repair
from engine.journal.reader import read
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.journal.view.dump import dump
from engine.journal.view.verify import verify
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from tests.journal.test_every_damage import DAMAGES, brought_back, live
from tests.journal.test_snapshot import Desk, closing
from tests.support.order_reports import INSTRUMENTS, RAIN, ack, open_order

__all__ = ["closing"]


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Three fills and an order that rests, of which the last fill is blanked."""
    directory = tmp_path / "journal"
    desk = Desk(directory, "A")
    order = open_order(desk.orders, 5, 4_100)
    desk.journal.append_new(order, 1)
    desk.orders.apply(made := ack(order, order_id="V-1"))
    desk.journal.append_report(made, 1)
    desk.trade(BUY, 3, 4_200)
    path = desk.journal.path
    *_, last = read(path)
    end = last.offset + last.size
    desk.trade(BUY, 4, 4_200)
    desk.journal.close()
    data = path.read_bytes()
    path.write_bytes(data[:end] + bytes(64) + data[end + 64 :])
    return directory


def test_refused_journal_says_the_command_that_goes_on(damaged: Path) -> None:
    with pytest.raises(JournalError, match="or cut the journal before it: `fixlane journal repair DIR`"):
        brought_back(damaged)


def test_start_after_a_repair_takes_every_order_for_unknown_and_asks(
    damaged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in journal_paths(damaged)}
    assert main(["journal", "repair", str(damaged), "--reason", "power was lost"]) == 0
    said = capsys.readouterr().out
    (kept,) = damaged.glob("damaged-*")
    assert f"2 files are as they were in {kept}" in said
    assert {path.name: path.read_bytes() for path in journal_paths(kept)} == before
    orders, portfolio = Orders("N"), Portfolio(INSTRUMENTS)
    found = recover(journal_paths(damaged), INSTRUMENTS, orders, portfolio)
    assert portfolio[RAIN].net == 3
    assert [(order.order_id, order.ord_status) for order in orders.live()] == [("V-1", Status.UNKNOWN)]
    assert found.unknown == orders.live()
    (doubt,) = found.doubts
    assert "the journal was cut behind 000001-0001.journal offset " in doubt and doubt.endswith(": power was lost")
    assert any(" CUT " in line and "power was lost" in line for line in dump(damaged))
    assert "sound" in list(verify(damaged))[-1]
    again = Desk(damaged, "B")
    again.trade(BUY, 1, 4_200)
    again.journal.close()
    assert Desk(damaged, "C").portfolio[RAIN].net == 4


def test_sound_journal_is_left_as_it_is(damaged: Path) -> None:
    repair(damaged, "power was lost")
    before = {path.name: path.read_bytes() for path in damaged.iterdir() if path.is_file() and path.name != "lock"}
    assert repair(damaged, "again") == f"{damaged}: nothing to repair: a start reads it"
    assert before == {path.name: path.read_bytes() for path in damaged.iterdir() if path.name in before}


def test_repair_says_why_and_of_a_directory(damaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "repair", str(damaged)]) == 2
    assert "say why: --reason TEXT" in capsys.readouterr().err
    assert main(["journal", "repair", str(journal_paths(damaged)[0]), "--reason", "x"]) == 2
    assert "name the journal's directory" in capsys.readouterr().err


def test_journal_of_an_engine_that_runs_is_not_repaired(damaged: Path) -> None:
    owned = OwnedDirectory(damaged)
    with pytest.raises(JournalError, match="held by process"):
        repair(damaged, "power was lost")
    owned.release()


@pytest.mark.parametrize("seed", range(40))
def test_any_damage_that_is_refused_is_repaired_and_nothing_of_it_is_lost(tmp_path: Path, seed: int) -> None:
    source = random.Random(f"repair {seed}")
    for name in ("sound", "other"):
        for run in range(3):
            live(tmp_path / name, f"{name[0].upper()}{run}", source)
    directory = tmp_path / "sound"
    DAMAGES[seed % len(DAMAGES)](directory, source, tmp_path / "other")
    try:
        brought_back(shutil.copytree(directory, tmp_path / "copy"))
        return
    except JournalError:
        pass
    before = {path.read_bytes() for path in journal_paths(directory)}
    repair(directory, "by test")
    after = {path.read_bytes() for folder in (directory, *directory.glob("damaged-*")) for path in folder.glob("0*")}
    assert before <= after
    brought_back(directory)


@pytest.mark.parametrize("step", range(12))
def test_repair_that_is_killed_is_done_again(damaged: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    really, left = os.fsync, [step]

    def fsync(descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt  # as good as dead
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    try:
        repair(damaged, "first", 1)
    except KeyboardInterrupt:
        monkeypatch.undo()
        repair(damaged, "second", 2)
    orders, portfolio = Orders("N"), Portfolio(INSTRUMENTS)
    recover(journal_paths(damaged), INSTRUMENTS, orders, portfolio)
    assert portfolio[RAIN].net == 3


# What is left of a journal that is gone


def spare_alone(directory: Path) -> Path:
    """Leave nothing but the segment that a killed run had made ready."""
    desk = Desk(directory, "A", size=2**13)
    desk.trade(BUY, 1, 4_200)
    desk.journal.prepare()
    (spare,) = [path for path in journal_paths(directory) if path.name == "000001-0002.journal"]
    data = spare.read_bytes()
    desk.journal.close()
    for path in journal_paths(directory):
        path.unlink()
    spare.write_bytes(data)
    return spare


def test_spare_alone_without_the_name_of_the_newest_is_named(tmp_path: Path) -> None:
    spare_alone(tmp_path)
    (tmp_path / NEWEST).unlink()
    with pytest.raises(JournalError, match="newest: missing, and 000001-0002.journal is there, without a record"):
        brought_back(tmp_path)
    repair(tmp_path, "restored from nothing")
    brought_back(tmp_path)


def test_spare_of_a_later_run_where_nothing_was_begun_is_named(tmp_path: Path) -> None:
    for nonce in "AB":
        Desk(tmp_path, nonce, size=2**13).journal.close()
    desk = Desk(tmp_path, "C", size=2**13)
    desk.journal.prepare()
    data = {path.name: path.read_bytes() for path in journal_paths(tmp_path)}["000003-0002.journal"]
    desk.journal.close()
    for path in journal_paths(tmp_path):
        path.unlink()
    (tmp_path / "000003-0002.journal").write_bytes(data)
    (tmp_path / NEWEST).write_text("-\n")
    with pytest.raises(JournalError, match="newest: says that nothing was begun, and 000003-0002.journal is there"):
        brought_back(tmp_path)
