"""Segments and runs are chained: what is missing, swapped, copied or zeroed is named, nothing comes back changed."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from engine.errors import JournalError
from engine.fix import BUY
from engine.journal import segments, writer
from engine.journal.directory import NEWEST
from engine.journal.reader import newest_of, read, read_all
from engine.journal.recovery import recover
from engine.journal.segments import RecordKind, journal_paths
from engine.journal.writer import Journal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from tests.support.journals import SMALL, journal_in, notes
from tests.support.order_reports import INSTRUMENTS, RAIN, ack, fill, open_order


def live(directory: Path, nonce: str, fills: int, segment_bytes: int = 4096, is_killed: bool = True) -> Portfolio:
    """One run that buys one at a time; killed, its files stay as the kernel has them. Return what it held."""
    orders, portfolio = Orders(nonce), Portfolio(INSTRUMENTS)
    recovered = recover(journal_paths(directory), INSTRUMENTS, orders, portfolio)
    journal = Journal(directory, nonce, INSTRUMENTS, 1, segment_bytes=segment_bytes, open_count=recovered.open_count)
    for number in range(fills):
        order = open_order(orders, 1, 4_200, BUY)
        journal.append_new(order, number)
        for made in (ack(order), fill(order, 1, f"E{order.cl_ord_id}", 4_200)):
            portfolio.book(orders.apply(made))
            journal.append_report(made, number)
    saved = [(path, path.read_bytes()) for path in journal_paths(directory)] if is_killed else []
    journal.close()
    for path, data in saved:
        path.write_bytes(data)
    return portfolio


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Five runs, all killed but the second, of one to six segments; the last is `000005`."""
    for number, fills in enumerate((3, 25, 1, 40, 9)):
        live(tmp_path, f"R{number}", fills, is_killed=number != 1)
    return tmp_path


def net(directory: Path) -> int:
    """Return what a start finds held; it opens the journal as well, as a start does."""
    portfolio = Portfolio(INSTRUMENTS)
    recovered = recover(journal_paths(directory), INSTRUMENTS, Orders("N"), portfolio)
    Journal(directory, "N", INSTRUMENTS, 1, segment_bytes=4096, open_count=recovered.open_count).close()
    return portfolio[RAIN].net


def test_sound_journal_comes_back_whole(runs: Path) -> None:
    assert net(runs) == 3 + 25 + 1 + 40 + 9


def test_o12_zeros_from_any_place_to_the_end_of_a_crashed_run_are_named(tmp_path: Path) -> None:
    live(tmp_path, "A", 12, segment_bytes=SMALL * 8)
    path = journal_paths(tmp_path)[0]
    data = path.read_bytes()
    records = list(read(path))
    for at in sorted({record.offset + shift for record in records for shift in (0, 5, 30)}):
        path.write_bytes(data[:at] + bytes(len(data) - at))
        if at >= records[-1].offset:
            dropped: list[str] = []
            assert [r.offset for r in read_all([path], dropped)] == [r.offset for r in records[:-1]]
            assert len(dropped) == 1
            assert f"{path.name} offset {records[-1].offset}: the last record was cut short" in dropped[0]
        else:
            with pytest.raises(JournalError, match=r"gone|records damaged|was begun"):
                list(read_all([path]))


def test_o12_zeros_are_named_where_another_run_followed(runs: Path) -> None:
    path = runs / "000001-0001.journal"
    records = list(read(path))
    data = path.read_bytes()
    path.write_bytes(data[: records[-1].offset] + bytes(len(data) - records[-1].offset))  # the last one alone
    with pytest.raises(JournalError, match=r"000001-0001.journal: it ends at \d+ with 9 records .* 10 and"):
        list(read_all(journal_paths(runs)))


def test_o12_missing_oldest_segments_are_named_while_something_was_open(runs: Path) -> None:
    (runs / "000001-0001.journal").unlink()
    with pytest.raises(JournalError, match=r"000001-0001.journal: missing: 000002-0001.journal follows it"):
        net(runs)


def test_runs_before_one_that_began_with_nothing_open_may_be_moved_away(tmp_path: Path) -> None:
    live(tmp_path, "A", 0)
    live(tmp_path, "B", 4)
    (tmp_path / "000001-0001.journal").unlink()
    assert net(tmp_path) == 4
    (tmp_path / "000002-0001.journal").unlink()
    with pytest.raises(JournalError, match=r"000002-0001.journal: missing"):
        net(tmp_path)


