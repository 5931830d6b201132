"""The journal's files: what is written is read, whatever ends the writer, and damage is named."""

import os
import random
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.journal.dump import dump
from engine.journal.segments import RecordKind, Segment, journal_paths, read, read_all, read_header
from engine.journal.writer import Journal, NullJournal, report_of
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport
from tests.support.order_reports import INSTRUMENTS, RAIN, SNOW, ack, report
from tests.support.places import ROOT, TESTS

SMALL = 2048


def journal_in(directory: Path, **options: object) -> Journal:
    return Journal(directory, "J", INSTRUMENTS, 99, **options)  # type: ignore[arg-type]


FIELDS = [name for name in dir(ExecutionReport) if not name.startswith("_") and name != "clear"]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = journal_in(tmp_path, segment_bytes=SMALL * 8)
    yield opened
    opened.close()


def full_report() -> ExecutionReport:
    """Every field another value."""
    made = ExecutionReport()
    for number, name in enumerate(FIELDS, 1):
        kind = type(getattr(made, name))
        setattr(made, name, f"text {number} é" if kind is str else number % 2 == 0 if kind is bool else -number)
    return made


def values(made: ExecutionReport) -> list[object]:
    return [getattr(made, name) for name in FIELDS]


def notes(paths: list[Path]) -> list[str]:
    return [record.text for record in read_all(paths) if record.kind == RecordKind.NOTE]


# What is written is read


def test_report_comes_back_with_every_field(journal: Journal) -> None:
    empty = ExecutionReport()
    journal.append_report(full_report(), 7)
    journal.append_report(empty, 8)
    first, second = read(journal.path)
    assert (first.kind, first.time_ns, values(report_of(first))) == (RecordKind.REPORT, 7, values(full_report()))
    assert (second.time_ns, values(report_of(second))) == (8, values(empty))


def test_text_with_separators_comes_back(journal: Journal) -> None:
    made = report("J-1", "8", text="a\x01b\x01", exec_id="17;4")
    journal.append_report(made, 7)
    assert values(report_of(next(read(journal.path)))) == values(made)


def test_requests_come_back_in_order(journal: Journal) -> None:
    orders = Orders("J")
    order = orders.open(SNOW, 2, 4210, 30, "2", "6", True, 10**18, 5)
    journal.append_new(order, 10)
    orders.apply(ack(order))
    orders.request_replace(order, 4220, 40, 6)
    journal.append_replace(order, 11)
    orders.on_disconnect()
    journal.append_disconnect(12)
    orders.request_cancel(order, 7)
    journal.append_cancel(order, 13)
    journal.append_request("J-4", 14)
    journal.append_settle(RAIN, 10_000, 3, 15)
    journal.append_note("halted", 16)
    assert [(r.kind, r.time_ns, r.numbers, r.text) for r in read(journal.path)] == [
        (RecordKind.NEW, 10, (1, 2, 4210, 30, 1, 10**18), "J-1\x012\x016"),
        (RecordKind.REPLACE, 11, (4220, 40), "J-1\x01J-2"),
        (RecordKind.DISCONNECT, 12, (), ""),
        (RecordKind.CANCEL, 13, (), "J-1\x01J-3"),
        (RecordKind.REQUEST, 14, (), "J-4"),
        (RecordKind.SETTLE, 15, (0, 10_000, 3), ""),
        (RecordKind.NOTE, 16, (), "halted"),
    ]


def test_header_names_the_run_and_its_instruments(journal: Journal) -> None:
    header = read_header(journal.path)
    assert (header.run, header.segment, header.nonce, header.created_ns) == (1, 1, "J", 99)
    assert [(each.symbol, each.price_decimals, each.size_decimals) for each in header.instruments] == [
        (RAIN.symbol, 4, 2),
        (SNOW.symbol, 4, 2),
    ]


