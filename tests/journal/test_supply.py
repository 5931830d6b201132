"""The thread that has the next segment ready, and the three ways to put a journal on the disk."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.journal import segments, supply
from engine.journal.reader import read_all
from engine.journal.segments import RecordKind, journal_paths
from engine.journal.supply import HelpedSupply
from tests.support.journals import SMALL, journal_in, notes


def until(holds: Callable[[], object]) -> None:
    """Wait for what a thread does."""
    ends_s = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends_s
        time.sleep(0.002)


def test_segments_of_a_thread_hold_what_was_written_in_its_order(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=SMALL, is_helped=True)
    for number in range(400):
        journal.append_note(f"{number} {'x' * (number % 300)}", number)
    assert journal.segment > 20
    journal.close()
    assert [text.split()[0] for text in notes(journal_paths(tmp_path))] == [str(number) for number in range(400)]
    assert list(tmp_path.glob("*.new")) == []


def test_full_segments_are_cut_to_what_they_hold(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=2**16, is_helped=True)
    journal.append_note("x", 1)
    journal.roll()
    first = tmp_path / "000001-0001.journal"
    until(lambda: first.stat().st_size < 1000)
    journal.close()
    assert notes(journal_paths(tmp_path)) == ["x"]


def test_segment_that_the_thread_cannot_make_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = journal_in(tmp_path, segment_bytes=SMALL, is_helped=True)

    def no_room(path: Path, size: int) -> None:
        raise JournalError(f"{path}: cannot be made: No space left on device: free disk space")

    until(lambda: len(journal_paths(tmp_path)) == 2)
    monkeypatch.setattr(segments, "_allocate", no_room)
    with pytest.raises(JournalError, match="No space left"):
        for number in range(100):
            journal.append_note("x" * 100, number)
    for _ in range(2):
        until_raises(journal.prepare)
    monkeypatch.undo()
    until(lambda: is_quiet(journal.prepare))
    journal.append_note("again", 101)
    journal.close()
    assert notes(journal_paths(tmp_path))[-1] == "again"


def until_raises(do: Callable[[], object]) -> None:
    until(lambda: not is_quiet(do))


def is_quiet(do: Callable[[], object]) -> bool:
    try:
        do()
    except JournalError:
        return False
    return True


def test_journal_that_is_put_on_the_disk_at_intervals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    journal = journal_in(tmp_path, segment_bytes=SMALL, sync="interval")
    journal.append_note("first", 1)
    until(lambda: "000001-0001.journal" in synced)
    journal.append_note("x" * 1_000, 2)
    journal.append_note("x" * 1_000, 3)
    until(lambda: "000001-0002.journal" in synced)
    assert tmp_path.name in synced  # the names of the files too
    journal.close()


def test_disk_that_fails_at_an_interval_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = journal_in(tmp_path, segment_bytes=SMALL, sync="interval")

    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    for _ in range(2):
        until_raises(journal.prepare)
    monkeypatch.undo()
    until(lambda: is_quiet(journal.prepare))
    journal.close()


def test_run_of_a_thread_that_is_abandoned_leaves_nothing(tmp_path: Path) -> None:
    journal_in(tmp_path).close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != "lock"}
    journal = journal_in(tmp_path, is_helped=True)
    journal.append_day(1, 2, 3)
    journal.abandon()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != "lock"} == before


def test_segment_that_is_not_made_in_time_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = journal_in(tmp_path, segment_bytes=SMALL, is_helped=True)
    until(lambda: len(journal_paths(tmp_path)) == 2)
    monkeypatch.setattr(supply, "PATIENCE_S", 0.01)
    monkeypatch.setattr(HelpedSupply, "_make", lambda self, header: None)
    with pytest.raises(JournalError, match="no next segment after 0.01 s: look at the disk"):
        for number in range(100):
            journal.append_note("x" * 100, number)
    journal.close()
    kinds = [record.kind for record in read_all(journal_paths(tmp_path))]
    assert kinds[-1] == RecordKind.END
