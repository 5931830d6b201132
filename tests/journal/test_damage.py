"""Whatever ends the writer or hurts its files: what was appended is read, and damage is named."""

import random
import struct
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import pytest

from engine.errors import JournalError
from engine.journal.reader import read, read_all, read_header
from engine.journal.segments import MAGIC, PREFIX, RecordKind, journal_paths
from tests.support.journals import SMALL, journal_in, written
from tests.support.places import ROOT

# Whatever ends the writer


@pytest.mark.parametrize("segment_bytes", [4096, 2**20])
def test_kill_leaves_every_record_that_was_appended(tmp_path: Path, segment_bytes: int) -> None:
    directory = tmp_path / "journal"
    with child_of(directory, segment_bytes) as child:
        assert child.stdout is not None
        said = [int(child.stdout.readline()) for _ in range(400)]
        child.kill()
        said += [int(line) for line in child.stdout.read().split("\n")[:-1]]
    frame = (RecordKind.LINK, RecordKind.END)
    records = [record for record in read_all(journal_paths(directory)) if record.kind not in frame]
    expected = [(kind, number) for number in range(1, len(records)) for kind in (RecordKind.NEW, RecordKind.REPORT)]
    assert [(record.kind, record.time_ns) for record in records] == expected[: len(records)]
    assert len(records) >= 2 * max(said)


def child_of(directory: Path, segment_bytes: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.journal_child", str(directory), str(segment_bytes)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
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
    (note, _) = written(journal.path)
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
        (b"FIXLANEJ" + bytes(64), "offset 16: header damaged"),  # nothing has the checksum 0
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
    monkeypatch.setattr("engine.journal.reader.VERSION", 2)
    expected = "of version 5, and this engine reads versions 1 to 2: use the engine that wrote it, or a later one"
    with pytest.raises(JournalError, match=expected):
        list(read(segment[0]))


def test_later_version_is_named_whatever_its_head_has(tmp_path: Path) -> None:
    body = b'{"version":99,"whatever":[1]}   '
    path = tmp_path / "000001-0001.journal"
    path.write_bytes(PREFIX.pack(MAGIC, len(body), crc32(body)) + body + bytes(100))
    with pytest.raises(JournalError, match="of version 99, and this engine reads versions 1 to 5"):
        list(read(path))


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