def test_segments_follow_each_other_without_loss(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=SMALL)
    source, written = random.Random(3), []
    for number in range(300):
        written.append(f"{number} " + "x" * source.randint(0, 200))
        journal.append_note(written[-1], number)
        if source.random() < 0.1:
            journal.prepare()
    journal.close()
    paths = journal_paths(tmp_path)
    assert len(paths) > 15
    assert notes(paths) == written
    assert all(path.stat().st_size <= SMALL for path in paths)


def test_runs_follow_each_other(tmp_path: Path) -> None:
    for text in ("first", "second"):
        journal = journal_in(tmp_path)
        journal.append_note(text, 1)
        journal.close()
    assert [path.name for path in journal_paths(tmp_path)] == ["000001-0001.journal", "000002-0001.journal"]
    assert notes(journal_paths(tmp_path)) == ["first", "second"]


def test_closed_journal_takes_nothing_and_leaves_no_spare(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.append_note("last", 1)
    journal.close()
    journal.close()
    assert [path.name for path in tmp_path.glob("*0*")] == ["000001-0001.journal"]
    assert (tmp_path / "000001-0001.journal").stat().st_size < 1024
    with pytest.raises(JournalError, match="closed"):
        journal.append_note("later", 2)


def test_null_journal_has_every_method_and_keeps_nothing() -> None:
    methods = {name for name in vars(Journal) if not name.startswith("_") and name != "path"}
    assert methods == {name for name in vars(NullJournal) if not name.startswith("_")}
    NullJournal().append_note("nothing", 1)


def test_synced_journal_waits_for_the_disk_at_every_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[str] = []
    sync = Segment.sync
    monkeypatch.setattr(Segment, "sync", lambda segment: (waited.append(segment.path.name), sync(segment)))
    journal = journal_in(tmp_path, segment_bytes=SMALL, sync=True)
    for number in range(40):
        journal.append_note(f"{number:100}", number)
    journal.append_report(full_report(), 40)
    records = list(read_all(journal_paths(tmp_path)))
    assert [r.text for r in records if r.kind == RecordKind.NOTE] == [f"{number:100}" for number in range(40)]
    assert sorted(waited) == [record.path.name for record in records]
    journal.close()


def test_record_larger_than_a_segment_is_refused_by_name(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=SMALL)
    with pytest.raises(JournalError, match="larger than a segment: make segment_bytes larger"):
        journal.append_note("x" * SMALL, 1)
    journal.append_note("still here", 2)
    assert notes(journal_paths(tmp_path)) == ["still here"]
    journal.close()


def test_segment_smaller_than_its_header_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="do not hold its header"):
        journal_in(tmp_path, segment_bytes=128)


def test_full_disk_is_named_before_anything_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = journal_in(tmp_path, segment_bytes=SMALL)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    written = 0
    with pytest.raises(JournalError, match="No space left on device: free disk space"):
        while True:
            journal.append_note(f"{written:100}", written)
            written += 1
    monkeypatch.undo()
    journal.append_note(f"{written:100}", written)
    assert notes(journal_paths(tmp_path)) == [f"{number:100}" for number in range(written + 1)]
    journal.close()


def test_appending_keeps_no_memory(journal: Journal) -> None:
    made = full_report()
    journal.append_report(made, 1)
    tracemalloc.start()
    for number in range(20):
        journal.append_report(made, number)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 500


# Whatever ends the writer


@pytest.mark.parametrize("segment_bytes", [4096, 2**20])
def test_kill_leaves_every_record_that_was_appended(tmp_path: Path, segment_bytes: int) -> None:
    directory = tmp_path / "journal"
    with child_of(directory, segment_bytes) as child:
        assert child.stdout is not None
        said = [int(child.stdout.readline()) for _ in range(400)]
        child.kill()
        said += [int(line) for line in child.stdout.read().split("\n")[:-1]]
    records = [record for record in read_all(journal_paths(directory)) if record.kind != RecordKind.END]
    expected = [(kind, number) for number in range(1, len(records)) for kind in (RecordKind.NEW, RecordKind.REPORT)]
    assert [(record.kind, record.time_ns) for record in records] == expected[: len(records)]
    assert len(records) >= 2 * max(said)