def test_missing_newest_segment_is_named(runs: Path) -> None:
    path = max(p for p in journal_paths(runs) if list(read(p)))
    for each in journal_paths(runs):
        if each >= path:  # and the one behind it that was made ready
            each.unlink()
    with pytest.raises(JournalError, match=rf"{path.name}: begun last, and missing"):
        net(runs)


def test_newest_segment_that_was_blanked_is_named(runs: Path) -> None:
    path = max(p for p in journal_paths(runs) if list(read(p)))
    first = next(read(path)).offset
    data = path.read_bytes()
    path.write_bytes(data[: first - 8] + bytes(len(data) - first + 8))
    with pytest.raises(JournalError, match=rf"{path.name}: it was begun, and its records are gone"):
        net(runs)


def test_journal_that_was_moved_away_whole_begins_anew(runs: Path) -> None:
    for path in [*journal_paths(runs), runs / NEWEST]:
        path.unlink()
    assert net(runs) == 0


def test_name_that_is_not_the_headers_is_named(runs: Path) -> None:
    first, third = runs / "000001-0001.journal", runs / "000003-0001.journal"
    data = first.read_bytes()
    first.write_bytes(third.read_bytes())
    third.write_bytes(data)
    with pytest.raises(JournalError, match=r"00000\d-0001.journal: its header says 00000\d-0001.journal"):
        net(runs)


def test_segment_of_another_journal_is_named(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    live(other, "X", 3)
    shutil.copy(other / "000001-0001.journal", runs)
    with pytest.raises(JournalError, match=r"000001-0001.journal: it ends at"):
        net(runs)


def _zero_tail(data: bytes, at: int, source: random.Random) -> bytes:
    return data[:at] + bytes(len(data) - at)


def _flip(data: bytes, at: int, source: random.Random) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << source.randrange(8)]) + data[at + 1 :]


def _blank(data: bytes, at: int, source: random.Random) -> bytes:
    size = source.choice((8, 64, 512))
    return data[:at] + bytes(min(size, len(data) - at)) + data[at + size :]


def _cut(data: bytes, at: int, source: random.Random) -> bytes:
    return data[:at]


def _move(data: bytes, at: int, source: random.Random) -> bytes:
    """Let one part stand in another's place."""
    return data[:at] + data[at // 2 : at // 2 + 64] + data[at + 64 :]


@pytest.mark.parametrize("damage", [_zero_tail, _flip, _blank, _cut, _move])
@pytest.mark.parametrize("seed", range(12))
def test_o12_no_damage_changes_silently_what_comes_back(
    runs: Path, seed: int, damage: Callable[[bytes, int, random.Random], bytes]
) -> None:
    source = random.Random(seed)
    for _ in range(5):
        path = source.choice(journal_paths(runs))
        data = path.read_bytes()
        written = len(data.rstrip(b"\0"))
        path.write_bytes(damage(data, source.randrange(written), source))
        dropped: list[str] = []
        try:
            recovered = recover(journal_paths(runs), INSTRUMENTS, Orders("N"), portfolio := Portfolio(INSTRUMENTS), 0)
            dropped = recovered.dropped
            if not dropped:
                assert portfolio[RAIN].net == 78
        except JournalError as error:
            assert str(runs) in str(error)
        path.write_bytes(data)


def test_link_of_each_segment_repeats_the_one_before(runs: Path) -> None:
    for path in journal_paths(runs)[1:]:
        if records := list(read(path)):
            assert records[0].kind == RecordKind.LINK


def test_journal_with_segments_beyond_what_a_mark_holds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="at most 2147483648"):
        journal_in(tmp_path, segment_bytes=2**31 + 8)


def test_run_of_more_than_9999_segments_is_read_whole_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = segments.first_header
    with monkeypatch.context() as patched:
        patched.setattr(writer, "first_header", lambda *args: structs.replace(begun(*args), segment=9_997))
        journal = journal_in(tmp_path, segment_bytes=SMALL)
        for number in range(40):
            journal.append_note(f"{number:0100}", number)
        journal.close()
    paths = journal_paths(tmp_path)
    assert [path.name for path in paths[:4]] == [f"000001-{number}.journal" for number in (9998, 9999, 10_000, 10_001)]
    assert [int(text) for text in notes(paths)] == list(range(40))
    assert newest_of(tmp_path)[0].name == paths[-1].name
    journal_in(tmp_path).close()
    assert journal_paths(tmp_path)[-1].name == "000002-0001.journal"
