"""A journal whose process ends, or whose disk fails, at any step: nothing is lost, nothing is left behind."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.fix import BUY
from engine.journal.directory import NEWEST, OwnedDirectory
from engine.journal.recovery import recover
from engine.journal.segments import RecordKind, Segment, journal_paths
from engine.journal.snapshot import Snapshots
from engine.journal.writer import Journal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from tests.support.journals import SMALL, journal_in, notes
from tests.support.order_reports import INSTRUMENTS, RAIN, ack, fill, open_order


def files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file() and path.name != "lock"}


def no_room(*arguments: object, **named: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


# A start that fails


@pytest.mark.parametrize("room_for", [0, 1])
def test_o16_start_on_a_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room_for: int
) -> None:
    journal_in(tmp_path).close()
    before = files(tmp_path)
    left = [room_for]

    def allocate(file: int, offset: int, size: int) -> None:
        os.truncate(file, size // 2)  # as ext4 leaves it
        if not left[0]:
            no_room()
        left[0] -= 1
        os.truncate(file, size)

    monkeypatch.setattr(os, "posix_fallocate", allocate)
    with pytest.raises(JournalError, match="free disk space"):
        journal_in(tmp_path)
    assert files(tmp_path) == before
    monkeypatch.undo()
    journal_in(tmp_path).close()


@pytest.mark.parametrize("error", [errno.EMFILE, errno.EACCES, errno.EROFS])
def test_start_without_descriptors_or_rights_is_a_journal_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    really = os.open

    def refuse(path: object, *arguments: int) -> int:
        if str(path).endswith(".new"):
            raise OSError(error, os.strerror(error))
        return really(path, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(JournalError, match=r"000001-0001.new: cannot be made: "):
        journal_in(tmp_path)
    monkeypatch.undo()
    journal_in(tmp_path).close()  # the lock is free


def test_o16_abandoned_start_that_needed_several_segments_leaves_nothing(tmp_path: Path) -> None:
    journal_in(tmp_path).close()
    before = files(tmp_path)
    journal = journal_in(tmp_path, segment_bytes=SMALL)
    for _ in range(50):
        journal.append_state(RecordKind.HOLDING, (0,) * 10, "")
        journal.prepare()
    journal.append_day(1, 2, 3)
    assert journal.segment > 2
    journal.abandon()
    assert files(tmp_path) == before


@pytest.mark.parametrize("step", range(3))
def test_o16_kill_between_the_steps_of_abandoning_leaves_a_sound_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    journal = journal_in(tmp_path)
    journal.append_note("kept", 1)
    journal.close()
    journal = journal_in(tmp_path)
    steps = [0]

    def dying(really: Callable[..., object]) -> Callable[..., object]:
        def take(*arguments: object, **named: object) -> object:
            if steps[0] == step:
                raise KeyboardInterrupt  # as good as dead
            steps[0] += 1
            return really(*arguments, **named)

        return take

    monkeypatch.setattr(OwnedDirectory, "take_back", dying(OwnedDirectory.take_back))
    monkeypatch.setattr(Path, "unlink", dying(Path.unlink))
    with pytest.raises(KeyboardInterrupt):
        journal.abandon()
    monkeypatch.undo()
    again = tmp_path / "copy"
    again.mkdir()
    for name, data in files(tmp_path).items():
        (again / name).write_bytes(data)
    journal_in(again).close()
    assert notes(journal_paths(again)) == ["kept"]
    journal.abandon()


# While it runs


def test_directory_that_is_gone_is_a_journal_error(tmp_path: Path) -> None:
    directory = tmp_path / "journal"
    journal = journal_in(directory, segment_bytes=SMALL)
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()
    with pytest.raises(JournalError, match=r"cannot be made: No such file"):
        for _ in range(20):
            journal.append_note("x" * 300, 1)
    journal.close()


def test_disk_that_fails_at_sync_keeps_failing_as_a_journal_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = journal_in(tmp_path, segment_bytes=SMALL, sync=True)
    journal.append_note("kept", 1)
    really, fails = Segment._flush, [True]

    def flush(self: Segment, start: int, size: int) -> None:
        if fails[0]:
            raise OSError(errno.EIO, "Input/output error")
        really(self, start, size)

    monkeypatch.setattr(Segment, "_flush", flush)
    for _ in range(30):
        with pytest.raises(JournalError, match="cannot be put on the disk: Input/output error"):
            journal.append_note("x" * 300, 1)
    fails[0] = False
    journal.append_note("last", 2)
    journal.close()
    found = notes(journal_paths(tmp_path))
    assert (found[0], found[-1]) == ("kept", "last")


def test_snapshot_that_fails_is_not_tried_again_at_every_tick(tmp_path: Path) -> None:
    orders, portfolio = Orders("A"), Portfolio(INSTRUMENTS)
    journal = journal_in(tmp_path, segment_bytes=SMALL)
    snapshots = Snapshots(journal, orders, portfolio)
    order = open_order(orders, 1_000)
    orders.apply(fill(order, 1, "E" * 4_000, order.price))  # no segment holds it
    while journal.segment < 10:
        journal.append_note("x" * 300, 1)
    failed = 0
    for _ in range(20):
        try:
            snapshots.tick()
        except JournalError:
            failed += 1
    assert failed == 1
    assert journal.segment < 14
    journal.close()


def test_end_that_cannot_cut_or_delete_frees_the_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = journal_in(tmp_path, segment_bytes=SMALL)
    journal.append_note("kept", 1)
    monkeypatch.setattr(os, "truncate", no_room)
    monkeypatch.setattr(Path, "unlink", no_room)
    journal.close()
    monkeypatch.undo()
    again = journal_in(tmp_path)
    again.close()
    assert notes(journal_paths(tmp_path)) == ["kept"]


def test_text_that_is_not_unicode_is_noted(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.append_note("halt \udc80", 1)
    journal.close()
    assert notes(journal_paths(tmp_path)) == ["halt \\udc80"]


# Killed at a start, between any two things that it writes


def test_o12_kill_at_any_write_of_a_start_loses_nothing(tmp_path: Path) -> None:
    first, orders, portfolio = tmp_path / "first", Orders("A"), Portfolio(INSTRUMENTS)
    journal = Journal(first, "A", INSTRUMENTS, 1, segment_bytes=SMALL)
    for number in range(3):
        order = open_order(orders, 5, 4_200, BUY)
        journal.append_new(order, number)
        for made in (ack(order), fill(order, 2 + number, f"E{number}", 4_200)):
            portfolio.book(orders.apply(made))
            journal.append_report(made, number)
    journal.close()
    states = [files(first)]
    began = Orders("B"), Portfolio(INSTRUMENTS)
    recovered = recover(journal_paths(first), INSTRUMENTS, *began)
    journal = Journal(first, "B", INSTRUMENTS, 1, segment_bytes=SMALL, open_count=recovered.open_count)
    states.append(files(first))

    class Watched:
        segment = 1

        def append_state(self, *arguments: object) -> None:
            journal.append_state(*arguments)  # type: ignore[arg-type]
            states.append(files(first))

        def archive(self) -> None:
            pass

    Snapshots(Watched(), *began).take()  # type: ignore[arg-type]
    assert len(states) > 5
    journal.close()
    for number, state in enumerate(states):
        again = tmp_path / str(number)
        again.mkdir()
        for name, data in state.items():
            (again / name).write_bytes(data)
        found = Orders("C"), Portfolio(INSTRUMENTS)
        recover(journal_paths(again), INSTRUMENTS, *found)
        assert found[1][RAIN].net == 9, number
        assert [order.cum_qty for order in found[0].live()] == [2, 3, 4]
        Journal(again, "C", INSTRUMENTS, 1).close()


def test_o12_kill_before_the_first_segment_is_named_as_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OwnedDirectory, "note", no_room)
    with pytest.raises(OSError, match="No space"):
        journal_in(tmp_path)
    state = files(tmp_path)
    monkeypatch.undo()
    again = tmp_path / "again"
    again.mkdir()
    for name, data in state.items():
        (again / name).write_bytes(data)
    journal_in(again).close()


# What the file that names the newest segment says


@pytest.mark.parametrize("content", [b"", b"\0\0\0", b"0000", b"\xff\xfe", b"000001-0001.journal J extra", b"\n"])
def test_o12_damaged_name_of_the_newest_segment_is_told(tmp_path: Path, content: bytes) -> None:
    journal_in(tmp_path).close()
    (tmp_path / NEWEST).write_bytes(content)
    with pytest.raises(JournalError, match="newest: damaged"):
        journal_in(tmp_path)


def test_o12_missing_name_of_the_newest_segment_is_told(tmp_path: Path) -> None:
    journal_in(tmp_path).close()
    (tmp_path / NEWEST).unlink()
    with pytest.raises(JournalError, match=r"newest: missing: .*write 000001-0001.journal into it"):
        journal_in(tmp_path)
    (tmp_path / NEWEST).write_text("000001-0001.journal\n")
    journal_in(tmp_path).close()


def test_o12_segments_in_a_directory_where_nothing_was_begun_are_told(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.append_note("not ours", 1)
    journal.close()
    (tmp_path / NEWEST).write_text("-\n")
    with pytest.raises(JournalError, match="newest: says that nothing was begun, and 000001-0001.journal holds 3"):
        journal_in(tmp_path)