def child_of(directory: Path, segment_bytes: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(TESTS / "support" / "journal_child.py"), str(directory), str(segment_bytes)],
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
    )  # fmt: skip


def test_second_process_may_not_open_the_directory_until_the_first_is_gone(tmp_path: Path) -> None:
    with child_of(tmp_path, 2**16) as child:
        assert child.stdout is not None
        child.stdout.readline()
        with pytest.raises(JournalError, match=f"held by process {child.pid}"):
            journal_in(tmp_path)
        child.kill()
    journal = journal_in(tmp_path)
    assert read_header(journal.path).run == 2
    journal.close()


def test_segment_that_was_never_finished_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "000009-0002.new").write_bytes(b"half")
    journal = journal_in(tmp_path)
    assert list(tmp_path.glob("*.new")) == []
    journal.close()


@pytest.fixture
def segment(tmp_path: Path) -> tuple[Path, list[int]]:
    """A segment as a crash leaves it, with five notes, and where they begin."""
    journal = journal_in(tmp_path, segment_bytes=SMALL)
    for number in range(5):
        journal.append_note(f"note {number} " + "x" * 40, number)
    content = journal.path.read_bytes()
    path = journal.path
    journal.close()
    path.write_bytes(content)
    return path, [record.offset for record in read(path)]


@pytest.mark.parametrize("keep", [0, 1, 3, 4, 8, 20, 24, 40])
def test_record_that_a_crash_cut_short_is_dropped(segment: tuple[Path, list[int]], keep: int) -> None:
    path, offsets = segment
    data = bytearray(path.read_bytes())
    data[offsets[-1] + keep :] = bytes(len(data) - offsets[-1] - keep)
    path.write_bytes(data)
    assert [record.offset for record in read(path)] == offsets[:-1]


def test_record_without_its_length_is_dropped(segment: tuple[Path, list[int]]) -> None:
    path, offsets = segment
    data = bytearray(path.read_bytes())
    data[offsets[-1] : offsets[-1] + 4] = bytes(4)
    path.write_bytes(data)
    assert [record.offset for record in read(path)] == offsets[:-1]


# Damage


@pytest.mark.parametrize("seed", range(30))
def test_flipped_bit_in_the_middle_is_named(segment: tuple[Path, list[int]], seed: int) -> None:
    path, offsets = segment
    source = random.Random(seed)
    first, last = offsets[0], offsets[-1]
    data = bytearray(path.read_bytes())
    at = source.randrange(first, last)
    while at not in range(first, last) or is_padding(data, offsets, at):
        at = source.randrange(first, last)
    data[at] ^= 1 << source.randrange(8)
    path.write_bytes(data)
    damaged = max(offset for offset in offsets if offset <= at)
    with pytest.raises(JournalError, match=rf"{path.name} offset {damaged}: record damaged.*restore"):
        list(read(path))


def is_padding(data: bytearray, offsets: list[int], at: int) -> bool:
    start = max(offset for offset in offsets if offset <= at)
    return at >= start + int(struct.unpack_from("<I", data, start)[0])


def test_last_record_of_a_closed_segment_is_watched_too(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=SMALL)
    journal.append_note("note", 1)
    journal.close()
    data = bytearray(journal.path.read_bytes())
    (note, _) = read(journal.path)
    data[note.offset + 24] ^= 1
    journal.path.write_bytes(data)
    with pytest.raises(JournalError, match=f"offset {note.offset}: record damaged"):
        list(read(journal.path))


def test_records_blanked_in_the_middle_are_named(segment: tuple[Path, list[int]]) -> None:
    path, offsets = segment
    data = bytearray(path.read_bytes())
    data[offsets[1] : offsets[3]] = bytes(offsets[3] - offsets[1])
    path.write_bytes(data)
    with pytest.raises(JournalError, match=f"offset {offsets[1]}: record damaged"):
        list(read(path))


