"""The journal's files: what is written is read."""

import os
import random
import shutil
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.journal.reader import read_all, read_header
from engine.journal.reports import report_of
from engine.journal.segments import RecordKind, Segment, journal_paths
from engine.journal.view.dump import dump
from engine.journal.writer import Journal, NullJournal
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport
from tests.support.journals import SMALL, journal_in, notes, written
from tests.support.order_reports import RAIN, SNOW, ack, open_order, report

# `oddity` is for people, and told before the report is kept
FIELDS = [name for name in dir(ExecutionReport) if not name.startswith("_") and name not in ("clear", "oddity")]


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


# What is written is read


def test_report_comes_back_with_every_field(journal: Journal) -> None:
    empty = ExecutionReport()
    journal.append_report(full_report(), 7)
    journal.append_report(empty, 8)
    first, second = written(journal.path)
    assert (first.kind, first.time_ns, values(report_of(first))) == (RecordKind.REPORT, 7, values(full_report()))
    assert (second.time_ns, values(report_of(second))) == (8, values(empty))


def test_text_with_separators_comes_back(journal: Journal) -> None:
    made = report("J-1", "8", text="a\x01b\x01", exec_id="17;4")
    journal.append_report(made, 7)
    assert values(report_of(written(journal.path)[0])) == values(made)


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
    assert [(r.kind, r.time_ns, r.numbers, r.text) for r in written(journal.path)] == [
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

    def noted(segment: Segment) -> None:
        waited.append(segment.path.name)
        sync(segment)

    monkeypatch.setattr(Segment, "sync", noted)
    journal = journal_in(tmp_path, segment_bytes=SMALL, sync=True)
    for number in range(40):
        journal.append_note(f"{number:100}", number)
    journal.append_report(full_report(), 40)
    journal.append_new(open_order(Orders("J")), 41)
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
        "run 1 segment 1: version 5, nonce J, 2 instruments",
        "LINK the first segment",
        "NEW 11=J-1 55=KXSNOW-1 54=2 38=0.30 44=0.4210 40=2 59=6 18=6 126=20231114-22:13:20.000000001",
        "REPORT cl_ord_id=J-1 cum_qty=0 exec_type=0 msg_type=8 ord_status=0 order_id=V1 side=0",
        "REPLACE 41=J-1 11=J-2 4220 40",
        "SETTLE 55=KXRAIN-1 at 1.0000, fee 0.000003",
        "NOTE halted",
    ]


def test_journal_whose_directory_is_gone_takes_what_its_segment_holds_and_closes(tmp_path: Path) -> None:
    journal = journal_in(tmp_path / "gone")
    journal.prepare()
    shutil.rmtree(tmp_path / "gone")
    journal.append_note("HALT: the directory is gone", 1)
    journal.close()
    assert not (tmp_path / "gone").exists()


# A start that fails


def test_o16_abandoned_run_leaves_the_directory_as_it_was(tmp_path: Path) -> None:
    journal_in(tmp_path).close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != "lock"}
    for _ in range(4):
        journal = journal_in(tmp_path)
        journal.append_day(1, 2, 3)
        journal.abandon()
        journal.abandon()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != "lock"} == before
    journal = journal_in(tmp_path)
    assert read_header(journal.path).run == 2
    journal.close()


def test_run_of_several_segments_is_not_abandoned(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=SMALL)
    while len(journal_paths(tmp_path)) < 4:
        journal.append_note("x" * 300, 1)
        journal.prepare()
    journal.abandon()
    assert notes(journal_paths(tmp_path))