def test_file_cut_short_is_named(segment: tuple[Path, list[int]]) -> None:
    path, offsets = segment
    path.write_bytes(path.read_bytes()[: offsets[3]])
    with pytest.raises(JournalError, match=f"cut to {offsets[3]} of {SMALL} bytes"):
        list(read(path))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "offset 0: not a journal"),
        (b"FIXLANE?" + bytes(80), "offset 0: not a journal"),
        (b"FIXLANEJ" + struct.pack("<II", 8, 1) + b"{}      ", "offset 16: header damaged"),
        (b"FIXLANEJ" + struct.pack("<II", 8, 1), "offset 16: header damaged"),
    ],
)
def test_file_that_is_no_segment_is_named(tmp_path: Path, content: bytes, fault: str) -> None:
    path = tmp_path / "000001-0001.journal"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=fault):
        list(read(path))
    with pytest.raises(JournalError, match=fault):
        read_header(path)


def test_version_of_another_engine_is_named(segment: tuple[Path, list[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.journal.segments.VERSION", 2)
    with pytest.raises(JournalError, match="version 1, this engine reads 2"):
        list(read(segment[0]))


def three_segments(directory: Path) -> list[Path]:
    journal = journal_in(directory, segment_bytes=SMALL)
    while len(journal_paths(directory)) < 4:  # the last one is a spare
        journal.append_note("x" * 300, 1)
        journal.prepare()
    journal.close()
    return journal_paths(directory)


def test_missing_segment_is_named(tmp_path: Path) -> None:
    paths = three_segments(tmp_path)
    del paths[1]
    with pytest.raises(JournalError, match=r"000001-0003.journal: does not follow 000001-0001.journal"):
        list(read_all(paths))


def test_missing_end_of_a_segment_that_others_follow_is_named(tmp_path: Path) -> None:
    paths = three_segments(tmp_path)
    *_, end = read(paths[0])
    paths[0].write_bytes(paths[0].read_bytes()[: end.offset] + bytes(SMALL - end.offset))
    with pytest.raises(JournalError, match=rf"000001-0001.journal offset {end.offset}: its end is missing"):
        list(read_all(paths))


def test_directory_lists_segments_only(tmp_path: Path) -> None:
    (tmp_path / "notes.journal").write_text("mine")
    (tmp_path / "000001-0001.journal.bak").write_text("mine")
    assert journal_paths(tmp_path) == []


# As lines


def test_dump_prints_each_record_as_a_line(journal: Journal) -> None:
    orders = Orders("J")
    order = orders.open(SNOW, 2, 4210, 30, "2", "6", True, 1_700_000_000_000_000_001, 5)
    journal.append_new(order, 1_700_000_000_123_456_789)
    journal.append_report(ack(order, order_id="V1", cum_qty=0), 2)
    orders.apply(ack(order))
    orders.request_replace(order, 4220, 40, 6)
    journal.append_replace(order, 3)
    journal.append_settle(RAIN, 10_000, 3, 4)
    journal.append_note("halted", 5)
    lines = [
        line.split(" ", 1)[1] if number == 0 else line.split(maxsplit=2)[2]
        for number, line in enumerate(dump(journal.path))
    ]
    assert lines == [
        "run 1 segment 1: version 1, nonce J, 2 instruments",
        "NEW 11=J-1 55=KXSNOW-1 54=2 38=0.30 44=0.4210 40=2 59=6 18=6 126=20231114-22:13:20.000000001",
        "REPORT cl_ord_id=J-1 cum_qty=0 exec_type=0 msg_type=8 ord_status=0 order_id=V1 side=0",
        "REPLACE 41=J-1 11=J-2 4220 40",
        "SETTLE 55=KXRAIN-1 at 1.0000, fee 0.000003",
        "NOTE halted",
    ]
